#include "graph/ops/blocks.h"

namespace pare {

Result<void> DynamicQuantizeMatMul::infer(InferContext&) const { return {}; }
Result<void> MatMulIntegerToFloat::infer(InferContext&) const { return {}; }
Result<void> MatMulNBits::infer(InferContext&) const { return {}; }
Result<void> GatherBlockQuantized::infer(InferContext&) const { return {}; }
Result<void> DynamicQuantizeLSTM::infer(InferContext&) const { return {}; }

void DynamicQuantizeMatMul::links(LinkContext&) const {}
void MatMulIntegerToFloat::links(LinkContext&) const {}
void MatMulNBits::links(LinkContext&) const {}
void GatherBlockQuantized::links(LinkContext&) const {}
void DynamicQuantizeLSTM::links(LinkContext&) const {}

}  // namespace pare
