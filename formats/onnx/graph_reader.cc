#include "formats/onnx/graph_reader.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "formats/onnx/metadata.h"
#include "formats/onnx/tensors.h"
#include "formats/onnx/types.h"

namespace pare::onnx_format {
namespace {

std::string canonical_domain(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

// Whether known facts of the two types exclude each other.
bool contradict(const Type& a, const Type& b) {
  if (a.dtype != DType::undefined && b.dtype != DType::undefined) {
    if (a.dtype != b.dtype || !compatible(a.container, b.container)) return true;
  }
  if (!a.shape || !b.shape) return false;
  if (a.shape->size() != b.shape->size()) return true;
  for (size_t i = 0; i < a.shape->size(); ++i) {
    const Dim &x = (*a.shape)[i], &y = (*b.shape)[i];
    if (x.known() && y.known() && x.size != y.size) return true;
  }
  return false;
}

Failure twice(const std::string& name) {
  return input_error("value '" + name + "' is defined twice; every name may have one source");
}

// The tensor that a Constant's attribute gives.
Result<Tensor> constant_value(const NamedAttribute& attribute) {
  const auto& value = attribute.value;
  const auto count = [](const auto& values) { return Dims{static_cast<int64_t>(values.size())}; };
  if (const auto* tensor = std::get_if<Tensor>(&value)) return *tensor;
  if (const auto* number = std::get_if<float>(&value)) return Tensor::scalar(*number);
  if (const auto* number = std::get_if<int64_t>(&value)) return Tensor::scalar(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return Tensor::strings({}, {*text});
  if (const auto* numbers = std::get_if<std::vector<float>>(&value))
    return Tensor::of<float>(count(*numbers), *numbers);
  if (const auto* numbers = std::get_if<std::vector<int64_t>>(&value)) {
    return Tensor::of<int64_t>(count(*numbers), *numbers);
  }
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) return Tensor::strings(count(*texts), *texts);
  return input_error("attribute '" + attribute.name + "' is no constant value");
}

}  // namespace

Result<void> GraphReader::define(const std::string& name, ValueId id) {
  if (!values_.emplace(name, id).second) return twice(name);
  return {};
}

Result<void> GraphReader::read_initializers(onnx::GraphProto& proto) {
  for (auto& initializer : *proto.mutable_initializer()) {
    const std::string name = initializer.name();
    if (name.empty()) return input_error("an initializer has no name");
    if (values_.contains(name)) return twice(name);
    auto tensor = read_tensor(initializer, model_.storage);
    if (!tensor) return in_context("initializer '" + name + "'", tensor.failure());
    PARE_TRY(define(name, graph_.add_constant(name, *std::move(tensor))));
  }
  for (auto& initializer : *proto.mutable_sparse_initializer()) {
    const std::string name = initializer.values().name();
    if (name.empty()) return input_error("a sparse initializer has no name");
    if (values_.contains(name)) return twice(name);
    auto tensor = read_sparse_tensor(initializer, model_.storage);
    if (!tensor) return in_context("initializer '" + name + "'", tensor.failure());
    PARE_TRY(define(name, graph_.add_constant(name, *std::move(tensor))));
  }
  return {};
}

// An input with an initializer of its name (IR version 3 lists them all) is a constant.
Result<void> GraphReader::read_inputs(const onnx::GraphProto& proto) {
  std::unordered_map<std::string, int> seen;
  for (const auto& input : proto.input()) {
    if (input.name().empty()) return input_error("a graph input has no name");
    if (seen[input.name()]++) return twice(input.name());
    auto type = read_type(input.type());
    if (!type) return in_context("input '" + input.name() + "'", type.failure());
    if (const auto found = values_.find(input.name()); found != values_.end()) {
      if (contradict(graph_.value(found->second).type, *type)) {
        return input_error("input '" + input.name() + "' is declared " + to_string(*type) + " but its initializer is " +
                           to_string(graph_.value(found->second).type));
      }
      continue;
    }
    if (!outer_ && type->dtype == DType::undefined) {
      return unsupported(
          "input '" + input.name() +
          "' is not a tensor, nor a sequence or an optional of tensors, and nothing else can enter a graph");
    }
    PARE_TRY(define(input.name(), graph_.add_input(input.name(), *std::move(type))));
  }
  return {};
}

Result<void> GraphReader::declare_outputs_of_nodes(const onnx::GraphProto& proto) {
  for (const auto& node : proto.node()) {
    for (const auto& output : node.output()) {
      if (output.empty()) continue;
      if (values_.contains(output)) return in_context(describe_node(node), twice(output));
      PARE_TRY(define(output, graph_.add_value(output)));
    }
  }
  return {};
}

// Declared types of intermediate values: inference completes from them what it cannot tell, and overrules them.
Result<void> GraphReader::read_value_info(const onnx::GraphProto& proto) {
  const std::unordered_set<ValueId> inputs(graph_.inputs.begin(), graph_.inputs.end());
  for (const auto& info : proto.value_info()) {
    const auto found = values_.find(info.name());
    if (found == values_.end()) continue;
    Value& value = graph_.value(found->second);
    if (value.constant || inputs.contains(found->second)) continue;
    auto type = read_type(info.type());
    if (!type) return in_context("value '" + info.name() + "'", type.failure());
    value.type = *std::move(type);
  }
  return {};
}

Result<void> GraphReader::read_outputs(const onnx::GraphProto& proto) {
  for (const auto& output : proto.output()) {
    PARE_ASSIGN(const ValueId id, resolve(output.name()));
    auto type = read_type(output.type());
    if (!type) return in_context("output '" + output.name() + "'", type.failure());
    const NodeId producer = graph_.value(id).producer;
    const bool carried = producer != NodeId::none && as<Opaque>(graph_.node(producer).op) != nullptr;
    if (!outer_ && !carried && output.type().value_case() != onnx::TypeProto::VALUE_NOT_SET &&
        type->dtype == DType::undefined && !output.type().has_tensor_type()) {
      return unsupported(
          "output '" + output.name() +
          "' is not a tensor, nor a sequence or an optional of tensors, and nothing else can leave a graph");
    }
    Value& value = graph_.value(id);
    if (contradict(value.type, *type)) {
      return input_error("output '" + output.name() + "' is declared " + to_string(*type) + " but computed as " +
                         to_string(value.type));
    }
    if (!value.constant) {
      value.type = merge_types(value.type, *type);
      if (type->dtype != DType::undefined) value.type.container = type->container;
    }
    graph_.outputs.push_back(id);
  }
  return {};
}

Result<ValueId> GraphReader::resolve(const std::string& name) {
  if (const auto found = values_.find(name); found != values_.end()) return found->second;
  if (!outer_) return input_error("value '" + name + "' is used but no input, initializer or node defines it");
  PARE_ASSIGN(const ValueId outside, outer_->resolve(name));
  const ValueId id = graph_.add_value(name, outer_->graph_.value(outside).type);
  graph_.captured.push_back(id);
  values_.emplace(name, id);
  return id;
}

Result<int64_t> GraphReader::version_of(const onnx::NodeProto& proto, const std::string& domain) const {
  const auto own = model_.node_opsets.find(&proto);
  const Opsets& opsets = own == model_.node_opsets.end() ? model_.opsets : *own->second;
  if (const auto found = opsets.find(domain); found != opsets.end()) return found->second;
  if (domain.empty()) return input_error("the model imports no opset of domain 'ai.onnx'; opset_import must name one");
  return 1;
}

Result<void> GraphReader::read_attributes(onnx::NodeProto& proto, LegacyNode& node) {
  const ReadSubgraph subgraph = [&](onnx::GraphProto& body) -> Result<GraphPtr> {
    GraphReader reader(model_, this);
    PARE_ASSIGN(Graph graph, reader.read(body));
    return GraphPtr(std::make_shared<const Graph>(std::move(graph)));
  };
  std::unordered_set<std::string> names;
  std::unordered_set<ValueId> captures;
  // By name, so that the order of captures does not depend on how a file orders attributes.
  std::vector<int> by_name(static_cast<size_t>(proto.attribute_size()));
  std::iota(by_name.begin(), by_name.end(), 0);
  std::stable_sort(by_name.begin(), by_name.end(),
                   [&](int a, int b) { return proto.attribute(a).name() < proto.attribute(b).name(); });
  node.attributes.resize(by_name.size());
  for (const int i : by_name) {
    PARE_ASSIGN(auto read, read_attribute(*proto.mutable_attribute(i), model_.storage, subgraph));
    if (!names.insert(read.name).second) return input_error("attribute '" + read.name + "' is given twice");
    if (const auto* body = std::get_if<GraphPtr>(&read.value)) {
      for (const ValueId captured : (*body)->captured) {
        PARE_ASSIGN(const ValueId id, resolve((*body)->value(captured).name));
        if (captures.insert(id).second) node.captures.push_back(id);
      }
    }
    node.attributes[static_cast<size_t>(i)] = std::move(read);
  }
  return {};
}

// Constant {value = t} -> a constant; also value_float, value_floats, value_int, value_ints, value_string(s), and
// sparse_value, which read_node has made dense.
Result<void> GraphReader::read_constant(const LegacyNode& node) {
  if (node.attributes.size() != 1 || node.outputs.size() != 1 || node.outputs[0] == ValueId::none) {
    return input_error("a Constant has one attribute and one output; found " + std::to_string(node.attributes.size()) +
                       " and " + std::to_string(node.outputs.size()));
  }
  PARE_ASSIGN(auto tensor, constant_value(node.attributes[0]));
  const Type type = tensor.type();
  if (contradict(type, graph_.value(node.outputs[0]).type)) graph_.value(node.outputs[0]).type = type;
  graph_.set_constant(node.outputs[0], std::move(tensor));
  return {};
}

Result<void> GraphReader::read_node(onnx::NodeProto& proto) {
  LegacyNode node;
  node.domain = canonical_domain(proto.domain());
  node.type = proto.op_type();
  node.name = proto.name();
  node.metadata = read_metadata(proto);
  if (node.type.empty()) return input_error("a node has no operator type");
  PARE_ASSIGN(node.version, version_of(proto, node.domain));
  for (const auto& input : proto.input()) {
    ValueId id = ValueId::none;
    if (!input.empty()) {
      PARE_ASSIGN(id, resolve(input));
    }
    node.inputs.push_back(id);
  }
  for (const auto& output : proto.output()) {
    node.outputs.push_back(output.empty() ? ValueId::none : values_.at(output));
  }
  if (node.domain.empty() && node.type == "Constant" && proto.attribute_size() == 1 &&
      proto.attribute(0).has_sparse_tensor()) {
    PARE_ASSIGN(auto tensor, read_sparse_tensor(*proto.mutable_attribute(0)->mutable_sparse_tensor(), model_.storage));
    node.attributes.push_back({"value", std::move(tensor)});
    return read_constant(node);
  }
  PARE_TRY(read_attributes(proto, node));
  if (node.domain.empty() && node.type == "Constant") return read_constant(node);
  return builder_.place(std::move(node));
}

Result<Graph> GraphReader::read(onnx::GraphProto& proto) {
  graph_.name = proto.name();
  PARE_TRY(read_initializers(proto));
  PARE_TRY(read_inputs(proto));
  PARE_TRY(declare_outputs_of_nodes(proto));
  PARE_TRY(read_value_info(proto));
  PARE_ASSIGN(const std::vector<int> order, topological_order(proto));
  for (const int i : order) {
    auto& node = *proto.mutable_node(i);
    if (auto read = read_node(node); !read) return in_context(describe_node(node), read.failure());
  }
  PARE_TRY(read_outputs(proto));
  return std::move(graph_);
}

}  // namespace pare::onnx_format
