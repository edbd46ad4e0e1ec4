#pragma once

#include "Rtypes.h"

#include <cmath>

namespace TMath {
constexpr Double_t TwoPi() { return 6.283185307179586; }
inline Double_t Cos(Double_t x) { return std::cos(x); }
inline Double_t Sin(Double_t x) { return std::sin(x); }
inline Double_t Sqrt(Double_t x) { return std::sqrt(x); }
}   // namespace TMath
