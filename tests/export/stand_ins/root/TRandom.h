#pragma once

#include "Rtypes.h"

#include <random>

class TRandom
{
  public:
    Double_t Uniform(Double_t low, Double_t high) { return std::uniform_real_distribution<>(low, high)(fEngine); }
    Double_t Gaus(Double_t mean, Double_t sigma) { return std::normal_distribution<>(mean, sigma)(fEngine); }

  private:
    std::mt19937_64 fEngine;
};

inline TRandom* gRandom = new TRandom;
