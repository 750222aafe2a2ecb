// Random numbers, reproducible from their seed.
#pragma once

#include "graph/ops/common.h"

namespace pare {

// -> output
struct RandomNormal {
  static constexpr std::string_view kName = "RandomNormal";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{0, 0};
  static constexpr bool kRandom = true;
  static constexpr std::array<std::string_view, 1> kRequired{"shape"};
  DType dtype = DType::float32;
  float mean = 0.0f;
  float scale = 1.0f;
  std::optional<float> seed;
  std::vector<int64_t> shape;
  static void fields(auto& s, auto&& f) {
    f("dtype", s.dtype);
    f("mean", s.mean);
    f("scale", s.scale);
    f("seed", s.seed);
    f("shape", s.shape);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input -> output
struct RandomNormalLike {
  static constexpr std::string_view kName = "RandomNormalLike";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  static constexpr bool kRandom = true;
  DType dtype = DType::undefined;
  float mean = 0.0f;
  float scale = 1.0f;
  std::optional<float> seed;
  static void fields(auto& s, auto&& f) {
    f("dtype", s.dtype);
    f("mean", s.mean);
    f("scale", s.scale);
    f("seed", s.seed);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// -> output
struct RandomUniform {
  static constexpr std::string_view kName = "RandomUniform";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{0, 0};
  static constexpr bool kRandom = true;
  static constexpr std::array<std::string_view, 1> kRequired{"shape"};
  DType dtype = DType::float32;
  float high = 1.0f;
  float low = 0.0f;
  std::optional<float> seed;
  std::vector<int64_t> shape;
  static void fields(auto& s, auto&& f) {
    f("dtype", s.dtype);
    f("high", s.high);
    f("low", s.low);
    f("seed", s.seed);
    f("shape", s.shape);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input -> output
struct RandomUniformLike {
  static constexpr std::string_view kName = "RandomUniformLike";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  static constexpr bool kRandom = true;
  DType dtype = DType::undefined;
  float high = 1.0f;
  float low = 0.0f;
  std::optional<float> seed;
  static void fields(auto& s, auto&& f) {
    f("dtype", s.dtype);
    f("high", s.high);
    f("low", s.low);
    f("seed", s.seed);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input -> output
struct Multinomial {
  static constexpr std::string_view kName = "Multinomial";
  static constexpr int kSince = 7;
  static constexpr Arity kArity{1, 1};
  static constexpr bool kRandom = true;
  DType dtype = DType::int32;
  int64_t sample_size = 1;
  std::optional<float> seed;
  static void fields(auto& s, auto&& f) {
    f("dtype", s.dtype);
    f("sample_size", s.sample_size);
    f("seed", s.seed);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// input -> output
struct Bernoulli {
  static constexpr std::string_view kName = "Bernoulli";
  static constexpr int kSince = 15;
  static constexpr Arity kArity{1, 1};
  static constexpr bool kRandom = true;
  DType dtype = DType::undefined;
  std::optional<float> seed;
  static void fields(auto& s, auto&& f) {
    f("dtype", s.dtype);
    f("seed", s.seed);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_RANDOM_OPS(X) \
  X(RandomNormal) X(RandomNormalLike) X(RandomUniform) X(RandomUniformLike) X(Multinomial) X(Bernoulli)
