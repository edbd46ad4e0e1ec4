#pragma once

#include "Rtypes.h"

class TParticlePDG
{
  public:
    Double_t Mass() const { return 0.105658; }
};

class TDatabasePDG
{
  public:
    static TDatabasePDG* Instance()
    {
        static TDatabasePDG table;
        return &table;
    }
    TParticlePDG* GetParticle(Int_t code) { return code == 13 || code == -13 ? &fMuon : nullptr; }

  private:
    TParticlePDG fMuon;
};
