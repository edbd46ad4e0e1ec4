// Sixteen float32 numbers in an array, for processors and compilers that have nothing better.

#define MUFORGE_INLINE inline
#define MUFORGE_TARGET

struct Float {
    float v[lane_count];
};
struct Int {
    std::uint32_t v[lane_count];
};
struct Mask {
    bool v[lane_count];
};

// The number that `each` gives for every lane.
template <class Lanes, class Each> Lanes of_each(Each each) {
    Lanes out;
    for (int lane = 0; lane < lane_count; ++lane)
        out.v[lane] = each(lane);
    return out;
}

inline Float operator+(const Float &x, const Float &y) {
    return of_each<Float>([&](int i) { return x.v[i] + y.v[i]; });
}
inline Float operator-(const Float &x, const Float &y) {
    return of_each<Float>([&](int i) { return x.v[i] - y.v[i]; });
}
inline Float operator*(const Float &x, const Float &y) {
    return of_each<Float>([&](int i) { return x.v[i] * y.v[i]; });
}
inline Float operator/(const Float &x, const Float &y) {
    return of_each<Float>([&](int i) { return x.v[i] / y.v[i]; });
}
inline Mask operator>=(const Float &x, const Float &y) {
    return of_each<Mask>([&](int i) { return x.v[i] >= y.v[i]; });
}
inline Mask operator>(const Float &x, const Float &y) {
    return of_each<Mask>([&](int i) { return x.v[i] > y.v[i]; });
}
inline Int operator+(const Int &x, const Int &y) {
    return of_each<Int>([&](int i) { return x.v[i] + y.v[i]; });
}
inline Int operator*(const Int &x, const Int &y) {
    return of_each<Int>([&](int i) { return x.v[i] * y.v[i]; });
}
inline Int operator^(const Int &x, const Int &y) {
    return of_each<Int>([&](int i) { return x.v[i] ^ y.v[i]; });
}
inline Int operator&(const Int &x, const Int &y) {
    return of_each<Int>([&](int i) { return x.v[i] & y.v[i]; });
}
inline Int operator<<(const Int &x, int bits) {
    return of_each<Int>([&](int i) { return x.v[i] << bits; });
}
inline Int operator>>(const Int &x, int bits) {
    return of_each<Int>([&](int i) { return x.v[i] >> bits; });
}

inline Float fma(const Float &x, const Float &y, const Float &z) {
    return of_each<Float>([&](int i) { return std::fma(x.v[i], y.v[i], z.v[i]); });
}
inline Float sqrt(const Float &x) {
    return of_each<Float>([&](int i) { return std::sqrt(x.v[i]); });
}
inline Float select(const Mask &mask, const Float &x, const Float &y) {
    return of_each<Float>([&](int i) { return mask.v[i] ? x.v[i] : y.v[i]; });
}
inline Int truncated(const Float &x) {
    return of_each<Int>([&](int i) { return static_cast<std::uint32_t>(static_cast<std::int32_t>(x.v[i])); });
}
inline Float as_float(const Int &x) {
    return of_each<Float>([&](int i) { return static_cast<float>(static_cast<std::int32_t>(x.v[i])); });
}
inline Float unsigned_as_float(const Int &x) {
    return of_each<Float>([&](int i) { return static_cast<float>(x.v[i]); });
}
inline Int high_product(const Int &x, const Int &y) {
    return of_each<Int>(
        [&](int i) { return static_cast<std::uint32_t>(static_cast<std::uint64_t>(x.v[i]) * y.v[i] >> 32); });
}
inline Int unsigned_at_least(const Int &x, const Int &y) {
    return of_each<Int>([&](int i) { return static_cast<std::uint32_t>(x.v[i] >= y.v[i]); });
}
inline Int bits_of(const Float &x) {
    Int out;
    std::memcpy(out.v, x.v, sizeof(out));
    return out;
}
inline Float float_of_bits(const Int &x) {
    Float out;
    std::memcpy(out.v, x.v, sizeof(out));
    return out;
}
inline Float full(float x) {
    return of_each<Float>([&](int) { return x; });
}
inline Int full_int(std::uint32_t x) {
    return of_each<Int>([&](int) { return x; });
}
inline Float load(const float *from) {
    return of_each<Float>([&](int i) { return from[i]; });
}
inline Int load_int(const std::uint32_t *from) {
    return of_each<Int>([&](int i) { return from[i]; });
}
inline void store(float *to, const Float &x) { std::memcpy(to, x.v, sizeof(x)); }
inline void store_int(std::uint32_t *to, const Int &x) { std::memcpy(to, x.v, sizeof(x)); }
inline Float gather(const float *table, const Int &indices) {
    return of_each<Float>([&](int i) { return table[indices.v[i]]; });
}
inline void scatter(float *column, const std::uint32_t *places, const Float &x) {
    for (int lane = 0; lane < lane_count; ++lane)
        column[places[lane]] = x.v[lane];
}

inline Float rounded(const Float &x) {
    return of_each<Float>([&](int i) {
        volatile float kept = x.v[i];
        return kept;
    });
}

// Four numbers of each of 16 rows, as four columns of 16.
inline void transpose(const float *from, int stride, float *to) {
    for (int lane = 0; lane < lane_count; ++lane)
        for (int column = 0; column < 4; ++column)
            to[column * lane_count + lane] = from[lane * stride + column];
}
