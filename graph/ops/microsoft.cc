#include "graph/ops/microsoft.h"

namespace pare {

Result<void> FusedMatMul::infer(InferContext&) const { return {}; }
Result<void> FusedGemm::infer(InferContext&) const { return {}; }
Result<void> FusedConv::infer(InferContext&) const { return {}; }
Result<void> FusedGelu::infer(InferContext&) const { return {}; }
Result<void> SkipNormalization::infer(InferContext&) const { return {}; }
Result<void> SimplifiedLayerNormalization::infer(InferContext&) const { return {}; }
Result<void> EmbedLayerNormalization::infer(InferContext&) const { return {}; }
Result<void> FusedAttention::infer(InferContext&) const { return {}; }
Result<void> QAttention::infer(InferContext&) const { return {}; }
Result<void> MultiHeadAttention::infer(InferContext&) const { return {}; }
Result<void> GroupQueryAttention::infer(InferContext&) const { return {}; }
Result<void> FusedRotaryEmbedding::infer(InferContext&) const { return {}; }

void FusedMatMul::links(LinkContext&) const {}
void FusedGemm::links(LinkContext&) const {}
void FusedConv::links(LinkContext&) const {}
void FusedGelu::links(LinkContext&) const {}
void SkipNormalization::links(LinkContext&) const {}
void SimplifiedLayerNormalization::links(LinkContext&) const {}
void EmbedLayerNormalization::links(LinkContext&) const {}
void FusedAttention::links(LinkContext&) const {}
void QAttention::links(LinkContext&) const {}
void MultiHeadAttention::links(LinkContext&) const {}
void GroupQueryAttention::links(LinkContext&) const {}
void FusedRotaryEmbedding::links(LinkContext&) const {}
void FusedConv::resize(ResizeContext&) {}

}  // namespace pare
