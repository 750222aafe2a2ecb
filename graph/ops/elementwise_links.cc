// Axis links of elementwise operators.
#include "graph/ops/elementwise.h"

namespace pare {

void Unary::links(LinkContext& context) const { link_same(context); }

void Binary::links(LinkContext& context) const { link_broadcast(context); }

void Variadic::links(LinkContext& context) const { link_broadcast(context); }

void Clip::links(LinkContext& context) const { link_same(context); }

void Gelu::links(LinkContext& context) const { link_same(context); }

void Cast::links(LinkContext& context) const { link_same(context); }

void Where::links(LinkContext& context) const { link_broadcast(context); }

void Dropout::links(LinkContext& context) const {
  link_same(context);
  if (context.outputs.size() > 1) link_same(context, 0, 1);
}

}  // namespace pare
