#include "graph/ops/arithmetic.h"

namespace pare {

Result<void> Mod::infer(InferContext&) const { return {}; }
Result<void> BitShift::infer(InferContext&) const { return {}; }
Result<void> IsInf::infer(InferContext&) const { return {}; }
Result<void> Shrink::infer(InferContext&) const { return {}; }
Result<void> Swish::infer(InferContext&) const { return {}; }
Result<void> SwiGLU::infer(InferContext&) const { return {}; }
Result<void> CastLike::infer(InferContext&) const { return {}; }
Result<void> BitCast::infer(InferContext&) const { return {}; }
Result<void> Cumulative::infer(InferContext&) const { return {}; }
Result<void> Hardmax::infer(InferContext&) const { return {}; }
Result<void> Det::infer(InferContext&) const { return {}; }
Result<void> Einsum::infer(InferContext&) const { return {}; }

void Mod::links(LinkContext&) const {}
void BitShift::links(LinkContext&) const {}
void IsInf::links(LinkContext&) const {}
void Shrink::links(LinkContext&) const {}
void Swish::links(LinkContext&) const {}
void SwiGLU::links(LinkContext&) const {}
void CastLike::links(LinkContext&) const {}
void BitCast::links(LinkContext&) const {}
void Cumulative::links(LinkContext&) const {}
void Hardmax::links(LinkContext&) const {}
void Det::links(LinkContext&) const {}
void Einsum::links(LinkContext&) const {}

}  // namespace pare
