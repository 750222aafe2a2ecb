#include "graph/ops/ml_util.h"

#include <algorithm>
#include <array>

namespace pare::ml {
namespace {

constexpr std::array<std::string_view, 5> kTransforms{"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};

}  // namespace

Result<PostTransform> post_transform(std::string_view name) {
  const auto at = std::find(kTransforms.begin(), kTransforms.end(), name);
  if (at == kTransforms.end()) {
    return input_error("post_transform is '" + std::string(name) +
                       "', expected NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT");
  }
  return static_cast<PostTransform>(at - kTransforms.begin());
}

Result<PostTransform> post_transform(int64_t number) {
  if (number < 0 || number >= static_cast<int64_t>(kTransforms.size())) {
    return input_error("post_transform is " + std::to_string(number) + ", expected 0..4");
  }
  return static_cast<PostTransform>(number);
}

Result<int64_t> class_count(const std::vector<int64_t>& ints, const std::vector<std::string>& strings) {
  if (ints.empty() == strings.empty()) {
    return input_error("has " + std::string(ints.empty() ? "no list of class labels" : "two lists of class labels") +
                       ", expected one of integers or of strings");
  }
  return static_cast<int64_t>(ints.size() + strings.size());
}

Result<void> need_table(const InferContext& context) {
  PARE_TRY(need_dtype(context, 0, "X", {DType::float32, DType::float64, DType::int64, DType::int32}));
  return need_rank(context, 0, "X", 1, 2);
}

Dim samples_of(const InferContext& context) {
  if (!context.shape(0) || context.shape(0)->empty()) return {};
  return context.shape(0)->size() == 1 ? Dim(1) : context.shape(0)->front();
}

Dim features_of(const InferContext& context) {
  if (!context.shape(0) || context.shape(0)->empty()) return {};
  return context.shape(0)->back();
}

Result<void> infer_classifier(InferContext& context, bool string_labels, int64_t scores) {
  PARE_TRY(need_table(context));
  const Dim samples = samples_of(context);
  context.set(0, string_labels ? DType::string : DType::int64, Shape{samples});
  context.set(1, DType::float32, Shape{samples, Dim(scores)});
  return {};
}

Failure wrong_count(std::string_view name, size_t found, const std::string& expected) {
  return input_error(std::string(name) + " has " + std::to_string(found) + " elements, expected " + expected);
}

}  // namespace pare::ml
