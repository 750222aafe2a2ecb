#include "compress/coupling.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>

#include "compress/rewrite.h"
#include "graph/error.h"
#include "graph/infer.h"
#include "graph/verify.h"

namespace pare {
namespace {

// Every index of every axis of known extent, numbered; sets of them joined with path halving.
class ElementSets {
 public:
  explicit ElementSets(const Graph& graph) : graph_(graph), first_(graph.value_limit()) {
    int64_t count = 0;
    for (ValueId id : graph.values()) {
      const std::optional<Shape>& shape = graph.value(id).type.shape;
      if (!shape) continue;
      for (const Dim& dim : *shape) {
        first_[static_cast<size_t>(id)].push_back(dim.known() ? count : -1);
        if (dim.known()) count += dim.size;
      }
    }
    parent_.resize(static_cast<size_t>(count));
    std::iota(parent_.begin(), parent_.end(), int64_t{0});
    pinned_.resize(static_cast<size_t>(count), false);
  }

  // -1: no known extent.
  int64_t size(ValueAxis at) const {
    const std::optional<Shape>& shape = graph_.value(at.value).type.shape;
    if (!shape || at.axis < 0 || static_cast<size_t>(at.axis) >= shape->size()) return -1;
    return (*shape)[static_cast<size_t>(at.axis)].size;
  }
  int64_t number(ValueAxis at, int64_t index) const {
    return first_[static_cast<size_t>(at.value)][static_cast<size_t>(at.axis)] + index;
  }
  int64_t find(int64_t element) {
    while (parent_[static_cast<size_t>(element)] != element) {
      int64_t& up = parent_[static_cast<size_t>(element)];
      up = parent_[static_cast<size_t>(up)];
      element = up;
    }
    return element;
  }
  void join(int64_t a, int64_t b) {
    a = find(a);
    b = find(b);
    if (a == b) return;
    if (b < a) std::swap(a, b);
    parent_[static_cast<size_t>(b)] = a;
    if (pinned_[static_cast<size_t>(b)]) pinned_[static_cast<size_t>(a)] = true;
  }
  void pin(ValueAxis at) {
    int64_t extent = size(at);
    for (int64_t i = 0; i < extent; ++i) pinned_[static_cast<size_t>(find(number(at, i)))] = true;
  }
  void pin(ValueId id) {
    const std::optional<Shape>& shape = graph_.value(id).type.shape;
    if (!shape) return;
    for (int axis = 0; axis < static_cast<int>(shape->size()); ++axis) pin(ValueAxis{id, axis});
  }
  bool pinned(int64_t element) { return pinned_[static_cast<size_t>(find(element))]; }

 private:
  const Graph& graph_;
  std::vector<std::vector<int64_t>> first_;
  std::vector<int64_t> parent_;
  std::vector<bool> pinned_;
};

ValueId operand(const Node& node, const AxisRef& ref) {
  const std::vector<ValueId>& values = ref.side == AxisRef::Side::input ? node.inputs : node.outputs;
  return values[static_cast<size_t>(ref.slot)];
}

void apply_link(ElementSets& sets, const Node& node, const Link& link) {
  ValueAxis source{operand(node, link.source), link.source.axis};
  ValueAxis target{operand(node, link.target), link.target.axis};
  if (source.value == ValueId::none || target.value == ValueId::none) return;
  int64_t source_size = sets.size(source), target_size = sets.size(target);
  if (source_size < 0 || target_size < 0) {
    sets.pin(source);
    sets.pin(target);
    return;
  }
  for (int64_t j = 0; j < target_size; ++j) {
    int64_t i = link.map.source(j, source_size);
    if (i >= 0) sets.join(sets.number(source, i), sets.number(target, j));
  }
}

void pin_unlinked(ElementSets& sets, const Graph& graph, const Node& node, AxisRef::Side side,
                  const std::set<AxisRef>& linked) {
  const std::vector<ValueId>& values = side == AxisRef::Side::input ? node.inputs : node.outputs;
  for (size_t slot = 0; slot < values.size(); ++slot) {
    if (values[slot] == ValueId::none) continue;
    const std::optional<Shape>& shape = graph.value(values[slot]).type.shape;
    int rank = shape ? static_cast<int>(shape->size()) : 0;
    for (int axis = 0; axis < rank; ++axis) {
      if (!linked.contains({side, static_cast<int>(slot), axis})) sets.pin(ValueAxis{values[slot], axis});
    }
  }
}

void apply_node(ElementSets& sets, const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  LinkContext context = link_context(graph, id);
  op_links(node.op, context);
  std::set<AxisRef> linked;
  for (const Link& link : context.links) {
    linked.insert(link.source);
    linked.insert(link.target);
    apply_link(sets, node, link);
  }
  pin_unlinked(sets, graph, node, AxisRef::Side::input, linked);
  pin_unlinked(sets, graph, node, AxisRef::Side::output, linked);
  for (const AxisRef& ref : context.fixed) {
    if (ValueId value = operand(node, ref); value != ValueId::none) sets.pin(ValueAxis{value, ref.axis});
  }
  for (ValueId id_captured : node.captures) sets.pin(id_captured);
}

// Constants that an operator of role `computes` multiplies with.
std::vector<bool> weights_of(const Graph& graph) {
  std::vector<bool> weights(graph.value_limit(), false);
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (op_role(node.op) != Role::computes) continue;
    for (size_t slot = 0; slot < node.inputs.size() && slot < 2; ++slot) {
      ValueId input = node.inputs[slot];
      if (input != ValueId::none && graph.value(input).constant) weights[static_cast<size_t>(input)] = true;
    }
  }
  return weights;
}

void group_channels(Coupling& coupling) {
  std::map<std::vector<ValueAxis>, int> groups;
  for (size_t c = 0; c < coupling.channels.size(); ++c) {
    CoupledChannel& channel = coupling.channels[c];
    std::vector<ValueAxis> axes;
    for (const AxisElement& element : channel.elements) {
      if (axes.empty() || axes.back() != element.at) axes.push_back(element.at);
    }
    auto [found, fresh] = groups.try_emplace(axes, static_cast<int>(coupling.groups.size()));
    if (fresh) coupling.groups.push_back({std::move(axes), {}});
    channel.group = found->second;
    coupling.groups[static_cast<size_t>(found->second)].channels.push_back(static_cast<int>(c));
  }
}

// The operands of one node before and after.
class NodeResize final : public ResizeContext {
 public:
  NodeResize(Graph& graph, NodeId node, const KeptIndices& kept, const std::vector<Type>& old_types)
      : graph_(graph), node_(node), kept_(kept), old_types_(old_types) {}

  const std::vector<int64_t>* kept(AxisRef axis) const override {
    ValueId id = value(axis.side, axis.slot);
    if (id == ValueId::none) return nullptr;
    auto found = kept_.find({id, axis.axis});
    return found == kept_.end() ? nullptr : &found->second;
  }
  int rank(AxisRef::Side side, int slot) const override {
    ValueId id = value(side, slot);
    if (id == ValueId::none || !old_type(id).shape) return -1;
    return static_cast<int>(old_type(id).shape->size());
  }
  int64_t old_size(AxisRef axis) const override {
    if (axis.axis < 0 || axis.axis >= rank(axis.side, axis.slot)) return -1;
    return (*old_type(value(axis.side, axis.slot)).shape)[static_cast<size_t>(axis.axis)].size;
  }
  const Tensor* constant(int input) const override {
    ValueId id = value(AxisRef::Side::input, input);
    return id != ValueId::none && graph_.value(id).constant ? &*graph_.value(id).constant : nullptr;
  }
  void set_constant(int input, Tensor tensor) override {
    auto slot = static_cast<size_t>(input);
    std::string name = graph_.value(graph_.node(node_).inputs[slot]).name;
    replace_constant(graph_, node_, slot, name, std::move(tensor));
  }

 private:
  ValueId value(AxisRef::Side side, int slot) const {
    const Node& node = graph_.node(node_);
    const std::vector<ValueId>& values = side == AxisRef::Side::input ? node.inputs : node.outputs;
    return slot >= 0 && static_cast<size_t>(slot) < values.size() ? values[static_cast<size_t>(slot)] : ValueId::none;
  }
  // Constants made by an earlier node's resize are younger than the table; nothing was removed from them.
  const Type& old_type(ValueId id) const {
    return static_cast<size_t>(id) < old_types_.size() ? old_types_[static_cast<size_t>(id)] : graph_.value(id).type;
  }

  Graph& graph_;
  NodeId node_;
  const KeptIndices& kept_;
  const std::vector<Type>& old_types_;
};

}  // namespace

Coupling couple(const Graph& graph) {
  ElementSets sets(graph);
  for (NodeId id : graph.order()) apply_node(sets, graph, id);
  for (ValueId id : graph.inputs) sets.pin(id);
  for (ValueId id : graph.outputs) sets.pin(id);
  for (ValueId id : graph.captured) sets.pin(id);

  std::vector<bool> weights = weights_of(graph);
  std::map<int64_t, CoupledChannel> free_sets;
  std::set<int64_t> weighted;
  for (ValueId id : graph.values()) {
    const std::optional<Shape>& shape = graph.value(id).type.shape;
    for (int axis = 0; shape && axis < static_cast<int>(shape->size()); ++axis) {
      ValueAxis at{id, axis};
      int64_t size = sets.size(at);
      for (int64_t i = 0; i < size; ++i) {
        int64_t element = sets.number(at, i);
        if (sets.pinned(element)) continue;
        int64_t root = sets.find(element);
        free_sets[root].elements.push_back({at, i});
        if (weights[static_cast<size_t>(id)]) weighted.insert(root);
      }
    }
  }
  Coupling coupling;
  for (auto& [root, channel] : free_sets) {
    if (weighted.contains(root)) coupling.channels.push_back(std::move(channel));
  }
  group_channels(coupling);
  return coupling;
}

KeptIndices kept_indices(const Graph& graph, const Coupling& coupling, const std::vector<int>& removed_channels) {
  std::map<ValueAxis, std::set<int64_t>> gone;
  for (int channel : removed_channels) {
    for (const AxisElement& element : coupling.channels[static_cast<size_t>(channel)].elements) {
      gone[element.at].insert(element.index);
    }
  }
  KeptIndices kept;
  for (const auto& [at, indices] : gone) {
    std::vector<int64_t>& rest = kept[at];
    int64_t size = (*graph.value(at.value).type.shape)[static_cast<size_t>(at.axis)].size;
    for (int64_t i = 0; i < size; ++i) {
      if (!indices.contains(i)) rest.push_back(i);
    }
  }
  return kept;
}

namespace {

Tensor gather(const Tensor& tensor, int axis, const std::vector<int64_t>& indices) {
  if (bits(tensor.dtype()) % 8 != 0 || tensor.dtype() == DType::string) {
    throw Error(ErrorCode::unsupported, "channels of a constant of type " + std::string(name(tensor.dtype())) +
                                            " cannot be removed; prune before packing weights");
  }
  Dims dims = tensor.dims();
  size_t width = static_cast<size_t>(bits(tensor.dtype()) / 8);
  size_t inner = width, outer = 1;
  for (int i = axis + 1; i < tensor.rank(); ++i) inner *= static_cast<size_t>(dims[static_cast<size_t>(i)]);
  for (int i = 0; i < axis; ++i) outer *= static_cast<size_t>(dims[static_cast<size_t>(i)]);
  size_t old_extent = static_cast<size_t>(dims[static_cast<size_t>(axis)]);
  dims[static_cast<size_t>(axis)] = static_cast<int64_t>(indices.size());
  Tensor result(tensor.dtype(), dims);
  std::byte* to = result.mutable_bytes().data();
  const std::byte* from = tensor.bytes().data();
  for (size_t o = 0; o < outer; ++o) {
    for (int64_t index : indices) {
      std::memcpy(to, from + (o * old_extent + static_cast<size_t>(index)) * inner, inner);
      to += inner;
    }
  }
  return result;
}

}  // namespace

void remove_elements(Graph& graph, const KeptIndices& kept) {
  std::vector<Type> old_types(graph.value_limit());
  for (ValueId id : graph.values()) old_types[static_cast<size_t>(id)] = graph.value(id).type;
  for (const auto& [at, indices] : kept) {
    Value& value = graph.value(at.value);
    if (value.constant) {
      graph.set_constant(at.value, gather(*value.constant, at.axis, indices));
    } else {
      (*value.type.shape)[static_cast<size_t>(at.axis)] = Dim(static_cast<int64_t>(indices.size()));
    }
  }
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    NodeResize context(graph, id, kept, old_types);
    op_resize(graph.node(id).op, context);
  }
  graph.remove_unused();
  unwrap(infer_types(graph));
  unwrap(verify(graph));
}

}  // namespace pare
