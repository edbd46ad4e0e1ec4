// Copyright (c) the muforge developers
// SPDX-License-Identifier: BSD-3-Clause

#include "MuforgeGenerator.h"

#include "FairLogger.h"
#include "FairPrimaryGenerator.h"
#include "muforge.hpp"

#include <TDatabasePDG.h>
#include <TMath.h>
#include <TRandom.h>

MuforgeGenerator::MuforgeGenerator()
    : FairGenerator("MuforgeGenerator", "Muons of a trained model")
{}

MuforgeGenerator::~MuforgeGenerator() = default;

Bool_t MuforgeGenerator::Init(ULong64_t seed, ULong64_t first, Int_t muons)
{
    if (muons <= 0) {
        LOG(error) << "MuforgeGenerator: " << muons << " muons, must be a positive number";
        return kFALSE;
    }
    fSpill = std::make_unique<muforge::Spill>(seed, first);
    fMuons = muons;
    fEnd = first + static_cast<ULong64_t>(muons);
    LOG(info) << "MuforgeGenerator: model " << muforge::bundle_name << " (" << muforge::bundle_identity << "), seed "
              << seed << ", muons " << first << " to " << fEnd - 1;
    return kTRUE;
}

Double_t MuforgeGenerator::GetWeight() const
{
    return muforge::weight(fProtons > 0 ? fProtons : muforge::protons(static_cast<ULong64_t>(fMuons)));
}

Bool_t MuforgeGenerator::ReadEvent(FairPrimaryGenerator* primGen)
{
    if (!fSpill || fSpill->number() == fEnd) {
        LOG(info) << "MuforgeGenerator: no more muons, " << fMuons << " were asked for";
        return kFALSE;
    }
    const muforge::Muon muon = fSpill->next();
    Double_t x = muon.x, y = muon.y, px = muon.px, py = muon.py;
    const Double_t pz = muon.pz;

    if (fPhiRandomize) {
        const Double_t phi = gRandom->Uniform(0., TMath::TwoPi());
        const Double_t cosine = TMath::Cos(phi), sine = TMath::Sin(phi);
        const Double_t oldX = x, oldPx = px;
        x = oldX * cosine - y * sine;
        y = oldX * sine + y * cosine;
        px = oldPx * cosine - py * sine;
        py = oldPx * sine + py * cosine;
    }
    if (fSmearBeam > 0) {
        x += gRandom->Gaus(0., fSmearBeam);
        y += gRandom->Gaus(0., fSmearBeam);
    }
    if (fPaintRadius > 0) {
        const Double_t phi = gRandom->Uniform(0., TMath::TwoPi());
        x += fPaintRadius * TMath::Cos(phi);
        y += fPaintRadius * TMath::Sin(phi);
    }

    const Double_t mass = TDatabasePDG::Instance()->GetParticle(muon.pdg)->Mass();
    const Double_t energy = TMath::Sqrt(px * px + py * py + pz * pz + mass * mass);
    primGen->AddTrack(
        muon.pdg, px, py, pz, x, y, muon.z + fZOffset, -1, kTRUE, energy, 0., GetWeight());
    return kTRUE;
}
