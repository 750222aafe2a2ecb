// Linear models, support vectors and preprocessing of tables (ai.onnx.ml).
#pragma once

#include "graph/ops/common.h"

namespace pare {

// X -> Y
struct SVMRegressor {
  static constexpr std::string_view kName = "SVMRegressor";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  std::vector<float> coefficients;
  std::vector<float> kernel_params;
  std::string kernel_type = "LINEAR";
  int64_t n_supports = 0;
  int64_t one_class = 0;
  std::string post_transform = "NONE";
  std::vector<float> rho;
  std::vector<float> support_vectors;
  static void fields(auto& s, auto&& f) {
    f("coefficients", s.coefficients);
    f("kernel_params", s.kernel_params);
    f("kernel_type", s.kernel_type);
    f("n_supports", s.n_supports);
    f("one_class", s.one_class);
    f("post_transform", s.post_transform);
    f("rho", s.rho);
    f("support_vectors", s.support_vectors);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y, Z
struct LinearClassifier {
  static constexpr std::string_view kName = "LinearClassifier";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1, 2, 2};
  static constexpr std::array<std::string_view, 1> kRequired{"coefficients"};
  std::vector<int64_t> classlabels_ints;
  std::vector<std::string> classlabels_strings;
  std::vector<float> coefficients;
  std::vector<float> intercepts;
  int64_t multi_class = 0;
  std::string post_transform = "NONE";
  static void fields(auto& s, auto&& f) {
    f("classlabels_ints", s.classlabels_ints);
    f("classlabels_strings", s.classlabels_strings);
    f("coefficients", s.coefficients);
    f("intercepts", s.intercepts);
    f("multi_class", s.multi_class);
    f("post_transform", s.post_transform);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct CategoryMapper {
  static constexpr std::string_view kName = "CategoryMapper";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  std::vector<int64_t> cats_int64s;
  std::vector<std::string> cats_strings;
  int64_t default_int64 = -1;
  std::string default_string = "_Unused";
  static void fields(auto& s, auto&& f) {
    f("cats_int64s", s.cats_int64s);
    f("cats_strings", s.cats_strings);
    f("default_int64", s.default_int64);
    f("default_string", s.default_string);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct Scaler {
  static constexpr std::string_view kName = "Scaler";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  std::vector<float> offset;
  std::vector<float> scale;
  static void fields(auto& s, auto&& f) {
    f("offset", s.offset);
    f("scale", s.scale);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct Imputer {
  static constexpr std::string_view kName = "Imputer";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  std::vector<float> imputed_value_floats;
  std::vector<int64_t> imputed_value_int64s;
  float replaced_value_float = 0.0f;
  int64_t replaced_value_int64 = 0;
  static void fields(auto& s, auto&& f) {
    f("imputed_value_floats", s.imputed_value_floats);
    f("imputed_value_int64s", s.imputed_value_int64s);
    f("replaced_value_float", s.replaced_value_float);
    f("replaced_value_int64", s.replaced_value_int64);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct Normalizer {
  static constexpr std::string_view kName = "Normalizer";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  std::string norm = "MAX";
  static void fields(auto& s, auto&& f) { f("norm", s.norm); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X... -> Y
struct FeatureVectorizer {
  static constexpr std::string_view kName = "FeatureVectorizer";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, kMany};
  std::vector<int64_t> inputdimensions;
  static void fields(auto& s, auto&& f) { f("inputdimensions", s.inputdimensions); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct LinearRegressor {
  static constexpr std::string_view kName = "LinearRegressor";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  std::vector<float> coefficients;
  std::vector<float> intercepts;
  std::string post_transform = "NONE";
  int64_t targets = 1;
  static void fields(auto& s, auto&& f) {
    f("coefficients", s.coefficients);
    f("intercepts", s.intercepts);
    f("post_transform", s.post_transform);
    f("targets", s.targets);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct LabelEncoder {
  static constexpr std::string_view kName = "LabelEncoder";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 2;
  static constexpr Arity kArity{1, 1};
  float default_float = -0.0f;
  int64_t default_int64 = -1;
  std::string default_string = "_Unused";
  std::optional<Tensor> default_tensor;
  std::vector<float> keys_floats;
  std::vector<int64_t> keys_int64s;
  std::vector<std::string> keys_strings;
  std::optional<Tensor> keys_tensor;
  std::vector<float> values_floats;
  std::vector<int64_t> values_int64s;
  std::vector<std::string> values_strings;
  std::optional<Tensor> values_tensor;
  static void fields(auto& s, auto&& f) {
    f("default_float", s.default_float);
    f("default_int64", s.default_int64);
    f("default_string", s.default_string);
    f("default_tensor", s.default_tensor);
    f("keys_floats", s.keys_floats);
    f("keys_int64s", s.keys_int64s);
    f("keys_strings", s.keys_strings);
    f("keys_tensor", s.keys_tensor);
    f("values_floats", s.values_floats);
    f("values_int64s", s.values_int64s);
    f("values_strings", s.values_strings);
    f("values_tensor", s.values_tensor);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X, Y -> Z
struct ArrayFeatureExtractor {
  static constexpr std::string_view kName = "ArrayFeatureExtractor";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{2, 2};
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct OneHotEncoder {
  static constexpr std::string_view kName = "OneHotEncoder";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  std::vector<int64_t> cats_int64s;
  std::vector<std::string> cats_strings;
  int64_t zeros = 1;
  static void fields(auto& s, auto&& f) {
    f("cats_int64s", s.cats_int64s);
    f("cats_strings", s.cats_strings);
    f("zeros", s.zeros);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y, Z
struct SVMClassifier {
  static constexpr std::string_view kName = "SVMClassifier";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1, 2, 2};
  std::vector<int64_t> classlabels_ints;
  std::vector<std::string> classlabels_strings;
  std::vector<float> coefficients;
  std::vector<float> kernel_params;
  std::string kernel_type = "LINEAR";
  std::string post_transform = "NONE";
  std::vector<float> prob_a;
  std::vector<float> prob_b;
  std::vector<float> rho;
  std::vector<float> support_vectors;
  std::vector<int64_t> vectors_per_class;
  static void fields(auto& s, auto&& f) {
    f("classlabels_ints", s.classlabels_ints);
    f("classlabels_strings", s.classlabels_strings);
    f("coefficients", s.coefficients);
    f("kernel_params", s.kernel_params);
    f("kernel_type", s.kernel_type);
    f("post_transform", s.post_transform);
    f("prob_a", s.prob_a);
    f("prob_b", s.prob_b);
    f("rho", s.rho);
    f("support_vectors", s.support_vectors);
    f("vectors_per_class", s.vectors_per_class);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct Binarizer {
  static constexpr std::string_view kName = "Binarizer";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  float threshold = 0.0f;
  static void fields(auto& s, auto&& f) { f("threshold", s.threshold); }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_ML_OPS(X)                                                                                             \
  X(SVMRegressor)                                                                                                  \
  X(LinearClassifier) X(CategoryMapper) X(Scaler) X(Imputer) X(Normalizer) X(FeatureVectorizer) X(LinearRegressor) \
      X(LabelEncoder) X(ArrayFeatureExtractor) X(OneHotEncoder) X(SVMClassifier) X(Binarizer)
