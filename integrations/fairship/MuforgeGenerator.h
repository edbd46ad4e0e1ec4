// Copyright (c) the muforge developers
// SPDX-License-Identifier: BSD-3-Clause

#ifndef MUFORGEGENERATOR_H
#define MUFORGEGENERATOR_H

#include "FairGenerator.h"

#include <Rtypes.h>

#include <memory>

class FairPrimaryGenerator;

namespace muforge {
class Spill;
}

/** Background muons from a trained model, one an event, without any file.
 *
 * Takes the place of MuonBackGenerator. Muons are numbered; each depends on the seed and its own number alone. They
 * start in the frame of the production that the model has learnt from. FairPrimaryGenerator::SetTarget adds the
 * target's z in the geometry, as it does for MuonBackGenerator.
 **/
class MuforgeGenerator : public FairGenerator
{
  public:
    MuforgeGenerator();
    ~MuforgeGenerator() override;

    using FairGenerator::Init;

    /** Make the muons first, first + 1, ..., of which there are `muons`.
     *@return kFALSE if `muons` is not positive
     **/
    Bool_t Init(ULong64_t seed, ULong64_t first, Int_t muons);

    /** Hand the next muon to the generator of primaries; kFALSE after the last one. **/
    Bool_t ReadEvent(FairPrimaryGenerator* primGen) override;

    /** Muons of this job. **/
    Int_t GetNevents() const { return fMuons; }

    /** Weight of each muon. **/
    Double_t GetWeight() const;

    /** Protons on target that the muons of all jobs together stand for. Default: those of this job's muons. **/
    void SetProtonsOnTarget(Double_t protons) { fProtons = protons; }

    /** Added to z of the start vertex [cm]. **/
    void SetZOffset(Double_t offset) { fZOffset = offset; }

    /** Standard deviation of the beam spot in x and in y [cm]. **/
    void SetSmearBeam(Double_t sigma) { fSmearBeam = sigma; }

    /** Radius of the circle on which the beam is painted [cm]. **/
    void SetPaintRadius(Double_t radius) { fPaintRadius = radius; }

    /** Turn each muon, vertex and momentum, by a random angle about the beam. **/
    void SetPhiRandomize(Bool_t randomize) { fPhiRandomize = randomize; }

    /** The older name of SetPhiRandomize. **/
    void SetPhiRandom(Bool_t randomize) { SetPhiRandomize(randomize); }

  private:
    std::unique_ptr<muforge::Spill> fSpill; //!
    ULong64_t fEnd = 0;                     // number of the muon after the last one
    Int_t fMuons = 0;
    Double_t fProtons = 0;
    Double_t fZOffset = 0;
    Double_t fSmearBeam = 0;
    Double_t fPaintRadius = 0;
    Bool_t fPhiRandomize = kFALSE;

    ClassDefOverride(MuforgeGenerator, 1);
};

#endif
