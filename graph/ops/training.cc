#include "graph/ops/training.h"

namespace pare {

Result<void> NegativeLogLikelihoodLoss::infer(InferContext&) const { return {}; }
Result<void> SoftmaxCrossEntropyLoss::infer(InferContext&) const { return {}; }
Result<void> Adagrad::infer(InferContext&) const { return {}; }
Result<void> Adam::infer(InferContext&) const { return {}; }
Result<void> Momentum::infer(InferContext&) const { return {}; }

void NegativeLogLikelihoodLoss::links(LinkContext&) const {}
void SoftmaxCrossEntropyLoss::links(LinkContext&) const {}
void Adagrad::links(LinkContext&) const {}
void Adam::links(LinkContext&) const {}
void Momentum::links(LinkContext&) const {}

}  // namespace pare
