// Sixteen float32 numbers in one register of AVX-512.
//
// Where GCC's intrinsics warn of undefined values, their variants with a mask of all lanes stand in.

#define MUFORGE_INLINE __attribute__((always_inline, target("avx512f"))) inline
#define MUFORGE_TARGET __attribute__((target("avx512f")))

typedef float Floats __attribute__((vector_size(64)));
typedef std::int32_t Integers __attribute__((vector_size(64)));
typedef std::uint32_t Words __attribute__((vector_size(64)));

struct Float {
    Floats v;
};
struct Int {
    Words v;
};
struct Mask {
    __mmask16 v;
};

MUFORGE_INLINE Float operator+(Float x, Float y) { return {x.v + y.v}; }
MUFORGE_INLINE Float operator-(Float x, Float y) { return {x.v - y.v}; }
MUFORGE_INLINE Float operator*(Float x, Float y) { return {x.v * y.v}; }
MUFORGE_INLINE Float operator/(Float x, Float y) { return {x.v / y.v}; }
MUFORGE_INLINE Mask operator>=(Float x, Float y) { return {_mm512_cmp_ps_mask(x.v, y.v, _CMP_GE_OQ)}; }
MUFORGE_INLINE Mask operator>(Float x, Float y) { return {_mm512_cmp_ps_mask(x.v, y.v, _CMP_GT_OQ)}; }
MUFORGE_INLINE Int operator+(Int x, Int y) { return {x.v + y.v}; }
MUFORGE_INLINE Int operator*(Int x, Int y) { return {x.v * y.v}; }
MUFORGE_INLINE Int operator^(Int x, Int y) { return {x.v ^ y.v}; }
MUFORGE_INLINE Int operator&(Int x, Int y) { return {x.v & y.v}; }
MUFORGE_INLINE Int operator<<(Int x, int bits) { return {x.v << bits}; }
MUFORGE_INLINE Int operator>>(Int x, int bits) { return {x.v >> bits}; }

MUFORGE_INLINE Float fma(Float x, Float y, Float z) { return {_mm512_fmadd_ps(x.v, y.v, z.v)}; }
MUFORGE_INLINE Float sqrt(Float x) { return {_mm512_maskz_sqrt_ps(0xFFFF, x.v)}; }
MUFORGE_INLINE Float select(Mask mask, Float x, Float y) { return {_mm512_mask_blend_ps(mask.v, y.v, x.v)}; }
MUFORGE_INLINE Int truncated(Float x) { return {reinterpret_cast<Words>(__builtin_convertvector(x.v, Integers))}; }
MUFORGE_INLINE Float as_float(Int x) { return {__builtin_convertvector(reinterpret_cast<Integers>(x.v), Floats)}; }
MUFORGE_INLINE Float unsigned_as_float(Int x) { return {__builtin_convertvector(x.v, Floats)}; }
MUFORGE_INLINE Int bits_of(Float x) { return {reinterpret_cast<Words>(x.v)}; }
MUFORGE_INLINE Float float_of_bits(Int x) { return {reinterpret_cast<Floats>(x.v)}; }
MUFORGE_INLINE Float full(float x) { return {_mm512_set1_ps(x)}; }
MUFORGE_INLINE Int full_int(std::uint32_t x) {
    return {reinterpret_cast<Words>(_mm512_set1_epi32(static_cast<int>(x)))};
}
MUFORGE_INLINE Float load(const float *from) { return {_mm512_loadu_ps(from)}; }
MUFORGE_INLINE Int load_int(const std::uint32_t *from) { return {reinterpret_cast<Words>(_mm512_loadu_si512(from))}; }
MUFORGE_INLINE void store(float *to, Float x) { _mm512_storeu_ps(to, x.v); }
MUFORGE_INLINE void store_int(std::uint32_t *to, Int x) { _mm512_storeu_si512(to, reinterpret_cast<__m512i>(x.v)); }

// The upper 32 bits of products of unsigned numbers.
MUFORGE_INLINE Int high_product(Int x, Int y) {
    const __m512i a = reinterpret_cast<__m512i>(x.v), b = reinterpret_cast<__m512i>(y.v);
    const __m512i even = _mm512_maskz_mul_epu32(0xFF, a, b);
    const __m512i odd =
        _mm512_maskz_mul_epu32(0xFF, _mm512_maskz_srli_epi64(0xFF, a, 32), _mm512_maskz_srli_epi64(0xFF, b, 32));
    return {reinterpret_cast<Words>(_mm512_mask_blend_epi32(0xAAAA, _mm512_maskz_srli_epi64(0xFF, even, 32), odd))};
}

// 1 where x >= y, as unsigned numbers, else 0.
MUFORGE_INLINE Int unsigned_at_least(Int x, Int y) { return {reinterpret_cast<Words>(x.v >= y.v) & 1u}; }

// The number as it is after rounding: a compiler that contracts products and sums does not see where it comes from.
MUFORGE_INLINE Float rounded(Float x) {
    __asm__("" : "+v"(x.v));
    return x;
}

MUFORGE_INLINE Float gather(const float *table, Int indices) {
    alignas(64) std::uint32_t at[lane_count];
    store_int(at, indices);
    return {_mm512_setr_ps(table[at[0]], table[at[1]], table[at[2]], table[at[3]], table[at[4]], table[at[5]],
                           table[at[6]], table[at[7]], table[at[8]], table[at[9]], table[at[10]], table[at[11]],
                           table[at[12]], table[at[13]], table[at[14]], table[at[15]])};
}

MUFORGE_INLINE void scatter(float *column, const std::uint32_t *places, Float x) {
    alignas(64) float values[lane_count];
    store(values, x);
    for (int lane = 0; lane < lane_count; ++lane)
        column[places[lane]] = values[lane];
}

// Four numbers of the first, the fifth, the ninth and the 13th row.
MUFORGE_INLINE __m512 quarters(const float *from, int stride) {
    __m512 rows = _mm512_castps128_ps512(_mm_loadu_ps(from));
    rows = _mm512_maskz_insertf32x4(0xFFFF, rows, _mm_loadu_ps(from + 4 * stride), 1);
    rows = _mm512_maskz_insertf32x4(0xFFFF, rows, _mm_loadu_ps(from + 8 * stride), 2);
    return _mm512_maskz_insertf32x4(0xFFFF, rows, _mm_loadu_ps(from + 12 * stride), 3);
}

// Four numbers of each of 16 rows, as four columns of 16.
MUFORGE_INLINE void transpose(const float *from, int stride, float *to) {
    const __m512 a = quarters(from, stride), b = quarters(from + stride, stride);
    const __m512 c = quarters(from + 2 * stride, stride), d = quarters(from + 3 * stride, stride);
    const __m512 ab = _mm512_maskz_unpacklo_ps(0xFFFF, a, b), cd = _mm512_maskz_unpacklo_ps(0xFFFF, c, d);
    const __m512 up_ab = _mm512_maskz_unpackhi_ps(0xFFFF, a, b), up_cd = _mm512_maskz_unpackhi_ps(0xFFFF, c, d);
    _mm512_storeu_ps(to, _mm512_maskz_shuffle_ps(0xFFFF, ab, cd, 0x44));
    _mm512_storeu_ps(to + lane_count, _mm512_maskz_shuffle_ps(0xFFFF, ab, cd, 0xEE));
    _mm512_storeu_ps(to + 2 * lane_count, _mm512_maskz_shuffle_ps(0xFFFF, up_ab, up_cd, 0x44));
    _mm512_storeu_ps(to + 3 * lane_count, _mm512_maskz_shuffle_ps(0xFFFF, up_ab, up_cd, 0xEE));
}
