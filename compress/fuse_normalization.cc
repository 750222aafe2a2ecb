#include "compress/fuse_normalization.h"

#include <algorithm>
#include <cmath>

#include "compress/rewrite.h"

namespace pare {
namespace {

const Node* binary_of(const Graph& graph, ValueId id, Binary::Kind kind) {
  const Node* node = producer_as<Binary>(graph, id);
  return node && as<Binary>(node->op, kind) ? node : nullptr;
}

// The first axis of those that a mean with kept axes is taken over, where they are the last ones.
struct Mean {
  ValueId data;
  int64_t axis;
};
std::optional<Mean> mean_of(const Graph& graph, ValueId id) {
  const Node* node = producer_as<Reduce>(graph, id);
  if (node == nullptr || !as<Reduce>(node->op, Reduce::Kind::Mean) || !as<Reduce>(node->op)->keepdims)
    return std::nullopt;
  const Tensor* axes = constant_of(graph, *node, 1);
  const Shape* shape = shape_of(graph, node->inputs[0]);
  if (axes == nullptr || axes->size() < 1 || shape == nullptr) return std::nullopt;
  const auto rank = static_cast<int64_t>(shape->size());
  std::vector<int64_t> sorted = axes->ints();
  for (int64_t& axis : sorted) axis += axis < 0 ? rank : 0;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != rank - static_cast<int64_t>(sorted.size() - i)) return std::nullopt;
  }
  return Mean{node->inputs[0], -static_cast<int64_t>(sorted.size())};
}

// x of x * x or x ^ 2.
ValueId squared(const Graph& graph, ValueId id) {
  if (const Node* product = binary_of(graph, id, Binary::Kind::Mul)) {
    return product->inputs[0] == product->inputs[1] ? product->inputs[0] : ValueId::none;
  }
  const Node* power = binary_of(graph, id, Binary::Kind::Pow);
  return power && uniform_constant(graph, power->inputs[1]) == 2.0 ? power->inputs[0] : ValueId::none;
}

// v and e of v + e.
struct Guarded {
  ValueId data;
  double epsilon;
};
std::optional<Guarded> guarded(const Graph& graph, ValueId id) {
  const Node* sum = binary_of(graph, id, Binary::Kind::Add);
  for (size_t slot = 0; sum != nullptr && slot < 2; ++slot) {
    const std::optional<double> epsilon = uniform_constant(graph, sum->inputs[slot]);
    if (epsilon && *epsilon >= 0) return Guarded{sum->inputs[1 - slot], *epsilon};
  }
  return std::nullopt;
}

// v of sqrt(v), by Sqrt or a power.
ValueId rooted(const Graph& graph, ValueId id, double exponent) {
  const Node* root = exponent == 0.5 ? producer_as<Unary>(graph, id) : nullptr;
  if (root && as<Unary>(root->op, Unary::Kind::Sqrt)) return root->inputs[0];
  const Node* power = binary_of(graph, id, Binary::Kind::Pow);
  return power && uniform_constant(graph, power->inputs[1]) == exponent ? power->inputs[0] : ValueId::none;
}

// v where the value is 1 / sqrt(v).
ValueId reciprocal_root(const Graph& graph, ValueId id) {
  if (const ValueId direct = rooted(graph, id, -0.5); direct != ValueId::none) return direct;
  const Node* unary = producer_as<Unary>(graph, id);
  if (unary && as<Unary>(unary->op, Unary::Kind::Reciprocal)) return rooted(graph, unary->inputs[0], 0.5);
  const Node* quotient = binary_of(graph, id, Binary::Kind::Div);
  const bool one = quotient && uniform_constant(graph, quotient->inputs[0]) == 1.0;
  return one ? rooted(graph, quotient->inputs[1], 0.5) : ValueId::none;
}

// a / sqrt(v + e) with v = mean of a^2: a is what is normalized.
struct Normalized {
  ValueId data;
  int64_t axis;
  double epsilon;
};
std::optional<Normalized> by_root_mean_square(const Graph& graph, ValueId data, ValueId inside) {
  const std::optional<Guarded> sum = inside == ValueId::none ? std::nullopt : guarded(graph, inside);
  const std::optional<Mean> mean = sum ? mean_of(graph, sum->data) : std::nullopt;
  if (!mean || squared(graph, mean->data) != data) return std::nullopt;
  return Normalized{data, mean->axis, sum->epsilon};
}

std::optional<Normalized> normalized(const Graph& graph, ValueId id) {
  if (const Node* quotient = binary_of(graph, id, Binary::Kind::Div)) {
    return by_root_mean_square(graph, quotient->inputs[0], rooted(graph, quotient->inputs[1], 0.5));
  }
  const Node* product = binary_of(graph, id, Binary::Kind::Mul);
  for (size_t slot = 0; product != nullptr && slot < 2; ++slot) {
    const ValueId inside = reciprocal_root(graph, product->inputs[1 - slot]);
    if (auto found = by_root_mean_square(graph, product->inputs[slot], inside)) return found;
  }
  return std::nullopt;
}

// x where `centred` is x - mean(x) over the last axes from that one.
ValueId centre_source(const Graph& graph, ValueId centred, int64_t axis) {
  const Node* difference = binary_of(graph, centred, Binary::Kind::Sub);
  const std::optional<Mean> mean = difference ? mean_of(graph, difference->inputs[1]) : std::nullopt;
  return mean && mean->axis == axis && mean->data == difference->inputs[0] ? mean->data : ValueId::none;
}

// The extents from that axis on, where they are numbers.
std::optional<Dims> last_extents(const Graph& graph, ValueId id, int64_t axis) {
  const Shape* shape = shape_of(graph, id);
  if (shape == nullptr || static_cast<int64_t>(shape->size()) < -axis) return std::nullopt;
  Dims dims;
  for (auto at = shape->end() + axis; at != shape->end(); ++at) {
    if (!at->known()) return std::nullopt;
    dims.push_back(at->size);
  }
  return dims;
}

// A constant that has these extents but for leading ones, or one element for all.
std::optional<Tensor> parameter(const Graph& graph, ValueId id, const Dims& dims) {
  const std::optional<Tensor>& constant = graph.value(id).constant;
  if (!constant || constant->dtype() != DType::float32) return std::nullopt;
  Dims own = constant->dims();
  while (own.size() > dims.size() && own.front() == 1) own.erase(own.begin());
  if (own == dims) return constant->reshaped(dims);
  const std::optional<double> number = uniform_constant(graph, id);
  if (!number || own.size() > dims.size() || constant->size() != 1) return std::nullopt;
  Tensor filled(DType::float32, dims);
  std::ranges::fill(filled.mutable_data<float>(), static_cast<float>(*number));
  return filled;
}

struct Parameter {
  ValueId data;
  Tensor tensor;
};
std::optional<Parameter> with_parameter(const Graph& graph, ValueId id, Binary::Kind kind, const Dims& dims) {
  const Node* node = binary_of(graph, id, kind);
  for (size_t slot = 0; node != nullptr && slot < 2; ++slot) {
    if (auto tensor = parameter(graph, node->inputs[1 - slot], dims))
      return Parameter{node->inputs[slot], *std::move(tensor)};
  }
  return std::nullopt;
}

// The layer that ends in this node, taken as its last sum, its product, or the bare quotient.
bool fuse_last_axes(Graph& graph, NodeId id, int64_t opset) {
  const ValueId output = graph.node(id).outputs[0];
  const Shape* shape = shape_of(graph, output);
  if (graph.value(output).type.dtype != DType::float32 || shape == nullptr) return false;
  for (int64_t axis = -1; axis >= -static_cast<int64_t>(std::min<size_t>(shape->size(), 3)); --axis) {
    const std::optional<Dims> dims = last_extents(graph, output, axis);
    if (!dims) return false;
    const auto bias = with_parameter(graph, output, Binary::Kind::Add, *dims);
    const auto scale = with_parameter(graph, bias ? bias->data : output, Binary::Kind::Mul, *dims);
    const ValueId core = scale ? scale->data : bias ? bias->data : output;
    const std::optional<Normalized> found = normalized(graph, core);
    if (!found || found->axis != axis) continue;
    const ValueId centred_from = centre_source(graph, found->data, axis);
    const bool layer = centred_from != ValueId::none && opset >= LayerNormalization::kSince;
    if (!layer && (bias || opset < RMSNormalization::kSince)) continue;
    Tensor ones(DType::float32, *dims);
    std::ranges::fill(ones.mutable_data<float>(), 1.0f);
    const std::string name = graph.value(output).name;
    std::vector<ValueId> inputs{layer ? centred_from : found->data,
                                graph.add_constant(name + ".scale", scale ? scale->tensor : ones)};
    if (bias) inputs.push_back(graph.add_constant(name + ".bias", bias->tensor));
    const auto epsilon = static_cast<float>(found->epsilon);
    Node& node = graph.node(id);
    node.op = layer ? Op(LayerNormalization{.axis = axis, .epsilon = epsilon})
                    : Op(RMSNormalization{.axis = axis, .epsilon = epsilon});
    node.inputs = std::move(inputs);
    return true;
  }
  return false;
}

// What leads to a Reshape between [N, C, ...] and [N, groups, rest], and the number of groups.
struct Grouped {
  ValueId data;
  int64_t groups, channels;
  float epsilon;
};
std::optional<Grouped> grouped(const Graph& graph, ValueId id) {
  const Node* back = producer_as<Reshape>(graph, id);
  const Node* norm = back ? producer_as<InstanceNormalization>(graph, back->inputs[0]) : nullptr;
  const Node* there = norm ? producer_as<Reshape>(graph, norm->inputs[0]) : nullptr;
  if (there == nullptr || uniform_constant(graph, norm->inputs[1]) != 1.0 ||
      uniform_constant(graph, norm->inputs[2]) != 0.0) {
    return std::nullopt;
  }
  const Shape *outer = shape_of(graph, there->inputs[0]), *inner = shape_of(graph, there->outputs[0]);
  const bool shaped = outer && inner && outer->size() >= 3 && inner->size() >= 3 &&
                      same_shape(outer, shape_of(graph, id)) && (*outer)[0].same((*inner)[0]) && (*outer)[1].known() &&
                      (*inner)[1].known();
  if (!shaped || (*inner)[1].size < 1 || (*outer)[1].size % (*inner)[1].size != 0) return std::nullopt;
  return Grouped{there->inputs[0], (*inner)[1].size, (*outer)[1].size, as<InstanceNormalization>(norm->op)->epsilon};
}

bool fuse_groups(Graph& graph, NodeId id) {
  const ValueId output = graph.node(id).outputs[0];
  const Shape* shape = shape_of(graph, output);
  if (shape == nullptr || shape->size() < 3 || !(*shape)[1].known()) return false;
  Dims dims(shape->size() - 1, 1);
  dims[0] = (*shape)[1].size;
  const auto bias = with_parameter(graph, output, Binary::Kind::Add, dims);
  const auto scale = bias ? with_parameter(graph, bias->data, Binary::Kind::Mul, dims) : std::nullopt;
  const std::optional<Grouped> found = scale ? grouped(graph, scale->data) : std::nullopt;
  if (!found || graph.value(found->data).type.dtype != DType::float32) return false;
  const std::string name = graph.value(output).name;
  const ValueId gain = graph.add_constant(name + ".scale", scale->tensor.reshaped({found->channels}));
  const ValueId shift = graph.add_constant(name + ".bias", bias->tensor.reshaped({found->channels}));
  Node& node = graph.node(id);
  node.op = GroupNormalization{.epsilon = found->epsilon, .num_groups = found->groups};
  node.inputs = {found->data, gain, shift};
  return true;
}

}  // namespace

int fuse_normalization(Graph& graph, int64_t opset) {
  int fused = 0;
  // From the back, so that the sum at the end is met before the product and the quotient in it.
  std::vector<NodeId> nodes = graph.order();
  std::ranges::reverse(nodes);
  for (NodeId id : nodes) {
    if (!as<Binary>(graph.node(id).op)) continue;
    if (opset >= LayerNormalization::kSince && fuse_last_axes(graph, id, opset)) {
      ++fused;
    } else if (opset >= GroupNormalization::kSince && fuse_groups(graph, id)) {
      ++fused;
    }
  }
  if (fused > 0) graph.remove_unused();
  return fused;
}

}  // namespace pare
