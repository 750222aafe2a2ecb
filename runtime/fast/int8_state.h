// What an Int8Conv holds. Internal to runtime/fast/int8*.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/fast/int8.h"
#include "runtime/fast/int8_micro.h"

namespace pare {

struct alignas(64) Int8Line {
  uint8_t bytes[64] = {};
};

// Per channel, or per element of a depthwise block: in the order in which the kernels read them, padded with zeros.
struct Int8Conv::State {
  ConvShape shape;
  const Int8Micro* micro = nullptr;
  Int8Format format = Int8Format::words;
  bool depthwise = false;
  Int8Quant input;
  Int8Output output_kind = Int8Output::quantized;
  float target_scale = 1;       // of what the accumulators are scaled to
  Int8EpilogueArgs epilogue{};  // all but the pointers
  bool has_residual = false;

  std::vector<Int8Line> weights;
  std::vector<int32_t> bias;
  std::vector<int32_t> weight_sum;
  std::vector<float> weight_scale;
  std::vector<float> addend;
  std::vector<int32_t> start;     // for `input`
  std::vector<float> multiplier;  // for `input`
  double largest = 0;             // magnitude of a channel's accumulator times its weight scale
  double largest_addend = 0;

  // Windows: `run_count` runs of `run_length` activations that lie together, padded to `run_groups` * 4 bytes.
  int64_t run_count = 0, run_length = 0, run_groups = 0;
  int64_t panels = 0;  // of one group
  // Depthwise: parameter blocks, and whether the pixels of a row form one stretch.
  int64_t phases = 0, tap_groups = 0;
  bool flat = false, paired = false;

  int64_t element_bytes() const { return format == Int8Format::bytes || depthwise ? 1 : 2; }
  int64_t result_bytes() const { return output_kind == Int8Output::quantized ? 1 : 4; }
  // One run per row of the kernel: its cells lie together.
  bool runs_are_rows() const { return shape.groups == 1 && shape.dilation_w == 1; }
  const uint8_t* weight_data() const { return weights.data()->bytes; }

  // Int8EpilogueArgs::narrow for an input of that scale.
  bool narrow(float input_scale) const;
  // start and multiplier for an input of that scale and zero point.
  void prepare(const Int8Quant& of, int32_t* starts, float* multipliers) const;
};

// All but the pointers and what residuals need, bounds as integers for a quantized output.
Int8EpilogueArgs int8_epilogue(Int8Output kind, const Int8Quant& output, const Int8Bounds& bounds);

// A signed input has its top bit flipped on the way in.
inline uint8_t int8_flip(const Int8Quant& quant) { return quant.is_signed ? 0x80 : 0; }
inline int32_t int8_unsigned_zero(const Int8Quant& quant) { return quant.zero_point + (quant.is_signed ? 128 : 0); }

// Element of a depthwise block of `block` elements that stands at `position` in the kernels' order.
inline int64_t int8_block_element(int64_t position, int64_t block) {
  const int64_t lanes = block / 4;
  return position % lanes / 4 * 16 + position / lanes * 4 + position % 4;
}

}  // namespace pare
