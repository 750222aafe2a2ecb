#include "graph/op.h"

namespace pare {

void op_links(const Op& op, LinkContext& context) {
  std::visit([&](const auto& o) { o.links(context); }, op.variant());
}

void op_resize(Op& op, ResizeContext& context) {
  std::visit(
      [&]<class O>(O& o) {
        if constexpr (requires { o.resize(context); }) o.resize(context);
      },
      op.variant());
}

}  // namespace pare
