#include "graph/ops/signal.h"

namespace pare {

Result<void> Window::infer(InferContext&) const { return {}; }
Result<void> DFT::infer(InferContext&) const { return {}; }
Result<void> STFT::infer(InferContext&) const { return {}; }
Result<void> MelWeightMatrix::infer(InferContext&) const { return {}; }

void Window::links(LinkContext&) const {}
void DFT::links(LinkContext&) const {}
void STFT::links(LinkContext&) const {}
void MelWeightMatrix::links(LinkContext&) const {}

}  // namespace pare
