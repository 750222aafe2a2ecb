// Matrix products on integer weights, as quantized transformers carry them (com.microsoft).
#pragma once

#include "graph/ops/common.h"

namespace pare {

// A float, B int8|uint8, b_scale, b_zero_point?, bias? -> Y; A is quantized to uint8 by its own range
struct DynamicQuantizeMatMul {
  static constexpr std::string_view kName = "DynamicQuantizeMatMul";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{3, 5};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// A, B, a_scale, b_scale, a_zero_point?, b_zero_point?, bias? -> Y float
struct MatMulIntegerToFloat {
  static constexpr std::string_view kName = "MatMulIntegerToFloat";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{4, 7};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// A [..., K], B uint8 [N, blocks, block_size * bits / 8], scales [N, blocks], zero_points?, g_idx?, bias? -> Y [...,
// N]
struct MatMulNBits {
  static constexpr std::string_view kName = "MatMulNBits";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{3, 6};
  static constexpr std::array<std::string_view, 3> kRequired{"K", "N", "block_size"};
  int64_t K = 0;
  int64_t N = 0;
  int64_t accuracy_level = 0;
  int64_t bits = 4;
  int64_t block_size = 0;
  int64_t weight_prepacked = 0;  // 1: in a layout of one program and machine
  static void fields(auto& s, auto&& f) {
    f("K", s.K);
    f("N", s.N);
    f("accuracy_level", s.accuracy_level);
    f("bits", s.bits);
    f("block_size", s.block_size);
    f("weight_prepacked", s.weight_prepacked);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// data, indices, scales, zero_points? -> output
struct GatherBlockQuantized {
  static constexpr std::string_view kName = "GatherBlockQuantized";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{3, 4};
  int64_t bits = 4;
  int64_t block_size = 128;
  int64_t gather_axis = 0;
  int64_t quantize_axis = 1;
  static void fields(auto& s, auto&& f) {
    f("bits", s.bits);
    f("block_size", s.block_size);
    f("gather_axis", s.gather_axis);
    f("quantize_axis", s.quantize_axis);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, W [dirs, input, 4*hidden] int8|uint8, R [dirs, hidden, 4*hidden], B?, sequence_lens?, initial_h?, initial_c?, P?,
// W_scale, W_zero_point, R_scale, R_zero_point -> Y, Y_h, Y_c
struct DynamicQuantizeLSTM {
  static constexpr std::string_view kName = "DynamicQuantizeLSTM";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{3, 12, 0, 3};
  std::vector<float> activation_alpha;
  std::vector<float> activation_beta;
  std::vector<std::string> activations;
  std::optional<float> clip;
  std::string direction = "forward";
  std::optional<int64_t> hidden_size;
  int64_t input_forget = 0;
  static void fields(auto& s, auto&& f) {
    f("activation_alpha", s.activation_alpha);
    f("activation_beta", s.activation_beta);
    f("activations", s.activations);
    f("clip", s.clip);
    f("direction", s.direction);
    f("hidden_size", s.hidden_size);
    f("input_forget", s.input_forget);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_BLOCKS_OPS(X) \
  X(DynamicQuantizeMatMul) X(MatMulIntegerToFloat) X(MatMulNBits) X(GatherBlockQuantized) X(DynamicQuantizeLSTM)
