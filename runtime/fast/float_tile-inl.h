// The register tile under GEMM and convolution: up to kMaxRows output pixels times up to kMaxVectors vectors of output
// channels stay in registers while the sum runs over taps and input channels. One input value is broadcast, the weights
// are vectors along output channels ("indirect convolution", Dukhan 2019, without the table of pointers: on an input
// with its padding in place all pixels share the tap offsets).
// Included once per instruction set.
#if defined(PARE_RUNTIME_FAST_FLOAT_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PARE_RUNTIME_FAST_FLOAT_TILE_INL_H_
#undef PARE_RUNTIME_FAST_FLOAT_TILE_INL_H_
#else
#define PARE_RUNTIME_FAST_FLOAT_TILE_INL_H_
#endif

#include <hwy/highway.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "runtime/fast/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using FloatVec = hn::Vec<FloatTag>;

// kRows[v] pixels go with v vectors: 32 registers with AVX-512, 16 otherwise.
#if HWY_TARGET == HWY_AVX3
inline constexpr int kLanes = 16;
inline constexpr int kMaxVectors = 4;
inline constexpr int kRows[kMaxVectors + 1] = {0, 14, 14, 8, 6};
inline constexpr int kUnroll[kMaxVectors + 1] = {0, 4, 1, 1, 1};
#elif HWY_TARGET == HWY_AVX2
inline constexpr int kLanes = 8;
inline constexpr int kMaxVectors = 3;
inline constexpr int kRows[kMaxVectors + 1] = {0, 8, 6, 4};
inline constexpr int kUnroll[kMaxVectors + 1] = {0, 2, 1, 1};
#else
inline constexpr int kLanes = HWY_TARGET == HWY_SCALAR ? 1 : 4;
inline constexpr int kMaxVectors = 3;
inline constexpr int kRows[kMaxVectors + 1] = {0, 6, 6, 4};
inline constexpr int kUnroll[kMaxVectors + 1] = {0, 1, 1, 1};
#endif
inline constexpr int kMaxRows = 14;

struct TileArgs {
  const float* const* pixels;  // where the window of each row of the tile begins
  int64_t taps_h, taps_w;      // the sum runs over taps_h x taps_w taps of `run` contiguous floats each
  int64_t tap_step_h, tap_step_w, run;
  const float* panel;  // [taps_h][taps_w][run][vectors * kLanes]
  const float* bias;   // of the panel's first column, or null
  float* c;            // of the tile's first row and column
  int64_t ldc;
  const float* residual;  // likewise, or null
  int64_t residual_stride;
  int64_t columns;  // of the panel that exist; those of all but its last vector do
  float low, high;  // clip; -inf and inf when there is none
};

// n < kLanes floats; the others are zero. Touches no other memory.
HWY_INLINE FloatVec load_partial(FloatTag d, const float* from, int64_t n) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(n)), d, from);
#else
  HWY_ALIGN float lanes[kLanes] = {};
  std::memcpy(lanes, from, static_cast<size_t>(n) * sizeof(float));
  return hn::Load(d, lanes);
#endif
}

HWY_INLINE void store_partial(FloatTag d, FloatVec v, float* to, int64_t n) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(n)), d, to);
#else
  HWY_ALIGN float lanes[kLanes];
  hn::Store(v, d, lanes);
  std::memcpy(to, lanes, static_cast<size_t>(n) * sizeof(float));
#endif
}

HWY_INLINE FloatVec load_up_to(FloatTag d, const float* from, int64_t n) {
  return n >= kLanes ? hn::LoadU(d, from) : load_partial(d, from, n);
}

HWY_INLINE void store_up_to(FloatTag d, FloatVec v, float* to, int64_t n) {
  if (n >= kLanes)
    hn::StoreU(v, d, to);
  else
    store_partial(d, v, to, n);
}

// max(x, low) and min(x, high) that keep a NaN in x: x86 gives its second operand when one is NaN.
HWY_INLINE FloatVec at_least(FloatVec x, FloatVec low) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  return hn::Max(low, x);
#else
  return hn::IfThenElse(hn::Lt(x, low), low, x);
#endif
}

HWY_INLINE FloatVec at_most(FloatVec x, FloatVec high) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  return hn::Min(high, x);
#else
  return hn::IfThenElse(hn::Gt(x, high), high, x);
#endif
}

HWY_INLINE FloatVec clamp(FloatVec x, FloatVec low, FloatVec high) { return at_most(at_least(x, low), high); }

template <int kR, int kV, int kSteps>
HWY_INLINE void tile_steps(FloatTag d, FloatVec (&acc)[kR][kV], const float* const (&p)[kR], int64_t k,
                           const float* HWY_RESTRICT b) {
  FloatVec w[kSteps][kV];
  PARE_UNROLL(8)
  for (int s = 0; s < kSteps; ++s) PARE_UNROLL(8)
  for (int v = 0; v < kV; ++v) w[s][v] = hn::LoadU(d, b + (s * kV + v) * kLanes);
  PARE_UNROLL(32)
  for (int r = 0; r < kR; ++r) {
    PARE_UNROLL(8)
    for (int s = 0; s < kSteps; ++s) {
      const FloatVec x = hn::Set(d, p[r][k + s]);
      PARE_UNROLL(8)
      for (int v = 0; v < kV; ++v) acc[r][v] = hn::MulAdd(x, w[s][v], acc[r][v]);
    }
  }
}

template <int kR, int kV>
HWY_INLINE void tile_sum(FloatTag d, FloatVec (&acc)[kR][kV], const TileArgs& args) {
  constexpr int kSteps = kUnroll[kV];
  const float* HWY_RESTRICT b = args.panel;
  const int64_t run = args.run;
  for (int64_t th = 0; th < args.taps_h; ++th) {
    for (int64_t tw = 0; tw < args.taps_w; ++tw) {
      const int64_t offset = th * args.tap_step_h + tw * args.tap_step_w;
      const float* p[kR];
      PARE_UNROLL(32)
      for (int r = 0; r < kR; ++r) p[r] = args.pixels[r] + offset;
      int64_t k = 0;
      for (; k + kSteps <= run; k += kSteps, b += kSteps * kV * kLanes) tile_steps<kR, kV, kSteps>(d, acc, p, k, b);
      if constexpr (kSteps > 1)
        for (; k < run; ++k, b += kV * kLanes) tile_steps<kR, kV, 1>(d, acc, p, k, b);
    }
  }
}

// c[row, column] = clip(bias + residual + sum over taps and channels of pixel * weight)
template <int kR, int kV>
HWY_NOINLINE void tile(const TileArgs& args) {
  const FloatTag d;
  const int64_t last = args.columns - (kV - 1) * kLanes;
  FloatVec acc[kR][kV];
  PARE_UNROLL(8)
  for (int v = 0; v < kV; ++v) {
    FloatVec start = hn::Zero(d);
    if (args.bias != nullptr) start = load_up_to(d, args.bias + v * kLanes, v == kV - 1 ? last : kLanes);
    PARE_UNROLL(32)
    for (int r = 0; r < kR; ++r) acc[r][v] = start;
  }
  tile_sum<kR, kV>(d, acc, args);
  if (args.residual != nullptr) {
    PARE_UNROLL(32)
    for (int r = 0; r < kR; ++r) PARE_UNROLL(8)
    for (int v = 0; v < kV; ++v)
      acc[r][v] = hn::Add(
          acc[r][v], load_up_to(d, args.residual + r * args.residual_stride + v * kLanes, v == kV - 1 ? last : kLanes));
  }
  const FloatVec low = hn::Set(d, args.low), high = hn::Set(d, args.high);
  PARE_UNROLL(32)
  for (int r = 0; r < kR; ++r) PARE_UNROLL(8)
  for (int v = 0; v < kV; ++v) acc[r][v] = clamp(acc[r][v], low, high);
  if (last >= kLanes) {
    PARE_UNROLL(32)
    for (int r = 0; r < kR; ++r) PARE_UNROLL(8)
    for (int v = 0; v < kV; ++v) hn::StoreU(acc[r][v], d, args.c + r * args.ldc + v * kLanes);
    return;
  }
  PARE_UNROLL(32)
  for (int r = 0; r < kR; ++r) {
    PARE_UNROLL(8)
    for (int v = 0; v < kV - 1; ++v) hn::StoreU(acc[r][v], d, args.c + r * args.ldc + v * kLanes);
    store_partial(d, acc[r][kV - 1], args.c + r * args.ldc + (kV - 1) * kLanes, last);
  }
}

using TileFunction = void (*)(const TileArgs&);

template <int kV, size_t... kR>
constexpr std::array<TileFunction, kMaxRows> tiles_of(std::index_sequence<kR...>) {
  return {&tile<static_cast<int>(kR) + 1, kV>...};
}

template <size_t... kV>
constexpr std::array<std::array<TileFunction, kMaxRows>, kMaxVectors> all_tiles(std::index_sequence<kV...>) {
  return {tiles_of<static_cast<int>(kV) + 1>(std::make_index_sequence<kRows[kV + 1]>())...};
}

// kTiles[vectors - 1][rows - 1]
inline constexpr auto kTiles = all_tiles(std::make_index_sequence<kMaxVectors>());

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#endif
