#include "graph/ops/qlinear.h"

namespace pare {

Result<void> QLinearConv::infer(InferContext&) const { return {}; }
Result<void> QLinearMatMul::infer(InferContext&) const { return {}; }
Result<void> QLinearBinary::infer(InferContext&) const { return {}; }
Result<void> QLinearSigmoid::infer(InferContext&) const { return {}; }
Result<void> QLinearLeakyRelu::infer(InferContext&) const { return {}; }
Result<void> QLinearSoftmax::infer(InferContext&) const { return {}; }
Result<void> QLinearAveragePool::infer(InferContext&) const { return {}; }
Result<void> QLinearGlobalAveragePool::infer(InferContext&) const { return {}; }
Result<void> QLinearConcat::infer(InferContext&) const { return {}; }
Result<void> QGemm::infer(InferContext&) const { return {}; }

void QLinearConv::links(LinkContext&) const {}
void QLinearMatMul::links(LinkContext&) const {}
void QLinearBinary::links(LinkContext&) const {}
void QLinearSigmoid::links(LinkContext&) const {}
void QLinearLeakyRelu::links(LinkContext&) const {}
void QLinearSoftmax::links(LinkContext&) const {}
void QLinearAveragePool::links(LinkContext&) const {}
void QLinearGlobalAveragePool::links(LinkContext&) const {}
void QLinearConcat::links(LinkContext&) const {}
void QGemm::links(LinkContext&) const {}
void QLinearConv::resize(ResizeContext&) {}

}  // namespace pare
