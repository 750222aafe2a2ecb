// For operators that compute what another one does on some of their operands: they ask that one for its type and links.
#pragma once

#include <vector>

#include "graph/infer.h"
#include "graph/links.h"

namespace pare {

// A slot of the other operator that has no operand.
inline constexpr int kNoSlot = -1;

// The type of output 0 of `op` when its input k is input slots[k] of `context`. Element types become `as`, where given.
template <class O>
Result<Type> type_as(const O& op, const InferContext& context, const std::vector<int>& slots,
                     DType as = DType::undefined) {
  InferContext inner;
  inner.opset = context.opset;
  inner.outputs.resize(1);
  for (const int slot : slots) {
    Known known;
    if (slot >= 0 && context.has(static_cast<size_t>(slot))) known = context.inputs[static_cast<size_t>(slot)];
    if (known.present && as != DType::undefined) known.type.dtype = as;
    inner.inputs.push_back(std::move(known));
  }
  if (auto done = op.infer(inner); !done) return done.failure();
  return inner.outputs[0].type;
}

// The links that `op` has between those inputs and output 0.
template <class O>
void link_as(const O& op, LinkContext& context, const std::vector<int>& slots) {
  LinkContext inner;
  inner.outputs.assign(context.outputs.begin(), context.outputs.begin() + (context.outputs.empty() ? 0 : 1));
  for (const int slot : slots) {
    const bool there = slot >= 0 && context.has(static_cast<size_t>(slot));
    inner.inputs.push_back(there ? context.inputs[static_cast<size_t>(slot)] : Type());
    const bool constant = there && static_cast<size_t>(slot) < context.constants.size();
    inner.constants.push_back(constant ? context.constants[static_cast<size_t>(slot)] : nullptr);
  }
  op.links(inner);
  const auto ours = [&](AxisRef axis) {
    if (axis.side == AxisRef::Side::input) axis.slot = slots[static_cast<size_t>(axis.slot)];
    return axis;
  };
  for (const Link& link : inner.links) context.link(ours(link.source), ours(link.target), link.map);
  for (const AxisRef& axis : inner.fixed) context.fix(ours(axis));
}

}  // namespace pare
