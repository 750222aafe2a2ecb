// Recurrent networks: gates over a sequence, forward, reverse or both.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// X, W, R, B?, sequence_lens?, initial_h?, initial_c?, P? -> Y?, Y_h?, Y_c?
struct LSTM {
  static constexpr std::string_view kName = "LSTM";
  static constexpr int kSince = 7;
  static constexpr Arity kArity{3, 8, 0, 3};
  std::vector<float> activation_alpha;
  std::vector<float> activation_beta;
  std::vector<std::string> activations;
  std::optional<float> clip;
  std::string direction = "forward";
  std::optional<int64_t> hidden_size;
  int64_t input_forget = 0;
  int64_t layout = 0;
  int since() const { return layout ? 14 : kSince; }
  static void fields(auto& s, auto&& f) {
    f("activation_alpha", s.activation_alpha);
    f("activation_beta", s.activation_beta);
    f("activations", s.activations);
    f("clip", s.clip);
    f("direction", s.direction);
    f("hidden_size", s.hidden_size);
    f("input_forget", s.input_forget);
    f("layout", s.layout);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::recurs; }
  void resize(ResizeContext&);
};

// X, W, R, B?, sequence_lens?, initial_h? -> Y?, Y_h?
struct GRU {
  static constexpr std::string_view kName = "GRU";
  static constexpr int kSince = 7;
  static constexpr Arity kArity{3, 6, 0, 2};
  std::vector<float> activation_alpha;
  std::vector<float> activation_beta;
  std::vector<std::string> activations;
  std::optional<float> clip;
  std::string direction = "forward";
  std::optional<int64_t> hidden_size;
  int64_t layout = 0;
  int64_t linear_before_reset = 0;
  int since() const { return layout ? 14 : kSince; }
  static void fields(auto& s, auto&& f) {
    f("activation_alpha", s.activation_alpha);
    f("activation_beta", s.activation_beta);
    f("activations", s.activations);
    f("clip", s.clip);
    f("direction", s.direction);
    f("hidden_size", s.hidden_size);
    f("layout", s.layout);
    f("linear_before_reset", s.linear_before_reset);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::recurs; }
  void resize(ResizeContext&);
};

// X, W, R, B?, sequence_lens?, initial_h? -> Y?, Y_h?
struct RNN {
  static constexpr std::string_view kName = "RNN";
  static constexpr int kSince = 7;
  static constexpr Arity kArity{3, 6, 0, 2};
  std::vector<float> activation_alpha;
  std::vector<float> activation_beta;
  std::vector<std::string> activations{"Tanh", "Tanh"};
  std::optional<float> clip;
  std::string direction = "forward";
  std::optional<int64_t> hidden_size;
  int64_t layout = 0;
  int since() const { return layout ? 14 : kSince; }
  static void fields(auto& s, auto&& f) {
    f("activation_alpha", s.activation_alpha);
    f("activation_beta", s.activation_beta);
    f("activations", s.activations);
    f("clip", s.clip);
    f("direction", s.direction);
    f("hidden_size", s.hidden_size);
    f("layout", s.layout);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::recurs; }
  void resize(ResizeContext&);
};

}  // namespace pare

#define PARE_RECURRENT_OPS(X) X(LSTM) X(GRU) X(RNN)
