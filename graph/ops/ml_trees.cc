#include "graph/ops/ml_trees.h"

namespace pare {

Result<void> TreeEnsemble::infer(InferContext&) const { return {}; }
Result<void> TreeEnsembleClassifier::infer(InferContext&) const { return {}; }
Result<void> TreeEnsembleRegressor::infer(InferContext&) const { return {}; }

void TreeEnsemble::links(LinkContext&) const {}
void TreeEnsembleClassifier::links(LinkContext&) const {}
void TreeEnsembleRegressor::links(LinkContext&) const {}

}  // namespace pare
