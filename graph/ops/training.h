// Losses and optimizer steps, as graphs of training carry them.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// input, target, weight? -> loss
struct NegativeLogLikelihoodLoss {
  static constexpr std::string_view kName = "NegativeLogLikelihoodLoss";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{2, 3};
  std::optional<int64_t> ignore_index;
  std::string reduction = "mean";
  static void fields(auto& s, auto&& f) {
    f("ignore_index", s.ignore_index);
    f("reduction", s.reduction);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// scores, labels, weights? -> output, log_prob?
struct SoftmaxCrossEntropyLoss {
  static constexpr std::string_view kName = "SoftmaxCrossEntropyLoss";
  static constexpr int kSince = 13;
  static constexpr Arity kArity{2, 3, 1, 2};
  std::optional<int64_t> ignore_index;
  std::string reduction = "mean";
  static void fields(auto& s, auto&& f) {
    f("ignore_index", s.ignore_index);
    f("reduction", s.reduction);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// R, T, inputs... -> outputs...
struct Adagrad {
  static constexpr std::string_view kName = "Adagrad";
  static constexpr std::string_view kDomain = "ai.onnx.preview.training";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{3, kMany, 1, kMany};
  float decay_factor = 0.0f;
  float epsilon = 9.99999997e-07f;
  float norm_coefficient = 0.0f;
  static void fields(auto& s, auto&& f) {
    f("decay_factor", s.decay_factor);
    f("epsilon", s.epsilon);
    f("norm_coefficient", s.norm_coefficient);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// R, T, inputs... -> outputs...
struct Adam {
  static constexpr std::string_view kName = "Adam";
  static constexpr std::string_view kDomain = "ai.onnx.preview.training";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{3, kMany, 1, kMany};
  float alpha = 0.899999976f;
  float beta = 0.999000013f;
  float epsilon = 9.99999997e-07f;
  float norm_coefficient = 0.0f;
  float norm_coefficient_post = 0.0f;
  static void fields(auto& s, auto&& f) {
    f("alpha", s.alpha);
    f("beta", s.beta);
    f("epsilon", s.epsilon);
    f("norm_coefficient", s.norm_coefficient);
    f("norm_coefficient_post", s.norm_coefficient_post);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// R, T, inputs... -> outputs...
struct Momentum {
  static constexpr std::string_view kName = "Momentum";
  static constexpr std::string_view kDomain = "ai.onnx.preview.training";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{3, kMany, 1, kMany};
  static constexpr std::array<std::string_view, 4> kRequired{"alpha", "beta", "mode", "norm_coefficient"};
  float alpha = 0.0f;
  float beta = 0.0f;
  std::string mode;
  float norm_coefficient = 0.0f;
  static void fields(auto& s, auto&& f) {
    f("alpha", s.alpha);
    f("beta", s.beta);
    f("mode", s.mode);
    f("norm_coefficient", s.norm_coefficient);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_TRAINING_OPS(X) X(NegativeLogLikelihoodLoss) X(SoftmaxCrossEntropyLoss) X(Adagrad) X(Adam) X(Momentum)
