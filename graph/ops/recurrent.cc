#include "graph/ops/recurrent.h"

namespace pare {

Result<void> LSTM::infer(InferContext&) const { return {}; }
Result<void> GRU::infer(InferContext&) const { return {}; }
Result<void> RNN::infer(InferContext&) const { return {}; }

void LSTM::links(LinkContext&) const {}
void GRU::links(LinkContext&) const {}
void RNN::links(LinkContext&) const {}

}  // namespace pare
