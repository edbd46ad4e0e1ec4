// What of ROOT's types the generator needs, where there is no ROOT.
#pragma once

using Bool_t = bool;
using Int_t = int;
using Double_t = double;
using ULong64_t = unsigned long long;
constexpr Bool_t kTRUE = true, kFALSE = false;

#define ClassDefOverride(name, version) static_assert(version > 0, #name)
