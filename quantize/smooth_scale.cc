#include "quantize/smooth_scale.h"

#include <algorithm>
#include <map>

#include "quantize/range_weights.h"

namespace pare {
namespace {

int rank_of(const Graph& graph, ValueId id) {
  const auto& shape = graph.value(id).type.shape;
  return shape ? static_cast<int>(shape->size()) : -1;
}

// The tensor times `factor` along `axis` of a value of rank `rank` that it is broadcast to; extents of 1 grow.
Tensor times(const Tensor& tensor, int rank, int axis, std::span<const float> factor) {
  const int missing = std::max(0, rank - tensor.rank());
  Dims dims(static_cast<size_t>(missing), 1);
  dims.insert(dims.end(), tensor.dims().begin(), tensor.dims().end());
  Dims out = dims;
  const auto a = static_cast<size_t>(axis);
  out[a] = static_cast<int64_t>(factor.size());
  int64_t inner = 1, outer = 1;
  for (size_t i = 0; i < a; ++i) outer *= dims[i];
  for (size_t i = a + 1; i < dims.size(); ++i) inner *= dims[i];
  // Of the leading axes that the tensor did not have, those before `axis` are not needed.
  Tensor result(DType::float32, Dims(out.begin() + std::min(axis, missing), out.end()));
  const auto from = tensor.data<float>();
  auto to = result.mutable_data<float>();
  size_t at = 0;
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t c = 0; c < out[a]; ++c) {
      const int64_t source = (o * dims[a] + (dims[a] == 1 ? 0 : c)) * inner;
      for (int64_t i = 0; i < inner; ++i)
        to[at++] = from[static_cast<size_t>(source + i)] * factor[static_cast<size_t>(c)];
    }
  }
  return result;
}

class ScaleMover {
 public:
  // Without factors nothing is changed: scaled() then only says whether it could.
  ScaleMover(Graph& graph, const Uses& uses, std::span<const float> divide)
      : graph_(graph), uses_(uses), dry_(divide.empty()), multiply_(divide.begin(), divide.end()) {
    for (const float s : divide) divide_.push_back(1 / s);
  }

  // `id` over the factors along `axis`, or none. Everything that reads `id` must be content with that.
  bool scale(ValueId id, int axis, const std::vector<NodeId>& readers) {
    const Value& value = graph_.value(id);
    if (value.producer == NodeId::none || uses_.is_output(id) || uses_.is_captured(id)) return false;
    for (const Use& use : uses_.of(id)) {
      if (std::find(readers.begin(), readers.end(), use.node) == readers.end()) return false;
    }
    return divide_producer(value.producer, id, axis);
  }

  void multiply_weight(NodeId node, int slot, int axis) {
    multiply_constant(node, slot, rank_of(graph_, input(node, slot)), axis, multiply_);
  }

 private:
  ValueId input(NodeId node, int slot) const { return graph_.node(node).inputs[static_cast<size_t>(slot)]; }
  bool is_constant(ValueId id) const {
    return id != ValueId::none && graph_.value(id).constant && graph_.value(id).type.dtype == DType::float32;
  }

  void multiply_constant(NodeId node, int slot, int rank, int axis, std::span<const float> factor) {
    if (dry_) return;
    const Value& constant = graph_.value(input(node, slot));
    const ValueId scaled =
        graph_.add_constant(constant.name + "_scaled", times(*constant.constant, rank, axis, factor));
    graph_.node(node).inputs[static_cast<size_t>(slot)] = scaled;
  }

  // The axis of input `slot` that is `axis` of output 0, element for element; -1 where there is none.
  int axis_behind(const LinkContext& context, int slot, int axis) const {
    for (const Link& link : context.links) {
      if (link.map != IndexMap{}) continue;
      if (link.target == out(0, axis) && link.source == in(slot, link.source.axis)) return link.source.axis;
      if (link.source == out(0, axis) && link.target == in(slot, link.target.axis)) return link.target.axis;
    }
    return -1;
  }

  bool divide_producer(NodeId id, ValueId output, int axis) {
    const Node& node = graph_.node(id);
    if (node.outputs.size() != 1 || rank_of(graph_, output) < 0) return false;
    LinkContext context = link_context(graph_, id);
    op_links(node.op, context);
    const Role role = op_role(node.op);
    if (role == Role::computes) return divide_layer(id, context, axis);
    if (as<Binary>(node.op)) return divide_binary(id, output, context, axis);
    if (as<LayerNormalization>(node.op)) return divide_affine(id, output, axis);
    const bool homogeneous = role == Role::passes || (role == Role::rescales && node.inputs.size() == 1) ||
                             as<Unary>(node.op, Unary::Kind::Relu);
    const int behind = homogeneous ? axis_behind(context, 0, axis) : -1;
    return behind >= 0 && scale(input(id, 0), behind, {id});
  }

  // Linear in its factors: the constant one takes the scale. Its bias is added behind.
  bool divide_layer(NodeId id, const LinkContext& context, int axis) {
    const int behind = axis_behind(context, 1, axis);
    if (behind < 0 || !is_constant(input(id, 1))) return false;
    const bool biased = graph_.node(id).inputs.size() > 2 && input(id, 2) != ValueId::none;
    if (biased) {
      if (!is_constant(input(id, 2))) return false;
      const Tensor& bias = *graph_.value(input(id, 2)).constant;
      if (bias.rank() != 1 || axis_behind(context, 2, axis) != 0) return false;
      multiply_constant(id, 2, 1, 0, divide_);
    }
    multiply_constant(id, 1, rank_of(graph_, input(id, 1)), behind, divide_);
    return true;
  }

  bool divide_binary(NodeId id, ValueId output, const LinkContext& context, int axis) {
    const auto kind = as<Binary>(graph_.node(id).op)->kind;
    const bool product = kind == Binary::Kind::Mul, sum = kind == Binary::Kind::Add || kind == Binary::Kind::Sub;
    const int rank = rank_of(graph_, output);
    if (!product && !sum && kind != Binary::Kind::Div) return false;
    if (kind == Binary::Kind::Div) {
      if (!is_constant(input(id, 1))) return false;
      multiply_constant(id, 1, rank, axis, multiply_);
      return true;
    }
    const int slot = is_constant(input(id, 1)) ? 1 : is_constant(input(id, 0)) ? 0 : -1;
    if (product) {
      if (slot < 0) return false;
      multiply_constant(id, slot, rank, axis, divide_);
      return true;
    }
    if (input(id, 0) == input(id, 1)) return false;
    for (const int other : {0, 1}) {
      if (other == slot) continue;
      const int behind = axis_behind(context, other, axis);
      if (behind < 0 || !scale(input(id, other), behind, {id})) return false;
    }
    if (slot >= 0) multiply_constant(id, slot, rank, axis, divide_);
    return true;
  }

  bool divide_affine(NodeId id, ValueId output, int axis) {
    const Node& node = graph_.node(id);
    if (axis != rank_of(graph_, output) - 1 || !is_constant(input(id, 1)) ||
        graph_.value(input(id, 1)).constant->rank() != 1)
      return false;
    const bool biased = node.inputs.size() > 2 && input(id, 2) != ValueId::none;
    if (biased && (!is_constant(input(id, 2)) || graph_.value(input(id, 2)).constant->rank() != 1)) return false;
    multiply_constant(id, 1, 1, 0, divide_);
    if (biased) multiply_constant(id, 2, 1, 0, divide_);
    return true;
  }

  Graph& graph_;
  const Uses& uses_;
  bool dry_;
  std::vector<float> multiply_, divide_;
};

std::vector<NodeId> nodes_of(const ScaleSite& site) {
  std::vector<NodeId> nodes;
  for (const ScaleSite::Reader& reader : site.readers) nodes.push_back(reader.node);
  return nodes;
}

}  // namespace

std::vector<ScaleSite> scale_sites(const Graph& graph) {
  const Uses uses(graph);
  std::vector<ScaleSite> sites;
  std::vector<ValueId> values = graph.inputs;
  for (const NodeId id : graph.order())
    values.insert(values.end(), graph.node(id).outputs.begin(), graph.node(id).outputs.end());
  for (const ValueId value : values) {
    if (value == ValueId::none || graph.value(value).type.dtype != DType::float32) continue;
    ScaleSite site;
    site.value = value;
    site.others = uses.is_output(value) || uses.is_captured(value);
    for (const Use& use : uses.of(value)) {
      const auto factor = use.slot < 0 ? std::nullopt : factor_axis(graph, use.node, use.slot);
      const auto& shape = graph.value(value).type.shape;
      const bool usable = factor && factor->from_weight && factor->map == IndexMap{} && shape &&
                          (site.readers.empty() || site.axis == factor->axis);
      if (!usable) {
        site.others = true;
        continue;
      }
      site.axis = factor->axis;
      site.channels = (*shape)[static_cast<size_t>(site.axis)].size;
      site.readers.push_back({use.node, use.slot, factor->weight_axis});
    }
    if (site.readers.empty() || site.channels <= 1) continue;
    // The dry run changes nothing.
    site.foldable =
        !site.others && ScaleMover(const_cast<Graph&>(graph), uses, {}).scale(value, site.axis, nodes_of(site));
    sites.push_back(std::move(site));
  }
  return sites;
}

void apply_scale(Graph& graph, const ScaleSite& site, std::span<const float> scale) {
  const Uses uses(graph);
  ScaleMover scaler(graph, uses, scale);
  for (const ScaleSite::Reader& reader : site.readers)
    scaler.multiply_weight(reader.node, 1 - reader.slot, reader.weight_axis);
  if (site.foldable && ScaleMover(graph, uses, {}).scale(site.value, site.axis, nodes_of(site))) {
    scaler.scale(site.value, site.axis, nodes_of(site));
  } else {
    const auto& type = graph.value(site.value).type;
    Dims dims(type.shape->size() - static_cast<size_t>(site.axis), 1);
    dims[0] = site.channels;
    std::vector<float> inverse;
    for (const float s : scale) inverse.push_back(1 / s);
    const ValueId factor = graph.add_constant(graph.value(site.value).name + "_smooth", Tensor::of(dims, inverse));
    const ValueId scaled = graph.add_value(graph.value(site.value).name + "_smoothed", type);
    graph.add_node(Binary{.kind = Binary::Kind::Mul}, {site.value, factor}, {scaled}, {}, site.readers[0].node);
    for (const ScaleSite::Reader& reader : site.readers)
      graph.node(reader.node).inputs[static_cast<size_t>(reader.slot)] = scaled;
  }
  graph.remove_unused();
}

}  // namespace pare
