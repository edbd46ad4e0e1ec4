// The base class of generators, as FairRoot declares it.
#pragma once

#include <Rtypes.h>
#include <TNamed.h>

class FairPrimaryGenerator;

class FairGenerator : public TNamed
{
  public:
    FairGenerator() = default;
    FairGenerator(const char* name, const char* title)
        : TNamed(name, title)
    {}
    virtual Bool_t ReadEvent(FairPrimaryGenerator* primGen) = 0;
    virtual Bool_t Init() { return kTRUE; }

    ClassDefOverride(FairGenerator, 1);
};
