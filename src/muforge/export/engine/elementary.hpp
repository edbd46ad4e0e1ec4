// Elementary functions in lanes, as `muforge.engine.elementary` has them; polynomials are those of the Cephes
// library.

MUFORGE_INLINE Float exp(Float x) {
    x = select(x > full(88.0f), full(88.0f), x);
    x = select(full(-87.0f) > x, full(-87.0f), x);
    const Float magic = full(12582912.0f); // 1.5 * 2^23: adding it rounds to a whole number
    const Float shifted = fma(x, full(1.44269504088896341f), magic);
    const Float whole = shifted - magic;
    const Float r = fma(whole, full(2.12194440e-4f), fma(whole, full(-0.693359375f), x));
    Float y = full(1.9875691500e-4f);
    y = fma(y, r, full(1.3981999507e-3f));
    y = fma(y, r, full(8.3334519073e-3f));
    y = fma(y, r, full(4.1665795894e-2f));
    y = fma(y, r, full(1.6666665459e-1f));
    y = fma(y, r, full(5.0000001201e-1f));
    y = fma(y, r * r, r) + full(1.0f);
    return float_of_bits(bits_of(y) + (bits_of(shifted) << 23));
}

MUFORGE_INLINE Float log(Float x) {
    const Int bits = bits_of(x) + full_int(0x3F800000u - 0x3F3504F3u);
    const Float exponent = as_float((bits >> 23) + full_int(0u - 127u));
    const Float mantissa = float_of_bits((bits & full_int(0x007FFFFFu)) + full_int(0x3F3504F3u));
    const Float r = mantissa - full(1.0f); // from sqrt(1/2) - 1 to sqrt(2) - 1
    Float y = full(7.0376836292e-2f);
    y = fma(y, r, full(-1.1514610310e-1f));
    y = fma(y, r, full(1.1676998740e-1f));
    y = fma(y, r, full(-1.2420140846e-1f));
    y = fma(y, r, full(1.4249322787e-1f));
    y = fma(y, r, full(-1.6668057665e-1f));
    y = fma(y, r, full(2.0000714765e-1f));
    y = fma(y, r, full(-2.4999993993e-1f));
    y = fma(y, r, full(3.3333331174e-1f));
    const Float square = r * r;
    y = fma(y * r, square, exponent * full(-2.12194440e-4f));
    y = fma(full(-0.5f), square, y);
    return fma(exponent, full(0.693359375f), r + y);
}

// x / (1 + e^-x) and y / (1 + e^-y) with one division.
MUFORGE_INLINE void silu_pair(Float x, Float y, Float &of_x, Float &of_y) {
    const Float one = full(1.0f), most = full(43.0f), zero = full(0.0f);
    const Float negative_x = zero - x, negative_y = zero - y;
    const Float a = one + exp(select(negative_x > most, most, negative_x));
    const Float b = one + exp(select(negative_y > most, most, negative_y));
    const Float inverse = one / (a * b);
    of_x = x * (inverse * b);
    of_y = y * (inverse * a);
}

// log(1 + e^x)
MUFORGE_INLINE Float softplus(Float x) {
    const Float e = exp(x), one = full(1.0f);
    const Float total = one + e;
    return log(total) + (e - (total - one)) / total;
}

// Cosine and sine of 2 pi turn, for 0 <= turn <= 1.
MUFORGE_INLINE void cos_sin_of_turn(Float turn, Float &cosine, Float &sine) {
    const Int quarter = truncated(fma(turn, full(4.0f), full(0.5f)));
    const Float x = fma(as_float(quarter), full(-0.25f), turn) * full(6.283185307179586f);
    const Float square = x * x;
    Float s = full(-1.9515295891e-4f);
    s = fma(s, square, full(8.3321608736e-3f));
    s = fma(s, square, full(-1.6666654611e-1f));
    s = fma(s, square * x, x);
    Float c = full(2.443315711809948e-5f);
    c = fma(c, square, full(-1.388731625493765e-3f));
    c = fma(c, square, full(4.166664568298827e-2f));
    c = fma(c, square * square, fma(square, full(-0.5f), full(1.0f)));
    const Int one = full_int(1), two = full_int(2);
    const Mask odd = as_float(quarter & one) > full(0.0f);
    const Int sign_of_cosine = ((quarter + one) & two) << 30, sign_of_sine = (quarter & two) << 30;
    cosine = float_of_bits(bits_of(select(odd, s, c)) ^ sign_of_cosine);
    sine = float_of_bits(bits_of(select(odd, c, s)) ^ sign_of_sine);
}

// Multiples of 2^-24 in [0, 1) from random words.
MUFORGE_INLINE Float uniform(Int words) { return as_float(words >> 8) * full(0x1p-24f); }

// Two vectors of independent standard normal numbers from two of random words.
MUFORGE_INLINE void normal_pair(Int radius, Int angle, float *x, float *y) {
    const Float share = fma(unsigned_as_float(radius), full(0x1p-32f), full(0x1p-33f));
    const Float length = sqrt(full(-2.0f) * log(share));
    Float cosine, sine;
    cos_sin_of_turn(uniform(angle), cosine, sine);
    store(x, rounded(length * cosine));
    store(y, rounded(length * sine));
}
