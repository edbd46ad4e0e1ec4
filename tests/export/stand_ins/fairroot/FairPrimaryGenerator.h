// Keeps the tracks that it is given.
#pragma once

#include <Rtypes.h>

#include <vector>

enum TMCProcess
{
    kPPrimary
};

struct Track
{
    Int_t pdg, parent, tracked;
    Double_t px, py, pz, x, y, z, energy, time, weight;
};

class FairPrimaryGenerator
{
  public:
    virtual ~FairPrimaryGenerator() = default;
    virtual void AddTrack(Int_t pdgid,
                          Double_t px,
                          Double_t py,
                          Double_t pz,
                          Double_t vx,
                          Double_t vy,
                          Double_t vz,
                          Int_t parent = -1,
                          Bool_t wanttracking = true,
                          Double_t e = -9e9,
                          Double_t tof = 0.,
                          Double_t weight = 0.,
                          TMCProcess = kPPrimary)
    {
        tracks.push_back({pdgid, parent, wanttracking, px, py, pz, vx, vy, vz, e, tof, weight});
    }

    std::vector<Track> tracks;
};
