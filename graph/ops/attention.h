// Attention, positions and state of sequence models.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// Q, K, V, attn_mask?, past_key?, past_value?, nonpad_kv_seqlen? -> Y, present_key?, present_value?, qk_matmul_output?
struct Attention {
  static constexpr std::string_view kName = "Attention";
  static constexpr int kSince = 24;
  static constexpr Arity kArity{3, 7, 1, 4};
  int64_t is_causal = 0;
  std::optional<int64_t> kv_num_heads;
  int64_t left_window_size = -1;
  std::optional<int64_t> q_num_heads;
  int64_t qk_matmul_output_mode = 0;
  int64_t right_window_size = -1;
  std::optional<float> scale;
  float softcap = 0.0f;
  std::optional<int64_t> softmax_precision;
  int since() const { return left_window_size != -1 || right_window_size != -1 ? 25 : kSince; }
  static void fields(auto& s, auto&& f) {
    f("is_causal", s.is_causal);
    f("kv_num_heads", s.kv_num_heads);
    f("left_window_size", s.left_window_size);
    f("q_num_heads", s.q_num_heads);
    f("qk_matmul_output_mode", s.qk_matmul_output_mode);
    f("right_window_size", s.right_window_size);
    f("scale", s.scale);
    f("softcap", s.softcap);
    f("softmax_precision", s.softmax_precision);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, cos_cache, sin_cache, position_ids? -> Y
struct RotaryEmbedding {
  static constexpr std::string_view kName = "RotaryEmbedding";
  static constexpr int kSince = 23;
  static constexpr Arity kArity{3, 4};
  int64_t interleaved = 0;
  std::optional<int64_t> num_heads;
  int64_t rotary_embedding_dim = 0;
  static void fields(auto& s, auto&& f) {
    f("interleaved", s.interleaved);
    f("num_heads", s.num_heads);
    f("rotary_embedding_dim", s.rotary_embedding_dim);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// query, key, value, past_state?, decay?, beta? -> output, present_state
struct LinearAttention {
  static constexpr std::string_view kName = "LinearAttention";
  static constexpr int kSince = 27;
  static constexpr Arity kArity{3, 6, 2, 2};
  static constexpr std::array<std::string_view, 2> kRequired{"kv_num_heads", "q_num_heads"};
  int64_t chunk_size = 64;
  int64_t kv_num_heads = 0;
  int64_t q_num_heads = 0;
  float scale = 0.0f;
  std::string update_rule = "gated_delta";
  static void fields(auto& s, auto&& f) {
    f("chunk_size", s.chunk_size);
    f("kv_num_heads", s.kv_num_heads);
    f("q_num_heads", s.q_num_heads);
    f("scale", s.scale);
    f("update_rule", s.update_rule);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input, weight, bias?, past_state? -> output, present_state
struct CausalConvWithState {
  static constexpr std::string_view kName = "CausalConvWithState";
  static constexpr int kSince = 27;
  static constexpr Arity kArity{2, 4, 2, 2};
  std::string activation = "none";
  static void fields(auto& s, auto&& f) { f("activation", s.activation); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// past_cache, update, write_indices? -> present_cache
struct TensorScatter {
  static constexpr std::string_view kName = "TensorScatter";
  static constexpr int kSince = 24;
  static constexpr Arity kArity{2, 3};
  int64_t axis = -2;
  std::string mode = "linear";
  static void fields(auto& s, auto&& f) {
    f("axis", s.axis);
    f("mode", s.mode);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// Q, K, V -> Y
struct FlexAttention {
  static constexpr std::string_view kName = "FlexAttention";
  static constexpr std::string_view kDomain = "ai.onnx.preview";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{3, 3};
  std::optional<GraphPtr> prob_mod;
  std::optional<float> scale;
  std::optional<GraphPtr> score_mod;
  std::optional<int64_t> softmax_precision;
  static void fields(auto& s, auto&& f) {
    f("prob_mod", s.prob_mod);
    f("scale", s.scale);
    f("score_mod", s.score_mod);
    f("softmax_precision", s.softmax_precision);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_ATTENTION_OPS(X) \
  X(Attention) X(RotaryEmbedding) X(LinearAttention) X(CausalConvWithState) X(TensorScatter) X(FlexAttention)
