// Inference of tree ensembles. They have no links: their attributes count features, and nothing here is pruned.
#include "graph/ops/ml_trees.h"

#include "graph/ops/forest.h"
#include "graph/ops/ml_util.h"

namespace pare {
namespace {

using namespace ml;

Result<void> need_features(const InferContext& context, const Forest& forest) {
  const Dim features = features_of(context);
  if (!features.known() || features.size >= forest.features) return {};
  return input_error("X has " + std::to_string(features.size) + " features, expected at least " +
                     std::to_string(forest.features) + ", as the trees ask for");
}

// Nothing, or a value for each of `count`; one alone stands for all.
Result<void> need_base_values(const std::vector<float>& list, const std::optional<Tensor>& tensor, int64_t count) {
  if (tensor && !is_float(tensor->dtype())) {
    return input_error("base_values is " + to_string(tensor->type()) + ", expected floating-point numbers");
  }
  const size_t found = tensor ? static_cast<size_t>(tensor->size()) : list.size();
  if (found <= 1 || found == static_cast<size_t>(count)) return {};
  return wrong_count("base_values", found, "none, 1 or " + std::to_string(count));
}

Result<void> need_targets(int64_t targets) {
  if (targets >= 1 && targets <= kMostTargets) return {};
  return input_error("n_targets is " + std::to_string(targets) + ", expected 1.." + std::to_string(kMostTargets));
}

}  // namespace

Result<void> TreeEnsemble::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "X", {DType::float32, DType::float64, DType::float16}));
  PARE_TRY(need_rank(context, 0, "X", 1, 2));
  PARE_TRY(ml::post_transform(post_transform));
  if (aggregate_function < 0 || aggregate_function > 3) {
    return input_error("aggregate_function is " + std::to_string(aggregate_function) + ", expected 0..3");
  }
  if (n_targets) PARE_TRY(need_targets(*n_targets));
  PARE_ASSIGN(const Forest forest, forest_of(*this));
  PARE_TRY(need_targets(forest.targets));
  PARE_TRY(need_features(context, forest));
  context.set(0, context.type(0).dtype, Shape{samples_of(context), Dim(forest.targets)});
  return {};
}

Result<void> TreeEnsembleClassifier::infer(InferContext& context) const {
  PARE_ASSIGN(const int64_t classes, class_count(classlabels_int64s, classlabels_strings));
  PARE_TRY(ml::post_transform(post_transform));
  PARE_TRY(need_base_values(base_values, base_values_as_tensor, classes));
  PARE_ASSIGN(const Forest forest, forest_of(*this));
  PARE_TRY(need_features(context, forest));
  return infer_classifier(context, classlabels_int64s.empty(), classes);
}

Result<void> TreeEnsembleRegressor::infer(InferContext& context) const {
  PARE_TRY(need_table(context));
  PARE_TRY(ml::post_transform(post_transform));
  PARE_TRY(need_one_of("aggregate_function", aggregate_function, {"SUM", "AVERAGE", "MIN", "MAX"}));
  const int64_t targets = n_targets.value_or(1);
  PARE_TRY(need_targets(targets));
  PARE_TRY(need_base_values(base_values, base_values_as_tensor, targets));
  PARE_ASSIGN(const Forest forest, forest_of(*this));
  PARE_TRY(need_features(context, forest));
  context.set(0, DType::float32, Shape{samples_of(context), Dim(targets)});
  return {};
}

void TreeEnsemble::links(LinkContext&) const {}
void TreeEnsembleClassifier::links(LinkContext&) const {}
void TreeEnsembleRegressor::links(LinkContext&) const {}

}  // namespace pare
