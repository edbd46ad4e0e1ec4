#pragma once

#include "Rtypes.h"

#include <string>

class TObject
{
  public:
    virtual ~TObject() = default;
};

class TNamed : public TObject
{
  public:
    TNamed() = default;
    TNamed(const char* name, const char* title)
        : fName(name)
        , fTitle(title)
    {}

  private:
    std::string fName, fTitle;
};
