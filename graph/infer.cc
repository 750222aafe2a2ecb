#include "graph/infer.h"

#include <map>

#include "graph/graph.h"
#include "graph/inference.h"

namespace pare {
namespace {

constexpr size_t kMaxRank = 64;

size_t index_of(ValueId id) { return static_cast<size_t>(id); }

// The more telling of a declared and an inferred extent; nullopt when they are different numbers.
std::optional<Dim> merged(const Dim& declared, const Dim& inferred) {
  if (inferred.known()) {
    if (declared.known() && declared.size != inferred.size) return std::nullopt;
    return inferred;
  }
  return declared.known() || inferred.unknown() ? declared : inferred;
}

std::optional<Type> merged(const Type& declared, const Type& inferred) {
  Type result = inferred;
  if (inferred.dtype == DType::undefined) {
    result.dtype = declared.dtype;
    result.container = declared.container;
  } else if (declared.dtype != DType::undefined) {
    if (declared.dtype != inferred.dtype || !compatible(declared.container, inferred.container)) return std::nullopt;
    result.container = declared.container;
  }
  if (!declared.shape) return result;
  if (!inferred.shape) {
    result.shape = declared.shape;
    return result;
  }
  if (declared.shape->size() != inferred.shape->size()) return std::nullopt;
  for (size_t i = 0; i < declared.shape->size(); ++i) {
    const auto dim = merged((*declared.shape)[i], (*inferred.shape)[i]);
    if (!dim) return std::nullopt;
    (*result.shape)[i] = *dim;
  }
  return result;
}

}  // namespace

Inference::Inference(const Graph& graph, Declared declared)
    : graph_(graph), declared_(declared), known_(graph.value_limit()) {
  for (const ValueId id : graph.values()) {
    const Value& value = graph.value(id);
    Known& known = known_[index_of(id)];
    known.present = true;
    known.type = value.type;
    if (value.constant) {
      known.type = value.constant->type();
      known.constant = &*value.constant;
    }
  }
}

Result<void> Inference::run() {
  for (const NodeId id : graph_.order()) {
    if (const auto done = infer_node(graph_.node(id)); !done) return in_context(describe(graph_, id), done.failure());
  }
  return {};
}

Type Inference::declared_type(const Node& producer, ValueId id) const {
  Type type = graph_.value(id).type;
  if (declared_ == Declared::dtypes && !as<Opaque>(producer.op)) type.shape.reset();
  return type;
}

Result<void> Inference::infer_node(const Node& node) {
  InferContext context;
  if (const Opaque* opaque = as<Opaque>(node.op)) context.opset = opaque->version;
  for (const ValueId input : node.inputs) {
    context.inputs.push_back(input == ValueId::none ? Known{} : known_[index_of(input)]);
  }
  for (const ValueId id : node.captures) context.captures.emplace_back(graph_.value(id).name, known_[index_of(id)]);
  for (const ValueId output : node.outputs) context.outputs.push_back({.present = output != ValueId::none});
  PARE_TRY(op_infer(node.op, context));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const ValueId output = node.outputs[i];
    if (output == ValueId::none) continue;
    const Value& value = graph_.value(output);
    const Type& inferred = context.outputs[i].type;
    if (inferred.shape && inferred.shape->size() > kMaxRank) {
      return unsupported("'" + value.name + "' has rank " + std::to_string(inferred.shape->size()) +
                         ", expected at most " + std::to_string(kMaxRank));
    }
    const Type declared = declared_type(node, output);
    auto type = merged(declared, inferred);
    if (!type) {
      return input_error("'" + value.name + "' is declared as " + to_string(declared) + ", but must be " +
                         to_string(inferred));
    }
    known_[index_of(output)].type = *std::move(type);
    known_[index_of(output)].contents = std::move(context.outputs[i].contents);
  }
  return {};
}

Result<void> infer_types(Graph& graph) {
  Inference inference(graph);
  PARE_TRY(inference.run());
  for (const ValueId id : graph.values()) {
    if (graph.value(id).producer != NodeId::none) graph.value(id).type = inference.type(id);
  }
  return {};
}

Result<void> bind_input_dims(Graph& graph, const std::vector<std::pair<std::string, Dims>>& dims) {
  std::map<std::string, int64_t> bound;
  for (const auto& [name, wanted] : dims) {
    const std::string where = "input '" + name + '\'';
    std::optional<ValueId> id;
    for (const ValueId input : graph.inputs) {
      if (graph.value(input).name == name) id = input;
    }
    if (!id) return input_error(where + " is not an input of the graph");
    Shape& shape = graph.value(*id).type.shape.emplace(graph.value(*id).type.shape.value_or(Shape(wanted.size())));
    if (shape.size() != wanted.size()) {
      return input_error(where + " has rank " + std::to_string(shape.size()) + ", found " +
                         std::to_string(wanted.size()) + " dimensions to bind");
    }
    for (size_t i = 0; i < shape.size(); ++i) {
      const bool fits = wanted[i] >= 0 && (!shape[i].known() || shape[i].size == wanted[i]);
      const auto other = shape[i].symbol.empty() ? bound.end() : bound.find(shape[i].symbol);
      if (!fits || (other != bound.end() && other->second != wanted[i])) {
        return input_error(where + " cannot have extent " + std::to_string(wanted[i]) + " along axis " +
                           std::to_string(i) + ", expected " +
                           (fits ? std::to_string(other->second) + " for " + shape[i].symbol : to_string(shape[i])));
      }
      if (!shape[i].symbol.empty()) bound[shape[i].symbol] = wanted[i];
      shape[i] = Dim(wanted[i]);
    }
  }
  for (const ValueId id : graph.values()) {
    if (!graph.value(id).type.shape) continue;
    for (Dim& dim : *graph.value(id).type.shape) {
      const auto number = dim.symbol.empty() ? bound.end() : bound.find(dim.symbol);
      if (number != bound.end()) dim = Dim(number->second);
    }
  }
  return infer_types(graph);
}

}  // namespace pare
