// Muons of the header as numbers for Python: see test_cpp.py.

#include "muforge.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

std::uint64_t number(const char *text) { return std::strtoull(text, nullptr, 10); }

// Muon by muon: its number, its PDG code, its columns.
void write(const muforge::Muon &muon) {
    const float columns[] = {muon.x, muon.y, muon.z, muon.px, muon.py, muon.pz};
    std::fwrite(&muon.number, sizeof(muon.number), 1, stdout);
    std::fwrite(&muon.pdg, sizeof(muon.pdg), 1, stdout);
    std::fwrite(columns, sizeof(float), 6, stdout);
}

// SEED FIRST COUNT [FIRST COUNT ...]: these ranges, from one spill.
int ranges(int count, char **arguments) {
    muforge::Spill spill(number(arguments[0]), number(arguments[1]));
    for (int k = 1; k + 1 < count; k += 2) {
        spill.seek(number(arguments[k]));
        for (std::uint64_t left = number(arguments[k + 1]); left > 0; --left)
            write(spill.next());
    }
    return 0;
}

// SEED SEED COUNT: muons of two spills in turns.
int turns(char **arguments) {
    muforge::Spill one(number(arguments[0])), other(number(arguments[1]));
    for (std::uint64_t left = number(arguments[2]); left > 0; --left) {
        write(one.next());
        write(other.next());
    }
    return 0;
}

// SEED FIRST: 0 if the engines that this processor runs make the same block.
int engines(char **arguments) {
    std::vector<muforge::engine::MakeBlock> all{muforge::engine::portable::make_block};
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        all.push_back(muforge::engine::avx2::make_block);
    if (__builtin_cpu_supports("avx512f"))
        all.push_back(muforge::engine::avx512::make_block);
#endif
    muforge::engine::Block expected, found;
    expected.first = found.first = number(arguments[1]);
    all[0](number(arguments[0]), expected);
    int differ = 0;
    for (const auto make_block : all) {
        make_block(number(arguments[0]), found);
        differ += found.categories != expected.categories ||
                  std::memcmp(found.columns.data(), expected.columns.data(), found.columns.size() * sizeof(float));
    }
    std::printf("%zu engines\n", all.size());
    return differ;
}

// MUONS: what is known of the whole spill.
int facts(char **arguments) {
    const double protons = muforge::protons(number(arguments[0]));
    std::printf("%s\n%s\n%a\n%a\n%a\n", muforge::bundle_name, muforge::bundle_identity, muforge::weight(protons),
                protons, muforge::ecut);
    return 0;
}

} // namespace

int main(int argc, char **argv) {
    const std::string what = argv[1];
    if (what == "ranges")
        return ranges(argc - 2, argv + 2);
    if (what == "turns")
        return turns(argv + 2);
    return what == "engines" ? engines(argv + 2) : facts(argv + 2);
}
