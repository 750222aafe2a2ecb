// Depthwise rows over `Simd` of the including file. Internal linkage: see int8_micro.h.
//
// A block is one vector of bytes: as many neighbouring outputs of a row. The bytes of four taps are interleaved so that
// one dot product takes the four taps of an output; the interleaving leaves the outputs of a block in four vectors,
// 128-bit lane l of vector j holding outputs 16 l + 4 j .. + 3, and packing the results undoes it.
#pragma once

#include <cstdint>

#include "runtime/fast/int8_micro.h"
#include "runtime/fast/int8_scalar-inl.h"

namespace pare {
namespace {

constexpr int kDepthwiseBlock = Simd::kLanes * 4;

// Adds four taps of a block to the sums of one output row, or of two with the weights that follow.
struct BytesTaps {
  static constexpr int kWeightBytes = kDepthwiseBlock * 4;
  template <class Dot, int kRows>
  static inline __attribute__((always_inline)) void add(const uint8_t* in, const int64_t* taps, const uint8_t* weights,
                                                        Simd::I (*sum)[4]) {
    using I = Simd::I;
    const I a = Simd::load(in + taps[0]), b = Simd::load(in + taps[1]);
    const I c = Simd::load(in + taps[2]), d = Simd::load(in + taps[3]);
    const I ab = Simd::low8(a, b), cd = Simd::low8(c, d), ab2 = Simd::high8(a, b), cd2 = Simd::high8(c, d);
    const I cells[4] = {Simd::low16(ab, cd), Simd::high16(ab, cd), Simd::low16(ab2, cd2), Simd::high16(ab2, cd2)};
#pragma GCC unroll 2
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j)
        sum[r][j] = Dot::dot(sum[r][j], cells[j], Simd::load(weights + (r * 4 + j) * Simd::kLanes * 4));
  }
};

struct WordsTaps {
  static constexpr int kWeightBytes = kDepthwiseBlock * 8;
  template <class Dot, int kRows>
  static inline __attribute__((always_inline)) void add(const uint8_t* in, const int64_t* taps, const uint8_t* weights,
                                                        Simd::I (*sum)[4]) {
    using I = Simd::I;
    const I zero = Simd::zero();
#pragma GCC unroll 2
    for (int pair = 0; pair < 2; ++pair, taps += 2, weights += kWeightBytes / 2) {
      const I a = Simd::load(in + taps[0]), b = Simd::load(in + taps[1]);
      const I low = Simd::low8(a, b), high = Simd::high8(a, b);
      const I cells[4] = {Simd::low8(low, zero), Simd::high8(low, zero), Simd::low8(high, zero),
                          Simd::high8(high, zero)};
#pragma GCC unroll 2
      for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j)
          sum[r][j] = Dot::dot(sum[r][j], cells[j], Simd::load(weights + r * kWeightBytes + j * Simd::kLanes * 4));
    }
  }
};

// One output row of a block, quantized and bounded.
inline Simd::I requantized(const Int8EpilogueArgs& e, const Simd::I* sum, int64_t at) {
  Simd::I q[4];
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    Simd::F v = Simd::mulf(Simd::to_float(sum[j]), Simd::loadf(e.multiplier + at + j * Simd::kLanes));
    if (e.has_addend) v = Simd::addf(v, Simd::loadf(e.addend + at + j * Simd::kLanes));
    q[j] = Simd::to_int(v);
  }
  return Simd::pack_narrow(q[0], q[1], q[2], q[3], e);
}

// Results that are not narrow, one by one.
void finish_block(const Int8DepthwiseArgs& args, const int32_t* acc, int64_t at, int64_t to, int64_t valid) {
  for (int p = 0; p < kDepthwiseBlock; ++p) {
    const int j = p / Simd::kLanes, lane = p % Simd::kLanes / 4, element = p % 4;
    const int i = 16 * lane + 4 * j + element;
    if (i < valid) finish_scalar(args.epilogue, acc[p], at + p, args.y, args.residual, to + i);
  }
}

template <class Taps, class Dot, int kRows, int kWeights, bool kNarrow>
void depthwise_rows(const Int8DepthwiseArgs& args) {
  const Int8EpilogueArgs e = args.epilogue;
  const int64_t* const taps = args.taps;
  const int64_t tap_groups = args.tap_groups, flat = args.flat, phases = args.phases, next_row = args.next_row;
  constexpr int64_t kGroupBytes = Taps::kWeightBytes * kWeights;
  for (int64_t step = 0; step < args.steps; ++step) {
    const uint8_t* in = args.base + step * args.step_bytes;
    const uint8_t* weights = args.weights;
    int64_t phase = 0;
    for (int64_t done = 0; done < flat; done += kDepthwiseBlock) {
      const int64_t at = phase * kDepthwiseBlock;
      Simd::I sum[kRows][4];
#pragma GCC unroll 8
      for (int i = 0; i < kRows * 4; ++i) sum[i / 4][i % 4] = Simd::load(args.start + at + i % 4 * Simd::kLanes);
      for (int64_t g = 0; g < tap_groups; ++g, weights += kGroupBytes)
        Taps::template add<Dot, kRows>(in + done, taps + 4 * g, weights, sum);
      const int64_t valid = flat - done < kDepthwiseBlock ? flat - done : kDepthwiseBlock;
      const int64_t to = step * flat + done;
      if constexpr (kNarrow) {
#pragma GCC unroll 2
        for (int r = 0; r < kRows; ++r)
          Simd::store_block(args.y + to + r * next_row, requantized(e, sum[r], at), valid);
      } else {
        int32_t acc[kRows][kDepthwiseBlock];
#pragma GCC unroll 8
        for (int i = 0; i < kRows * 4; ++i) Simd::store(acc[i / 4] + i % 4 * Simd::kLanes, sum[i / 4][i % 4]);
        for (int r = 0; r < kRows; ++r) finish_block(args, acc[r], at, to + r * next_row, valid);
      }
      if (++phase == phases) {
        phase = 0;
        weights = args.weights;
      }
    }
  }
}

template <class Taps, class Dot, bool kNarrow>
void depthwise_as(const Int8DepthwiseArgs& args) {
  if (!args.paired)
    depthwise_rows<Taps, Dot, 1, 1, kNarrow>(args);
  else if (args.rows == 1)
    depthwise_rows<Taps, Dot, 1, 2, kNarrow>(args);
  else
    depthwise_rows<Taps, Dot, 2, 2, kNarrow>(args);
}

template <class Taps, class Dot>
void depthwise(const Int8DepthwiseArgs& args) {
  if (args.epilogue.narrow)
    depthwise_as<Taps, Dot, true>(args);
  else
    depthwise_as<Taps, Dot, false>(args);
}

}  // namespace
}  // namespace pare
