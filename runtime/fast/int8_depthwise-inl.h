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

struct BytesTaps {
  static constexpr int kWeightBytes = kDepthwiseBlock * 4;
  template <class Dot>
  static inline __attribute__((always_inline)) void add(const uint8_t* in, const int64_t* taps, const uint8_t* weights,
                                                        Simd::I* sum) {
    using I = Simd::I;
    constexpr int kBytes = Simd::kLanes * 4;
    const I a = Simd::load(in + taps[0]), b = Simd::load(in + taps[1]);
    const I c = Simd::load(in + taps[2]), d = Simd::load(in + taps[3]);
    const I ab = Simd::low8(a, b), cd = Simd::low8(c, d), ab2 = Simd::high8(a, b), cd2 = Simd::high8(c, d);
    sum[0] = Dot::dot(sum[0], Simd::low16(ab, cd), Simd::load(weights));
    sum[1] = Dot::dot(sum[1], Simd::high16(ab, cd), Simd::load(weights + kBytes));
    sum[2] = Dot::dot(sum[2], Simd::low16(ab2, cd2), Simd::load(weights + 2 * kBytes));
    sum[3] = Dot::dot(sum[3], Simd::high16(ab2, cd2), Simd::load(weights + 3 * kBytes));
  }
};

struct WordsTaps {
  static constexpr int kWeightBytes = kDepthwiseBlock * 8;
  template <class Dot>
  static inline __attribute__((always_inline)) void add(const uint8_t* in, const int64_t* taps, const uint8_t* weights,
                                                        Simd::I* sum) {
    using I = Simd::I;
    constexpr int kBytes = Simd::kLanes * 4;
    const I zero = Simd::zero();
#pragma GCC unroll 2
    for (int pair = 0; pair < 2; ++pair, taps += 2, weights += 4 * kBytes) {
      const I a = Simd::load(in + taps[0]), b = Simd::load(in + taps[1]);
      const I low = Simd::low8(a, b), high = Simd::high8(a, b);
      sum[0] = Dot::dot(sum[0], Simd::low8(low, zero), Simd::load(weights));
      sum[1] = Dot::dot(sum[1], Simd::high8(low, zero), Simd::load(weights + kBytes));
      sum[2] = Dot::dot(sum[2], Simd::low8(high, zero), Simd::load(weights + 2 * kBytes));
      sum[3] = Dot::dot(sum[3], Simd::high8(high, zero), Simd::load(weights + 3 * kBytes));
    }
  }
};

inline Simd::I requantized(const Int8EpilogueArgs& e, const Simd::I* sum, int64_t at) {
  Simd::I q[4];
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    Simd::F v = Simd::mulf(Simd::to_float(sum[j]), Simd::loadf(e.multiplier + at + j * Simd::kLanes));
    v = Simd::addf(v, Simd::loadf(e.addend + at + j * Simd::kLanes));
    q[j] = Simd::to_int(Simd::clampf(v, Simd::setf(e.low), Simd::setf(e.high)));
  }
  return Simd::pack(q[0], q[1], q[2], q[3], e.zero_point, e.is_signed);
}

// Results that are not plainly requantized, one by one.
void finish_block(const Int8DepthwiseArgs& args, const Simd::I* sum, int64_t at, int64_t to, int64_t valid) {
  int32_t acc[kDepthwiseBlock];
  for (int j = 0; j < 4; ++j) Simd::store(acc + j * Simd::kLanes, sum[j]);
  for (int p = 0; p < kDepthwiseBlock; ++p) {
    const int j = p / Simd::kLanes, lane = p % Simd::kLanes / 4, element = p % 4;
    const int i = 16 * lane + 4 * j + element;
    if (i < valid) finish_scalar(args.epilogue, acc[p], at + p, args.y, args.residual, to + i);
  }
}

template <class Taps, class Dot>
void depthwise(const Int8DepthwiseArgs& args) {
  const Int8EpilogueArgs& e = args.epilogue;
  const bool plain = e.kind == 0 && !e.has_middle && args.residual == nullptr;
  for (int64_t step = 0; step < args.steps; ++step) {
    const uint8_t* in = args.base + step * args.step_bytes;
    int64_t phase = 0;
    for (int64_t done = 0; done < args.flat; done += kDepthwiseBlock) {
      const int64_t at = phase * kDepthwiseBlock;
      Simd::I sum[4];
      for (int j = 0; j < 4; ++j) sum[j] = Simd::load(args.start + at + j * Simd::kLanes);
      const uint8_t* weights = args.weights + phase * args.tap_groups * Taps::kWeightBytes;
      for (int64_t g = 0; g < args.tap_groups; ++g, weights += Taps::kWeightBytes)
        Taps::template add<Dot>(in + done, args.taps + 4 * g, weights, sum);
      const int64_t valid = args.flat - done < kDepthwiseBlock ? args.flat - done : kDepthwiseBlock;
      const int64_t to = step * args.flat + done;
      if (plain)
        Simd::store_block(args.y + to, requantized(e, sum, at), valid);
      else
        finish_block(args, sum, at, to, valid);
      if (++phase == args.phases) phase = 0;
    }
  }
}

}  // namespace
}  // namespace pare
