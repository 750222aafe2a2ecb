#include "graph/ops/control.h"

namespace pare {

Result<void> If::infer(InferContext&) const { return {}; }
Result<void> Loop::infer(InferContext&) const { return {}; }
Result<void> Scan::infer(InferContext&) const { return {}; }

void If::links(LinkContext&) const {}
void Loop::links(LinkContext&) const {}
void Scan::links(LinkContext&) const {}

}  // namespace pare
