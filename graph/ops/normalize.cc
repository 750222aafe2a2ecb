#include "graph/ops/normalize.h"

namespace pare {

Result<void> GroupNormalization::infer(InferContext&) const { return {}; }
Result<void> RMSNormalization::infer(InferContext&) const { return {}; }
Result<void> LpNormalization::infer(InferContext&) const { return {}; }
Result<void> MeanVarianceNormalization::infer(InferContext&) const { return {}; }

void GroupNormalization::links(LinkContext&) const {}
void RMSNormalization::links(LinkContext&) const {}
void LpNormalization::links(LinkContext&) const {}
void MeanVarianceNormalization::links(LinkContext&) const {}

}  // namespace pare
