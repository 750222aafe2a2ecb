// Fused operators that exporters and optimizers of transformers write (com.microsoft).
#pragma once

#include "graph/ops/common.h"

namespace pare {

// alpha * op(A) * op(B), as numpy.matmul
struct FusedMatMul {
  static constexpr std::string_view kName = "FusedMatMul";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 2};
  float alpha = 1.0f;
  int64_t transA = 0;
  int64_t transB = 0;
  int64_t transBatchA = 0;
  int64_t transBatchB = 0;
  static void fields(auto& s, auto&& f) {
    f("alpha", s.alpha);
    f("transA", s.transA);
    f("transB", s.transB);
    f("transBatchA", s.transBatchA);
    f("transBatchB", s.transBatchB);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// A, B, C? -> activation(Gemm)
struct FusedGemm {
  static constexpr std::string_view kName = "FusedGemm";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 3};
  std::string activation;
  float activation_alpha = 0.0f;
  float activation_beta = 0.0f;
  float activation_gamma = 0.0f;
  float alpha = 1.0f;
  float beta = 1.0f;
  int64_t transA = 0;
  int64_t transB = 0;
  static void fields(auto& s, auto&& f) {
    f("activation", s.activation);
    f("activation_alpha", s.activation_alpha);
    f("activation_beta", s.activation_beta);
    f("activation_gamma", s.activation_gamma);
    f("alpha", s.alpha);
    f("beta", s.beta);
    f("transA", s.transA);
    f("transB", s.transB);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, W, B?, Z? -> activation(Conv + Z)
struct FusedConv {
  static constexpr std::string_view kName = "FusedConv";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 4};
  std::string activation;
  std::vector<float> activation_params;
  std::string auto_pad = "NOTSET";
  std::vector<int64_t> dilations;
  int64_t group = 1;
  std::vector<int64_t> kernel_shape;
  std::vector<int64_t> pads;
  std::vector<int64_t> strides;
  static void fields(auto& s, auto&& f) {
    f("activation", s.activation);
    f("activation_params", s.activation_params);
    f("auto_pad", s.auto_pad);
    f("dilations", s.dilations);
    f("group", s.group);
    f("kernel_shape", s.kernel_shape);
    f("pads", s.pads);
    f("strides", s.strides);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
  void resize(ResizeContext&);
};

// X, bias?: Gelu and BiasGelu by erf, FastGelu by tanh, QuickGelu x * sigmoid(alpha * x), of X + bias
struct FusedGelu {
  enum class Kind : uint8_t { BiasGelu, FastGelu, Gelu, QuickGelu };
  static constexpr std::array<std::string_view, 4> kNames{"BiasGelu", "FastGelu", "Gelu", "QuickGelu"};
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 2};
  Kind kind = Kind::BiasGelu;
  float alpha = 1.702f;
  static void fields(auto& s, auto&& f) { f("alpha", s.alpha); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input, skip, gamma, beta? (Layer alone), bias? -> output, mean?, inv_std_var?, input_skip_bias_sum?
struct SkipNormalization {
  enum class Kind : uint8_t { Layer, Simplified };
  static constexpr std::array<std::string_view, 2> kNames{"SkipLayerNormalization", "SkipSimplifiedLayerNormalization"};
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{3, 5, 1, 4};
  Kind kind = Kind::Layer;
  float epsilon = 1e-12f;
  static void fields(auto& s, auto&& f) { f("epsilon", s.epsilon); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, scale -> Y, inv_std_var?: RMSNormalization as older exporters write it, in the domain ai.onnx
struct SimplifiedLayerNormalization {
  static constexpr std::string_view kName = "SimplifiedLayerNormalization";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 2, 1, 2};
  int64_t axis = -1;
  float epsilon = 1e-5f;
  int64_t stash_type = 1;
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("epsilon", s.epsilon);
    f("stash_type", s.stash_type);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input_ids, segment_ids?, word_embedding, position_embedding, segment_embedding?, gamma, beta, mask?, position_ids?
// -> output, mask_index, embedding_sum?
struct EmbedLayerNormalization {
  static constexpr std::string_view kName = "EmbedLayerNormalization";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 9, 1, 3};
  float epsilon = 1e-12f;
  int64_t mask_index_type = 0;
  static void fields(auto& s, auto&& f) {
    f("epsilon", s.epsilon);
    f("mask_index_type", s.mask_index_type);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input [B,S,I], weights [I,3H], bias?, mask_index?, past?, attention_bias?, past_sequence_length? -> output, present?
struct FusedAttention {
  static constexpr std::string_view kName = "Attention";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 7, 1, 2};
  static constexpr std::array<std::string_view, 1> kRequired{"num_heads"};
  int64_t do_rotary = 0;
  float mask_filter_value = -10000.0f;
  int64_t num_heads = 0;
  int64_t past_present_share_buffer = 0;
  std::vector<int64_t> qkv_hidden_sizes;
  int64_t rotary_embedding_dim = 0;
  std::optional<float> scale;
  int64_t unidirectional = 0;
  static void fields(auto& s, auto&& f) {
    f("do_rotary", s.do_rotary);
    f("mask_filter_value", s.mask_filter_value);
    f("num_heads", s.num_heads);
    f("past_present_share_buffer", s.past_present_share_buffer);
    f("qkv_hidden_sizes", s.qkv_hidden_sizes);
    f("rotary_embedding_dim", s.rotary_embedding_dim);
    f("scale", s.scale);
    f("unidirectional", s.unidirectional);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input, weight, bias, input_scale, weight_scale, mask_index?, input_zero_point?, weight_zero_point?, past? -> output,
// present?
struct QAttention {
  static constexpr std::string_view kName = "QAttention";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{5, 9, 1, 2};
  static constexpr std::array<std::string_view, 1> kRequired{"num_heads"};
  int64_t do_rotary = 0;
  float mask_filter_value = -10000.0f;
  int64_t num_heads = 0;
  int64_t past_present_share_buffer = 0;
  std::optional<float> scale;
  int64_t unidirectional = 0;
  static void fields(auto& s, auto&& f) {
    f("do_rotary", s.do_rotary);
    f("mask_filter_value", s.mask_filter_value);
    f("num_heads", s.num_heads);
    f("past_present_share_buffer", s.past_present_share_buffer);
    f("scale", s.scale);
    f("unidirectional", s.unidirectional);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// query, key?, value?, bias?, key_padding_mask?, attention_bias?, past_key?, past_value?, past_sequence_length?,
// cache_indirection? -> output, present_key?, present_value?, qk?
struct MultiHeadAttention {
  static constexpr std::string_view kName = "MultiHeadAttention";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 10, 1, 4};
  static constexpr std::array<std::string_view, 1> kRequired{"num_heads"};
  float mask_filter_value = -10000.0f;
  int64_t num_heads = 0;
  std::optional<float> scale;
  int64_t unidirectional = 0;
  static void fields(auto& s, auto&& f) {
    f("mask_filter_value", s.mask_filter_value);
    f("num_heads", s.num_heads);
    f("scale", s.scale);
    f("unidirectional", s.unidirectional);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// query, key?, value?, past_key?, past_value?, seqlens_k, total_sequence_length, cos_cache?, sin_cache?,
// position_ids?, attention_bias?, head_sink?, k_scale?, v_scale? -> output, present_key, present_value, output_qk?
struct GroupQueryAttention {
  static constexpr std::string_view kName = "GroupQueryAttention";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 14, 1, 4};
  static constexpr std::array<std::string_view, 2> kRequired{"kv_num_heads", "num_heads"};
  int64_t do_rotary = 0;
  std::string k_quant_type = "NONE";
  int64_t kv_cache_bit_width = 0;
  int64_t kv_num_heads = 0;
  int64_t local_window_size = -1;
  int64_t num_heads = 0;
  int64_t qk_output = 0;
  int64_t rotary_interleaved = 0;
  std::optional<float> scale;
  int64_t smooth_softmax = 0;
  float softcap = 0.0f;
  std::string v_quant_type = "NONE";
  static void fields(auto& s, auto&& f) {
    f("do_rotary", s.do_rotary);
    f("k_quant_type", s.k_quant_type);
    f("kv_cache_bit_width", s.kv_cache_bit_width);
    f("kv_num_heads", s.kv_num_heads);
    f("local_window_size", s.local_window_size);
    f("num_heads", s.num_heads);
    f("qk_output", s.qk_output);
    f("rotary_interleaved", s.rotary_interleaved);
    f("scale", s.scale);
    f("smooth_softmax", s.smooth_softmax);
    f("softcap", s.softcap);
    f("v_quant_type", s.v_quant_type);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input, position_ids, cos_cache, sin_cache -> output
struct FusedRotaryEmbedding {
  static constexpr std::string_view kName = "RotaryEmbedding";
  static constexpr std::string_view kDomain = "com.microsoft";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{4, 4};
  int64_t interleaved = 0;
  int64_t is_packed_batching = 0;
  int64_t num_heads = 0;
  int64_t rotary_embedding_dim = 0;
  float scale = 1.0f;
  static void fields(auto& s, auto&& f) {
    f("interleaved", s.interleaved);
    f("is_packed_batching", s.is_packed_batching);
    f("num_heads", s.num_heads);
    f("rotary_embedding_dim", s.rotary_embedding_dim);
    f("scale", s.scale);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_MICROSOFT_OPS(X)                                                                                 \
  X(FusedMatMul)                                                                                              \
  X(FusedGemm) X(FusedConv) X(FusedGelu) X(SkipNormalization) X(SimplifiedLayerNormalization)                 \
      X(EmbedLayerNormalization) X(FusedAttention) X(QAttention) X(MultiHeadAttention) X(GroupQueryAttention) \
          X(FusedRotaryEmbedding)
