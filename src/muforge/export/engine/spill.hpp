namespace muforge {

namespace engine {

using MakeBlock = void (*)(std::uint64_t seed, Block &block);

// The engine for the widest vectors of this processor. All give the same bits.
inline MakeBlock widest() {
#ifdef MUFORGE_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        return avx512::make_block;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return avx2::make_block;
#endif
    return portable::make_block;
}

} // namespace engine

// One muon at its start, before any smearing of the beam.
struct Muon {
    std::uint64_t number; // of its seed, from 0
    std::int32_t pdg;     // PDG code: 13 is mu-, -13 is mu+
    float x, y, z;        // start vertex [cm], z in the frame of the production that the bundle has learnt from
    float px, py, pz;     // momentum [GeV]
};

// The muons of a seed, one after the other. Each depends on the seed and its own number alone, and is the one that
// `muforge generate --seed` makes. Spills share nothing: each thread may have its own.
class Spill {
  public:
    explicit Spill(std::uint64_t seed, std::uint64_t first_muon = 0) : seed_(seed), number_(first_muon) { make(); }

    Muon next() {
        if (number_ - block_.first == engine::block_size)
            make();
        const std::size_t place = static_cast<std::size_t>(number_ - block_.first);
        const float *column = block_.columns.data() + place;
        constexpr std::size_t size = engine::block_size;
        return {number_++,        engine::pdg_codes[block_.categories[place]],
                column[0],        column[size],
                column[2 * size], column[3 * size],
                column[4 * size], column[5 * size]};
    }

    // Go on with the muon of this number.
    void seek(std::uint64_t number) {
        number_ = number;
        if (number_ - block_.first >= engine::block_size)
            make();
    }

    // Number of the next muon.
    std::uint64_t number() const { return number_; }

    std::uint64_t seed() const { return seed_; }

  private:
    void make() {
        block_.first = number_ - number_ % engine::block_size;
        make_block_(seed_, block_);
    }

    std::uint64_t seed_;
    std::uint64_t number_;
    engine::Block block_;
    engine::MakeBlock make_block_ = engine::widest();
};

} // namespace muforge
