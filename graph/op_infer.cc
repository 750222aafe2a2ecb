#include "graph/op.h"

namespace pare {

Result<void> op_infer(const Op& op, InferContext& context) {
  return std::visit([&](const auto& o) { return o.infer(context); }, op.variant());
}

}  // namespace pare
