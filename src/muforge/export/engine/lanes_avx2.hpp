// Sixteen float32 numbers in two registers of AVX2 with FMA.

#define MUFORGE_INLINE __attribute__((always_inline, target("avx2,fma"))) inline
#define MUFORGE_TARGET __attribute__((target("avx2,fma")))

typedef float Floats __attribute__((vector_size(32)));
typedef std::int32_t Integers __attribute__((vector_size(32)));
typedef std::uint32_t Words __attribute__((vector_size(32)));

struct Float {
    Floats a, b;
};
struct Int {
    Words a, b;
};
struct Mask {
    __m256 a, b;
};

MUFORGE_INLINE Float operator+(Float x, Float y) { return {x.a + y.a, x.b + y.b}; }
MUFORGE_INLINE Float operator-(Float x, Float y) { return {x.a - y.a, x.b - y.b}; }
MUFORGE_INLINE Float operator*(Float x, Float y) { return {x.a * y.a, x.b * y.b}; }
MUFORGE_INLINE Float operator/(Float x, Float y) { return {x.a / y.a, x.b / y.b}; }
MUFORGE_INLINE Mask operator>=(Float x, Float y) {
    return {_mm256_cmp_ps(x.a, y.a, _CMP_GE_OQ), _mm256_cmp_ps(x.b, y.b, _CMP_GE_OQ)};
}
MUFORGE_INLINE Mask operator>(Float x, Float y) {
    return {_mm256_cmp_ps(x.a, y.a, _CMP_GT_OQ), _mm256_cmp_ps(x.b, y.b, _CMP_GT_OQ)};
}
MUFORGE_INLINE Int operator+(Int x, Int y) { return {x.a + y.a, x.b + y.b}; }
MUFORGE_INLINE Int operator*(Int x, Int y) { return {x.a * y.a, x.b * y.b}; }
MUFORGE_INLINE Int operator^(Int x, Int y) { return {x.a ^ y.a, x.b ^ y.b}; }
MUFORGE_INLINE Int operator&(Int x, Int y) { return {x.a & y.a, x.b & y.b}; }
MUFORGE_INLINE Int operator<<(Int x, int bits) { return {x.a << bits, x.b << bits}; }
MUFORGE_INLINE Int operator>>(Int x, int bits) { return {x.a >> bits, x.b >> bits}; }

MUFORGE_INLINE Float fma(Float x, Float y, Float z) {
    return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
MUFORGE_INLINE Float sqrt(Float x) { return {_mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b)}; }
MUFORGE_INLINE Float select(Mask mask, Float x, Float y) {
    return {_mm256_blendv_ps(y.a, x.a, mask.a), _mm256_blendv_ps(y.b, x.b, mask.b)};
}
MUFORGE_INLINE Int truncated(Float x) {
    return {reinterpret_cast<Words>(_mm256_cvttps_epi32(x.a)), reinterpret_cast<Words>(_mm256_cvttps_epi32(x.b))};
}
MUFORGE_INLINE Float as_float(Int x) {
    return {_mm256_cvtepi32_ps(reinterpret_cast<__m256i>(x.a)), _mm256_cvtepi32_ps(reinterpret_cast<__m256i>(x.b))};
}
MUFORGE_INLINE Int bits_of(Float x) { return {reinterpret_cast<Words>(x.a), reinterpret_cast<Words>(x.b)}; }
MUFORGE_INLINE Float float_of_bits(Int x) { return {reinterpret_cast<Floats>(x.a), reinterpret_cast<Floats>(x.b)}; }
MUFORGE_INLINE Float full(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
MUFORGE_INLINE Int full_int(std::uint32_t x) {
    const Words all = reinterpret_cast<Words>(_mm256_set1_epi32(static_cast<int>(x)));
    return {all, all};
}
MUFORGE_INLINE Float load(const float *from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
MUFORGE_INLINE Int load_int(const std::uint32_t *from) {
    const __m256i *half = reinterpret_cast<const __m256i *>(from);
    return {reinterpret_cast<Words>(_mm256_loadu_si256(half)), reinterpret_cast<Words>(_mm256_loadu_si256(half + 1))};
}
MUFORGE_INLINE void store(float *to, Float x) {
    _mm256_storeu_ps(to, x.a);
    _mm256_storeu_ps(to + 8, x.b);
}
MUFORGE_INLINE void store_int(std::uint32_t *to, Int x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), reinterpret_cast<__m256i>(x.a));
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + 8), reinterpret_cast<__m256i>(x.b));
}

// Both halves are exact: their sum is rounded once.
MUFORGE_INLINE Float unsigned_as_float(Int x) {
    return fma(as_float(x >> 16), full(65536.0f), as_float(x & full_int(0xFFFFu)));
}

MUFORGE_INLINE Words high_product_of(Words x, Words y) {
    const __m256i a = reinterpret_cast<__m256i>(x), b = reinterpret_cast<__m256i>(y);
    const __m256i even = _mm256_srli_epi64(_mm256_mul_epu32(a, b), 32);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));
    return reinterpret_cast<Words>(_mm256_blend_epi32(even, odd, 0xAA));
}

MUFORGE_INLINE Int high_product(Int x, Int y) { return {high_product_of(x.a, y.a), high_product_of(x.b, y.b)}; }

MUFORGE_INLINE Int unsigned_at_least(Int x, Int y) {
    return {reinterpret_cast<Words>(x.a >= y.a) & 1u, reinterpret_cast<Words>(x.b >= y.b) & 1u};
}

MUFORGE_INLINE Float rounded(Float x) {
    __asm__("" : "+x"(x.a), "+x"(x.b));
    return x;
}

MUFORGE_INLINE Float gather(const float *table, Int indices) {
    alignas(32) std::uint32_t at[lane_count];
    store_int(at, indices);
    return {_mm256_setr_ps(table[at[0]], table[at[1]], table[at[2]], table[at[3]], table[at[4]], table[at[5]],
                           table[at[6]], table[at[7]]),
            _mm256_setr_ps(table[at[8]], table[at[9]], table[at[10]], table[at[11]], table[at[12]], table[at[13]],
                           table[at[14]], table[at[15]])};
}

MUFORGE_INLINE void scatter(float *column, const std::uint32_t *places, Float x) {
    alignas(32) float values[lane_count];
    store(values, x);
    for (int lane = 0; lane < lane_count; ++lane)
        column[places[lane]] = values[lane];
}

// Four numbers of the first and the fifth row.
MUFORGE_INLINE __m256 halves(const float *from, int stride) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)), _mm_loadu_ps(from + 4 * stride), 1);
}

// Four numbers of each of 16 rows, as four columns of 16.
MUFORGE_INLINE void transpose(const float *from, int stride, float *to) {
    for (int half = 0; half < 2; ++half, from += 8 * stride, to += 8) {
        const __m256 a = halves(from, stride), b = halves(from + stride, stride);
        const __m256 c = halves(from + 2 * stride, stride), d = halves(from + 3 * stride, stride);
        const __m256 ab = _mm256_unpacklo_ps(a, b), cd = _mm256_unpacklo_ps(c, d);
        const __m256 up_ab = _mm256_unpackhi_ps(a, b), up_cd = _mm256_unpackhi_ps(c, d);
        _mm256_storeu_ps(to, _mm256_shuffle_ps(ab, cd, 0x44));
        _mm256_storeu_ps(to + lane_count, _mm256_shuffle_ps(ab, cd, 0xEE));
        _mm256_storeu_ps(to + 2 * lane_count, _mm256_shuffle_ps(up_ab, up_cd, 0x44));
        _mm256_storeu_ps(to + 3 * lane_count, _mm256_shuffle_ps(up_ab, up_cd, 0xEE));
    }
}
