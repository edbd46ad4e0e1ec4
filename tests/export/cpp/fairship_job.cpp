// A simulation that stops at the generator: see test_fairship.py.
//
// SEED FIRST MUONS PROTONS Z_OFFSET SMEAR PAINT PHI: the tracks of all events.

#include "FairPrimaryGenerator.h"
#include "MuforgeGenerator.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

int main(int, char** argv)
{
    const auto real = [argv](int k) { return std::strtod(argv[k], nullptr); };
    const auto whole = [argv](int k) { return std::strtoull(argv[k], nullptr, 10); };
    auto generator = std::make_unique<MuforgeGenerator>();
    if (!generator->Init(whole(1), whole(2), std::atoi(argv[3])) || !generator->FairGenerator::Init())
        return 3;
    generator->SetProtonsOnTarget(real(4));
    generator->SetZOffset(real(5));
    generator->SetSmearBeam(real(6));
    generator->SetPaintRadius(real(7));
    generator->SetPhiRandom(real(8) != 0);

    FairPrimaryGenerator primaries;
    while (generator->ReadEvent(&primaries))
        ;
    if (static_cast<std::size_t>(generator->GetNevents()) != primaries.tracks.size() || generator->ReadEvent(&primaries))
        return 4;
    std::fwrite(primaries.tracks.data(), sizeof(Track), primaries.tracks.size(), stdout);
    return 0;
}
