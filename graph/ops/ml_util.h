// What the operators of ai.onnx.ml share: transforms of scores, class labels, tables of samples.
#pragma once

#include "graph/ops/infer_util.h"

namespace pare::ml {

// Numbered as TreeEnsemble numbers them.
enum class PostTransform : uint8_t { none, softmax, logistic, softmax_zero, probit };
Result<PostTransform> post_transform(std::string_view name);
Result<PostTransform> post_transform(int64_t number);

// How many classes a classifier has: one of the two lists holds their labels.
Result<int64_t> class_count(const std::vector<int64_t>& ints, const std::vector<std::string>& strings);

// X is a table of numbers: [N,F], or [F] for one sample.
Result<void> need_table(const InferContext& context);
// N and F.
Dim samples_of(const InferContext& context);
Dim features_of(const InferContext& context);
// Y [N] of labels, Z [N,scores] float32.
Result<void> infer_classifier(InferContext& context, bool string_labels, int64_t scores);

// "coefficients has 5 elements, expected 6".
Failure wrong_count(std::string_view name, size_t found, const std::string& expected);

}  // namespace pare::ml
