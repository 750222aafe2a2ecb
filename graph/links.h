// Axis links: which axis of which value *is* which axis of another, element by element. Structured pruning closes a
// channel over these links; per-channel quantization and layout changes follow them too. No pass has an operator list.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "graph/tensor.h"
#include "graph/type.h"

namespace pare {

// One axis of one operand of a node.
struct AxisRef {
  enum class Side : uint8_t { input, output };
  Side side = Side::input;
  int slot = 0;
  int axis = 0;  // never negative
  auto operator<=>(const AxisRef&) const = default;
};
inline AxisRef in(int slot, int axis) { return {AxisRef::Side::input, slot, axis}; }
inline AxisRef out(int slot, int axis) { return {AxisRef::Side::output, slot, axis}; }

// For each element of the target axis, the element of the source axis that it is: source(j) = ((j * step + offset) /
// repeat) % modulo, or none when the result falls outside [0, source size). modulo 0 means no modulo.
//   identity  {}                    Relu, residual Add
//   offset    offset = -begin       Concat, Pad      (target: the concatenated axis; source: the part)
//   stride    step, offset = start  Slice
//   repeat    repeat = r            Flatten [C,H,W] -> [C*H*W], r = H*W; channel multiplier of a depthwise Conv
//   group     modulo = m            the C/group input axis of a grouped Conv's weight
struct IndexMap {
  int64_t step = 1;
  int64_t offset = 0;
  int64_t repeat = 1;
  int64_t modulo = 0;
  // -1 where the target element has no source.
  int64_t source(int64_t target, int64_t source_size) const;
  bool operator==(const IndexMap&) const = default;
};

// Each element of `target` is the element map.source(j) of `source`: when one goes, the other goes. Source and target may
// be the same axis (elements that must go together, as the output channels at one place of every group of a Conv).
struct Link {
  AxisRef source;
  AxisRef target;
  IndexMap map;
  bool operator==(const Link&) const = default;
};

// Operands of one node in, links out.
struct LinkContext {
  std::vector<Type> inputs;   // undefined dtype: input left out
  std::vector<Type> outputs;
  std::vector<const Tensor*> constants;  // one per input, null unless constant

  std::vector<Link> links;
  // Axes whose elements cannot be dropped one by one without changing what the others compute (the axis of a Softmax, the
  // normalized axes of a LayerNormalization). An axis in no link is fixed as well.
  std::vector<AxisRef> fixed;

  bool has(size_t i) const { return i < inputs.size() && inputs[i].dtype != DType::undefined; }
  // Rank, or -1 when unknown.
  int rank(AxisRef::Side side, int slot) const;
  void link(AxisRef source, AxisRef target, IndexMap map = {}) { links.push_back({source, target, map}); }
  void fix(AxisRef axis) { fixed.push_back(axis); }
};

// Helpers that most operators share.
void link_same(LinkContext& context, int input = 0, int output = 0);  // every axis is itself
void link_broadcast(LinkContext& context);  // all inputs against output 0, right-aligned; extents of 1 stay unlinked
void link_reshape(LinkContext& context);    // input 0 to output 0, row-major regrouping of known dims

// After elements were dropped: what a node's `resize` may ask and change. Constants on linked axes are already gathered;
// resize mends what *counts* elements: Conv's group, Split's sizes, a Reshape target, a Pad's amounts, Slice's bounds.
struct ResizeContext {
  // The surviving old indices along an axis, ascending; null when the axis lost nothing.
  virtual const std::vector<int64_t>* kept(AxisRef axis) const = 0;
  // Rank, or -1 when unknown.
  virtual int rank(AxisRef::Side side, int slot) const = 0;
  // Extent before; -1 when unknown.
  virtual int64_t old_size(AxisRef axis) const = 0;
  virtual const Tensor* constant(int input) const = 0;
  virtual void set_constant(int input, Tensor value) = 0;  // gives the node a constant of its own
  virtual ~ResizeContext() = default;
};

}  // namespace pare
