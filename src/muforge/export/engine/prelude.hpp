#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <utility>
#include <vector>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define MUFORGE_X86
#endif

#ifdef __FAST_MATH__
#error "muforge: -ffast-math lets the compiler reorder sums, which makes wrong muons; leave it out for this file"
#endif

namespace muforge::engine {

constexpr int lane_count = 16;             // muons are made so many at a time
constexpr std::uint32_t block_size = 4096; // and kept so many

// What turns random numbers into muons of one category, as `muforge.engine.program.Program` has it.
//
// Shape: its sizes, known to the compiler; categories often share them.
template <class Shape> struct Program {
    const float *bias;
    const float *linear;
    const float *tables;
    const float *hidden;
    const float *output;
    const float *coordinates;
    float front;  // start_z of the target's front [cm]
    float radius; // the largest of start vertices [cm]
};

} // namespace muforge::engine
