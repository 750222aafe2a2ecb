#include "graph/ops/attention.h"

namespace pare {

Result<void> Attention::infer(InferContext&) const { return {}; }
Result<void> RotaryEmbedding::infer(InferContext&) const { return {}; }
Result<void> LinearAttention::infer(InferContext&) const { return {}; }
Result<void> CausalConvWithState::infer(InferContext&) const { return {}; }
Result<void> TensorScatter::infer(InferContext&) const { return {}; }
Result<void> FlexAttention::infer(InferContext&) const { return {}; }

void Attention::links(LinkContext&) const {}
void RotaryEmbedding::links(LinkContext&) const {}
void LinearAttention::links(LinkContext&) const {}
void CausalConvWithState::links(LinkContext&) const {}
void TensorScatter::links(LinkContext&) const {}
void FlexAttention::links(LinkContext&) const {}

}  // namespace pare
