#include "formats/onnx/downgrade.h"

#include <algorithm>

#include "formats/onnx/upgrade.h"
#include "graph/subgraphs.h"

namespace pare::onnx_format {
namespace {

constexpr int64_t kReduceAxesInput = 18;  // ReduceSum: 13

// The opset that brought an element type.
int64_t type_since(DType dtype) {
  switch (dtype) {
    case DType::float8e4m3fn:
    case DType::float8e4m3fnuz:
    case DType::float8e5m2:
    case DType::float8e5m2fnuz:
      return 19;
    case DType::uint4:
    case DType::int4:
      return 21;
    case DType::float4e2m1:
      return 23;
    case DType::float8e8m0:
      return 24;
    case DType::uint2:
    case DType::int2:
      return 25;
    case DType::float6e2m3:
    case DType::float6e3m2:
      return 28;
    case DType::undefined:
    case DType::float32:
    case DType::uint8:
    case DType::int8:
    case DType::uint16:
    case DType::int16:
    case DType::int32:
    case DType::int64:
    case DType::string:
    case DType::boolean:
    case DType::float16:
    case DType::float64:
    case DType::uint32:
    case DType::uint64:
    case DType::complex64:
    case DType::complex128:
    case DType::bfloat16:
      break;
  }
  return 1;
}

// The opset in which every operator that moves values takes them in such a container.
int64_t container_since(Container container) {
  switch (container) {
    case Container::tensor:
      return 1;
    case Container::sequence:
      return 14;  // Identity
    case Container::optional:
    case Container::optional_sequence:
      return 18;  // OptionalGetElement of what is no optional
  }
  return 1;
}

DType dtype_of_input(const Graph& graph, const Node& node, size_t slot) {
  const bool present = slot < node.inputs.size() && node.inputs[slot] != ValueId::none;
  return present ? graph.value(node.inputs[slot]).type.dtype : DType::undefined;
}

bool is_narrow_integer(DType dtype) { return is_integer(dtype) && bits(dtype) < 32; }

// Operators that older opsets define for fewer element types.
int64_t operand_since(const Graph& graph, const Node& node) {
  int64_t since = 1;
  for (const auto* values : {&node.inputs, &node.outputs}) {
    for (const ValueId id : *values) {
      if (id == ValueId::none) continue;
      const Type& type = graph.value(id).type;
      since = std::max({since, type_since(type.dtype), container_since(type.container)});
    }
  }
  const DType first = dtype_of_input(graph, node, 0);
  if (as<QuantizeLinear>(node.op) || as<DequantizeLinear>(node.op)) {
    const DType zero = dtype_of_input(graph, node, 2), scale = dtype_of_input(graph, node, 1);
    for (const DType dtype : {first, zero}) {
      if (dtype == DType::int16 || dtype == DType::uint16) since = std::max<int64_t>(since, 21);
    }
    if (scale == DType::float16 || scale == DType::bfloat16) since = std::max<int64_t>(since, 19);
  }
  if (const auto* binary = as<Binary>(node.op)) {
    using Kind = Binary::Kind;
    const bool arithmetic = binary->kind == Kind::Add || binary->kind == Kind::Sub || binary->kind == Kind::Mul ||
                            binary->kind == Kind::Div;
    if (arithmetic && is_narrow_integer(first)) since = std::max<int64_t>(since, 14);
    const bool or_equal = binary->kind == Kind::GreaterOrEqual || binary->kind == Kind::LessOrEqual;
    if (or_equal && first == DType::bfloat16) since = std::max<int64_t>(since, 16);
  }
  if (as<Unary>(node.op, Unary::Kind::Relu) && is_integer(first)) since = std::max<int64_t>(since, 14);
  return since;
}

// The constant axes of a reduction, which opsets below 18 write as an attribute; null without the input. `fits` is
// false where there is no such form.
const Tensor* reduce_axes(const Graph& graph, const Node& node, bool& fits) {
  const auto& reduce = *as<Reduce>(node.op);
  const bool present = node.inputs.size() > 1 && node.inputs[1] != ValueId::none;
  const Tensor* axes = nullptr;
  if (present && graph.value(node.inputs[1]).constant) axes = &*graph.value(node.inputs[1]).constant;
  const bool empty = !present || (axes && axes->size() == 0);
  fits = (!present || axes) && !(empty && reduce.noop_with_empty_axes);
  return axes;
}

int64_t node_since(const Graph& graph, const Node& node) {
  int64_t since = operand_since(graph, node);
  if (op_domain(node.op).empty()) since = std::max<int64_t>(since, op_since(node.op));
  if (const auto* reduce = as<Reduce>(node.op); reduce && reduce->kind != Reduce::Kind::Sum) {
    bool fits = false;
    (void)reduce_axes(graph, node, fits);
    if (fits) since = operand_since(graph, node);
  }
  if (as<Pad>(node.op) && node.inputs.size() > 3) since = std::max<int64_t>(since, 18);
  if (const auto* resize = as<Resize>(node.op)) {
    if (resize->coordinate_transformation_mode == "half_pixel_symmetric") since = std::max<int64_t>(since, 19);
  }
  if (const auto* opaque = as<Opaque>(node.op); opaque && opaque->domain.empty()) {
    since = std::max(since, opaque->version);
  }
  return since;
}

// What limits the choice: the node that needs the highest opset.
struct Need {
  int64_t opset = kOldestWritten;
  std::string node;
};

template <class Visit>
Result<void> each_node(const Graph& graph, const Visit& visit) {
  for (const NodeId id : graph.order()) {
    PARE_TRY(visit(graph, id));
    for (const Subgraph& inner : subgraphs(graph.node(id).op)) PARE_TRY(each_node(*inner.graph, visit));
  }
  return {};
}

Result<void> check_opaque(const Graph& graph, NodeId id, int64_t opset) {
  const auto* opaque = as<Opaque>(graph.node(id).op);
  if (!opaque || !opaque->domain.empty()) return {};
  const bool stale = op_known("", opaque->type) && opaque->version < kOldestWritten;
  if (!stale) return {};
  return unsupported(describe(graph, id) + " has its meaning in opset " + std::to_string(opaque->version) +
                     " and another in opset " + std::to_string(opset) + ", in which the model would be written");
}

bool required(std::string_view type, std::string_view attribute) {
  return (type == "Concat" && attribute == "axis") || (type == "Cast" && attribute == "to") ||
         (type == "LRN" && attribute == "size") || (type.ends_with("Depth") && attribute == "blocksize") ||
         (type.starts_with("DepthTo") && attribute == "blocksize");
}

// The attributes that differ from their defaults, and those that ONNX has no default for.
Attributes written_attributes(const Op& op, std::string_view type) {
  Attributes attributes = op_attributes(op);
  for (auto& attribute : op_attributes(op, true)) {
    const bool there = std::any_of(attributes.begin(), attributes.end(),
                                   [&](const NamedAttribute& other) { return other.name == attribute.name; });
    if (!there && required(type, attribute.name)) attributes.push_back(std::move(attribute));
  }
  return attributes;
}

// ReduceMean(x, a) -> ReduceMean {axes = a}(x)
void downgrade_reduce(const Graph& graph, const Node& node, WireNode& wire) {
  bool fits = false;
  const Tensor* axes = reduce_axes(graph, node, fits);
  std::erase_if(wire.attributes, [](const NamedAttribute& a) { return a.name == "noop_with_empty_axes"; });
  wire.inputs.resize(1);
  if (axes && axes->size()) wire.attributes.push_back({"axes", axes->ints()});
}

}  // namespace

Result<int64_t> choose_opset(const Graph& graph, std::optional<int64_t> asked) {
  Need need;
  PARE_TRY(each_node(graph, [&](const Graph& owner, NodeId id) -> Result<void> {
    const int64_t since = node_since(owner, owner.node(id));
    if (since > need.opset) need = {since, describe(owner, id)};
    return {};
  }));
  if (asked && *asked < need.opset) {
    return unsupported(need.node.empty() ? "opset " + std::to_string(*asked) + " is below " +
                                               std::to_string(kOldestWritten) + ", the oldest that is written"
                                         : need.node + " needs opset " + std::to_string(need.opset) +
                                               "; the model cannot be written in opset " + std::to_string(*asked));
  }
  if (asked.value_or(0) > kNewestWritten) {
    return unsupported("opset " + std::to_string(*asked) + " is newer than " + std::to_string(kNewestWritten) +
                       ", the newest that is written");
  }
  const int64_t opset = asked.value_or(need.opset);
  PARE_TRY(each_node(graph, [&](const Graph& owner, NodeId id) { return check_opaque(owner, id, opset); }));
  return opset;
}

std::map<std::string, int64_t> written_domains(const Graph& graph) {
  std::map<std::string, int64_t> domains = graph.domains;
  (void)each_node(graph, [&](const Graph& owner, NodeId id) -> Result<void> {
    const Op& op = owner.node(id).op;
    const std::string domain(op_domain(op));
    if (domain.empty()) return {};
    const auto* opaque = as<Opaque>(op);
    const int64_t since = opaque ? opaque->version : op_since(op);
    const auto [entry, fresh] = domains.try_emplace(domain, since);
    if (!opaque) entry->second = std::max(entry->second, since);
    return {};
  });
  return domains;
}

int64_t ir_version_of(int64_t opset) {
  struct Row {
    int64_t opset, ir_version;
  };
  constexpr Row kRows[] = {{28, 14}, {25, 13}, {24, 12}, {23, 11}, {21, 10}, {19, 9}, {15, 8}};
  for (const Row& row : kRows) {
    if (opset >= row.opset) return row.ir_version;
  }
  return 7;
}

WireNode downgrade(const Graph& graph, NodeId id, int64_t opset) {
  const Node& node = graph.node(id);
  if (const auto* opaque = as<Opaque>(node.op)) return {opaque->domain, opaque->type, opaque->attributes, node.inputs};
  const std::string type(op_type(node.op));
  WireNode wire{std::string(op_domain(node.op)), type, written_attributes(node.op, type), node.inputs};
  if (const auto* reduce = as<Reduce>(node.op)) {
    if (opset < kReduceAxesInput && reduce->kind != Reduce::Kind::Sum) downgrade_reduce(graph, node, wire);
  }
  // Split(x) into n equal parts -> Split {num_outputs = n}(x), which opset 18 asks for
  if (const auto* split = as<Split>(node.op); split && opset >= 18 && !split->num_outputs && node.inputs.size() < 2) {
    wire.attributes.push_back({"num_outputs", static_cast<int64_t>(node.outputs.size())});
  }
  // Loop() with neither count nor condition; both are inputs left out
  if (as<Loop>(node.op) && wire.inputs.size() < 2) wire.inputs.resize(2, ValueId::none);
  return wire;
}

}  // namespace pare::onnx_format
