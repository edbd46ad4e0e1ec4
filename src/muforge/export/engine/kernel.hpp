// From the numbers of muons to their columns, as `muforge.engine.kernel` has it: operation by operation.

// Philox4x32-10: four random words for each counter. Salmon et al., https://doi.org/10.1145/2063384.2063405
MUFORGE_INLINE void words(std::uint64_t first, Int number, std::uint32_t call, std::uint64_t seed, Int *out) {
    const Int m0 = full_int(0xD2511F53u), m1 = full_int(0xCD9E8D57u);
    std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
    Int c0 = full_int(static_cast<std::uint32_t>(first)) + number;
    Int c1 = full_int(static_cast<std::uint32_t>(first >> 32)), c2 = full_int(call), c3 = full_int(purpose);
    for (int round = 0; round < 10; ++round) {
        const Int high_0 = high_product(c0, m0), low_0 = c0 * m0;
        const Int high_1 = high_product(c2, m1), low_1 = c2 * m1;
        c0 = high_1 ^ c1 ^ full_int(k0);
        c1 = low_1;
        c2 = high_0 ^ c3 ^ full_int(k1);
        c3 = low_0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

// Where scores are on a table of `cells` straight lines: the cell, and how far in it.
template <int cells> MUFORGE_INLINE Float placed(Float at, Int &cell) {
    const Float last = full(static_cast<float>(cells - 1));
    cell = truncated(select(at > last, last, at));
    return at - as_float(cell);
}

// A table on the uniform grid of scores.
template <int cells> MUFORGE_INLINE Float interpolated(const float *table, Float score) {
    constexpr float slope = static_cast<float>(cells / (2.0 * grid_end)), middle = cells / 2.0f;
    Float at = fma(score, full(slope), full(middle));
    at = select(at >= full(0.0f), at, full(0.0f));
    Int cell;
    Float share = placed<cells>(at, cell);
    share = select(share > full(1.0f), full(1.0f), share);
    const Float left = gather(table, cell);
    return fma(share, gather(table + 1, cell) - left, left);
}

// Add what a coordinate gives to the first layers of all networks that see it, one row for each of 16 muons.
template <class Shape, int number>
MUFORGE_INLINE void add_looked_up(const Program<Shape> &program, const float *scores, float *hidden) {
    constexpr int row = Shape::row, stride = Shape::strides[number], cells = Shape::knots[number] - 1;
    const Float share = interpolated<share_cells>(normal_shares, load(scores));
    Int cell;
    alignas(64) float right_shares[lane_count];
    alignas(64) std::uint32_t cells_of[lane_count];
    store(right_shares, placed<cells>(rounded(share * full(static_cast<float>(cells))), cell));
    store_int(cells_of, cell);
    for (int lane = 0; lane < lane_count; ++lane) {
        const float *left_row = program.tables + Shape::offsets[number] + cells_of[lane] * stride;
        const float *before = number == 0 ? program.bias : hidden + lane * row;
        const Float here = full(scores[lane]), right_share = full(right_shares[lane]);
        for (int column = 0; column < stride; column += lane_count) {
            const Float left = load(left_row + column), right = load(left_row + stride + column);
            const Float linear = fma(here, load(program.linear + number * row + column), load(before + column));
            store(hidden + lane * row + column, linear + fma(right_share, right - left, left));
        }
    }
}

// A layer: weights (inputs, outputs) and a row of biases, of h (inputs, 16). Eight sums at a time stay in registers.
template <int inputs, int outputs> MUFORGE_INLINE void dense(const float *weights, const float *h, float *out) {
    for (int o = 0; o < outputs; o += 8, weights += 8, out += 8 * lane_count) {
        const float *w = weights + inputs * outputs;
        Float y0 = full(w[0]), y1 = full(w[1]), y2 = full(w[2]), y3 = full(w[3]);
        Float y4 = full(w[4]), y5 = full(w[5]), y6 = full(w[6]), y7 = full(w[7]);
        w = weights;
        for (int j = 0; j < inputs; ++j, w += outputs) {
            const Float x = load(h + j * lane_count);
            y0 = fma(full(w[0]), x, y0);
            y1 = fma(full(w[1]), x, y1);
            y2 = fma(full(w[2]), x, y2);
            y3 = fma(full(w[3]), x, y3);
            y4 = fma(full(w[4]), x, y4);
            y5 = fma(full(w[5]), x, y5);
            y6 = fma(full(w[6]), x, y6);
            y7 = fma(full(w[7]), x, y7);
        }
        store(out, y0);
        store(out + lane_count, y1);
        store(out + 2 * lane_count, y2);
        store(out + 3 * lane_count, y3);
        store(out + 4 * lane_count, y4);
        store(out + 5 * lane_count, y5);
        store(out + 6 * lane_count, y6);
        store(out + 7 * lane_count, y7);
    }
}

// x / (1 + e^-x) of rows of 16, two at a time; the last of an odd number with itself.
template <int rows> MUFORGE_INLINE void activate(const float *x, float *out) {
    Float left, right;
    for (int j = 0; j + 1 < rows; j += 2) {
        silu_pair(load(x + j * lane_count), load(x + (j + 1) * lane_count), left, right);
        store(out + j * lane_count, left);
        store(out + (j + 1) * lane_count, right);
    }
    if (rows % 2) {
        const Float last = load(x + (rows - 1) * lane_count);
        silu_pair(last, last, left, right);
        store(out + (rows - 1) * lane_count, left);
    }
}

// Parameters of a coordinate's spline, (3 bins - 1, 16) in `out`; `h` is room for a layer.
template <class Shape, int number>
MUFORGE_INLINE void network(const Program<Shape> &program, const float *hidden, float *h, float *out) {
    constexpr int width = Shape::width, networks = Shape::dimensions - 1;
    constexpr int padded = Shape::padded_width, outputs = Shape::padded_outputs;
    for (int j = 0; j < width; j += 4)
        transpose(hidden + (networks - 1 - number) * width + j, Shape::row, h + j * lane_count);
    activate<width>(h, h);
    for (int layer = 0; layer < Shape::depth - 1; ++layer) {
        dense<width, padded>(program.hidden + (layer * networks + number) * (width + 1) * padded, h, out);
        activate<width>(out, h);
    }
    dense<width, outputs>(program.output + number * (width + 1) * outputs, h, out);
}

// The inverse of a rational-quadratic spline of these parameters, which are overwritten.
template <class Shape> MUFORGE_INLINE Float spline(Float z, float *parameters) {
    constexpr int bins = Shape::bins;
    const Float zero = full(0.0f), one = full(1.0f);
    Float widths = zero, heights = zero;
    for (int k = 0; k < bins; ++k) {
        const Float w = exp(load(parameters + k * lane_count)), h = exp(load(parameters + (bins + k) * lane_count));
        store(parameters + k * lane_count, w);
        store(parameters + (bins + k) * lane_count, h);
        widths = widths + w;
        heights = heights + h;
    }
    const Float smallest = full(Shape::smallest_bin), rest = full(Shape::rest_of_bins);
    const Float per_width = rest / widths, per_height = rest / heights;
    Float left = full(-Shape::bound), bottom = left, x0 = left, y0 = bottom, w = zero, h = zero;
    Float before = zero, d0 = zero, d1 = zero;
    for (int k = 0; k < bins; ++k) {
        const Float wide = fma(load(parameters + k * lane_count), per_width, smallest);
        const Float high = fma(load(parameters + (bins + k) * lane_count), per_height, smallest);
        const Float after = k < bins - 1 ? load(parameters + (2 * bins + k) * lane_count) : zero;
        const Mask here = z >= bottom;
        x0 = select(here, left, x0);
        y0 = select(here, bottom, y0);
        w = select(here, wide, w);
        h = select(here, high, h);
        d0 = select(here, before, d0);
        d1 = select(here, after, d1);
        left = left + wide;
        bottom = bottom + high;
        before = after;
    }
    d0 = softplus(d0 + full(slope_offset)) + full(smallest_share);
    d1 = softplus(d1 + full(slope_offset)) + full(smallest_share);
    const Float slope = h / w, y = z - y0;
    const Float bent = y * fma(full(-2.0f), slope, d0 + d1);
    const Float a = fma(h, slope - d0, bent), b = fma(h, d0, zero - bent), c = slope * y;
    const Float square = fma(full(4.0f) * a, c, b * b);
    const Float root = sqrt(select(square > zero, square, zero));
    const Float x = fma(w, full(2.0f) * c / (b + root), x0);
    const Float inside = select(z > full(-Shape::bound), one, zero) * select(full(Shape::bound) > z, one, zero);
    return select(inside > zero, x, z);
}

// All coordinates from the given one on, through their splines.
template <class Shape, int number>
MUFORGE_INLINE void transform(const Program<Shape> &program, float *scores, float *hidden, float *h,
                              float *parameters) {
    if constexpr (number < Shape::dimensions - 1) {
        float *next = scores + (number + 1) * lane_count;
        add_looked_up<Shape, number>(program, scores + number * lane_count, hidden);
        network<Shape, number>(program, hidden, h, parameters);
        store(next, spline<Shape>(load(next), parameters));
        transform<Shape, number + 1>(program, scores, hidden, h, parameters);
    }
}

// Columns start_x, start_y, start_z [cm], px, py, pz [GeV] from normal scores, written to their places.
template <class Shape>
MUFORGE_INLINE void physical(const Program<Shape> &program, const float *scores, Float turn,
                             const std::uint32_t *places, float *columns) {
    constexpr int size = coordinate_cells + 1;
    const Float one = full(1.0f), zero = full(0.0f), two = full(2.0f);
    const Float depth = interpolated<coordinate_cells>(program.coordinates, load(scores));
    const Float p = interpolated<coordinate_cells>(program.coordinates + size, load(scores + lane_count));
    const Float q = interpolated<coordinate_cells>(program.coordinates + 2 * size, load(scores + 2 * lane_count));
    const Float share = p / sqrt(fma(p, p, q * q));
    const Float pz = p * share, pt = q * share;
    const Mask negative = turn >= full(0.5f);
    Float cosine, sine;
    if constexpr (Shape::dimensions > 3) {
        cos_sin_of_turn(fma(turn, two, select(negative, full(-1.0f), zero)), cosine, sine);
        const Float f = interpolated<coordinate_cells>(program.coordinates + 3 * size, load(scores + 3 * lane_count));
        const Float across =
            interpolated<coordinate_cells>(program.coordinates + 4 * size, load(scores + 4 * lane_count));
        const Float radius = full(program.radius);
        const Float straight = f * depth * q / p;
        const Float r = straight * radius / (straight + radius);
        Float tangent = across / (q + q);
        tangent = select(tangent > full(1e18f), full(1e18f), tangent);
        const Float square = fma(tangent, tangent, one);
        const Float along = fma(zero - tangent, tangent, one) / square;
        Float beside = two * tangent / square;
        beside = select(negative, beside, zero - beside);
        scatter(columns, places, r * fma(cosine, along, zero - sine * beside));
        scatter(columns + block_size, places, r * fma(sine, along, cosine * beside));
    } else {
        cos_sin_of_turn(turn, cosine, sine);
        scatter(columns, places, zero);
        scatter(columns + block_size, places, zero);
    }
    scatter(columns + 2 * block_size, places, depth + full(program.front));
    scatter(columns + 3 * block_size, places, pt * cosine);
    scatter(columns + 4 * block_size, places, pt * sine);
    scatter(columns + 5 * block_size, places, pz);
}

// The muons first + places, a multiple of 16 of them.
template <class Shape>
MUFORGE_TARGET void make_category(const Program<Shape> &program, std::uint64_t seed, std::uint64_t first,
                                  const std::uint32_t *places, int count, float *columns) {
    constexpr int widest = Shape::padded_width > Shape::padded_outputs ? Shape::padded_width : Shape::padded_outputs;
    alignas(64) float hidden[lane_count * Shape::row + 4], h[widest * lane_count], parameters[widest * lane_count];
    alignas(64) float scores[(Shape::dimensions + 5) * lane_count];
    for (int k = 0; k < count; k += lane_count) {
        const Int number = load_int(places + k);
        Int drawn[4];
        words(first, number, 0, seed, drawn);
        const Float turn = uniform(drawn[1]);
        normal_pair(drawn[2], drawn[3], scores, scores + lane_count);
        for (int call = 1; call < (Shape::dimensions + 5) / 4; ++call) {
            words(first, number, static_cast<std::uint32_t>(call), seed, drawn);
            float *z = scores + (4 * call - 2) * lane_count;
            normal_pair(drawn[0], drawn[1], z, z + lane_count);
            normal_pair(drawn[2], drawn[3], z + 2 * lane_count, z + 3 * lane_count);
        }
        transform<Shape, 0>(program, scores, hidden, h, parameters);
        physical(program, scores, turn, places + k, columns);
    }
}

// Which of the categories each of the muons of a block belongs to.
MUFORGE_TARGET inline void choose(std::uint64_t seed, std::uint64_t first, std::uint32_t *categories) {
    alignas(64) std::uint32_t lanes[lane_count];
    for (std::uint32_t lane = 0; lane < lane_count; ++lane)
        lanes[lane] = lane;
    for (std::uint32_t k = 0; k < block_size; k += lane_count) {
        Int drawn[4], category = full_int(0);
        words(first, load_int(lanes) + full_int(k), 0, seed, drawn);
        for (const std::uint32_t threshold : thresholds)
            category = category + unsigned_at_least(drawn[0], full_int(threshold));
        store_int(categories + k, category);
    }
}

// All muons of a block, category by category.
template <std::size_t... places>
MUFORGE_TARGET void make_categories(std::uint64_t seed, Block &block, std::index_sequence<places...>) {
    (make_category(std::get<places>(programs), seed, block.first, block.members[places].data(),
                   static_cast<int>(block.members[places].size()), block.columns.data()),
     ...);
}

inline void make_block(std::uint64_t seed, Block &block) {
    choose(seed, block.first, block.categories.data());
    sort_into_categories(block);
    make_categories(seed, block, std::make_index_sequence<std::tuple_size_v<decltype(programs)>>());
}
