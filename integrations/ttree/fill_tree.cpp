// Copyright (c) the muforge developers
// SPDX-License-Identifier: BSD-3-Clause
//
// Fills FairShip's ntuple with muons of a model: what `muforge generate` writes, without Python.
//
//     muforge export BUNDLE --to cpp --out muforge.hpp
//     g++ -std=c++17 -O2 -I. fill_tree.cpp $(root-config --cflags --libs) -o fill_tree
//     ./fill_tree muons.root 1 1000000

#include "muforge.hpp"

#include <TFile.h>
#include <TString.h>
#include <TTree.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <iostream>

namespace {

constexpr std::array<const char *, 17> branches = {"id",  "px", "py", "pz", "x",  "y",        "z",        "opx", "opy",
                                                   "opz", "ox", "oy", "oz", "pythiaid", "parentid", "w",   "ecut"};
enum Branch { id, opx = 7, opy, opz, ox, oy, oz, pythiaid, w = 15, ecut };

} // namespace

int main(int argc, char **argv) {
    if (argc != 4) {
        std::cerr << "usage: fill_tree FILE SEED MUONS\n";
        return 1;
    }
    const std::uint64_t seed = std::strtoull(argv[2], nullptr, 10), muons = std::strtoull(argv[3], nullptr, 10);

    TFile file(argv[1], "RECREATE");
    if (file.IsZombie())
        return 1;
    TTree tree("pythia8-Geant4", Form("muforge, model %s, seed %s, weights for POT = %.17g", muforge::bundle_name,
                                      argv[2], muforge::weights_protons_on_target));
    std::array<float, branches.size()> values{}; // metres and GeV
    for (std::size_t branch = 0; branch < branches.size(); ++branch)
        tree.Branch(branches[branch], &values[branch], Form("%s/F", branches[branch]));
    values[w] = static_cast<float>(muforge::weight(muforge::protons(muons)));
    values[ecut] = static_cast<float>(muforge::ecut);

    muforge::Spill spill(seed);
    for (std::uint64_t made = 0; made < muons; ++made) {
        const muforge::Muon muon = spill.next();
        values[id] = values[pythiaid] = static_cast<float>(muon.pdg);
        values[opx] = muon.px;
        values[opy] = muon.py;
        values[opz] = muon.pz;
        values[ox] = muon.x / 100.0f;
        values[oy] = muon.y / 100.0f;
        values[oz] = muon.z / 100.0f;
        tree.Fill();
    }
    tree.Write();
    return 0;
}
