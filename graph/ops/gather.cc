#include "graph/ops/gather.h"

namespace pare {

Result<void> GatherElements::infer(InferContext&) const { return {}; }
Result<void> GatherND::infer(InferContext&) const { return {}; }
Result<void> ScatterElements::infer(InferContext&) const { return {}; }
Result<void> ScatterND::infer(InferContext&) const { return {}; }
Result<void> OneHot::infer(InferContext&) const { return {}; }
Result<void> NonZero::infer(InferContext&) const { return {}; }
Result<void> TopK::infer(InferContext&) const { return {}; }
Result<void> Unique::infer(InferContext&) const { return {}; }
Result<void> Compress::infer(InferContext&) const { return {}; }
Result<void> ReverseSequence::infer(InferContext&) const { return {}; }
Result<void> NonMaxSuppression::infer(InferContext&) const { return {}; }
Result<void> Trilu::infer(InferContext&) const { return {}; }
Result<void> EyeLike::infer(InferContext&) const { return {}; }
Result<void> CenterCropPad::infer(InferContext&) const { return {}; }

void GatherElements::links(LinkContext&) const {}
void GatherND::links(LinkContext&) const {}
void ScatterElements::links(LinkContext&) const {}
void ScatterND::links(LinkContext&) const {}
void OneHot::links(LinkContext&) const {}
void NonZero::links(LinkContext&) const {}
void TopK::links(LinkContext&) const {}
void Unique::links(LinkContext&) const {}
void Compress::links(LinkContext&) const {}
void ReverseSequence::links(LinkContext&) const {}
void NonMaxSuppression::links(LinkContext&) const {}
void Trilu::links(LinkContext&) const {}
void EyeLike::links(LinkContext&) const {}
void CenterCropPad::links(LinkContext&) const {}

}  // namespace pare
