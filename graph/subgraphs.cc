#include "graph/subgraphs.h"

#include <algorithm>

#include "graph/inference.h"

namespace pare {
namespace {

// What an input of a body is taken for: what it is given, under the declared element type where that is all there is.
Result<Known> bound_input(const Value& declared, Known given) {
  given.present = true;
  Type& type = given.type;
  if (type.dtype == DType::undefined && !type.shape) {
    type.dtype = declared.type.dtype;
    type.container = declared.type.container;
  } else if (declared.type.dtype != DType::undefined) {
    if (type.dtype == DType::undefined) type.dtype = declared.type.dtype;
    if (type.dtype != declared.type.dtype ||
        holds_sequence(type.container) != holds_sequence(declared.type.container)) {
      return input_error("its input '" + declared.name + "' is declared as " + to_string(declared.type) +
                         ", but is given " + to_string(type));
    }
    if (is_optional(declared.type.container)) type.container = declared.type.container;
  }
  return given;
}

}  // namespace

std::vector<Subgraph> subgraphs(const Op& op) {
  std::vector<Subgraph> found;
  std::visit(
      [&]<class O>(const O& o) {
        if constexpr (std::is_same_v<O, Opaque>) {
          for (const NamedAttribute& attribute : o.attributes) {
            if (const auto* graph = std::get_if<GraphPtr>(&attribute.value)) found.push_back({attribute.name, *graph});
          }
        } else {
          O::fields(o, [&]<class M>(std::string_view name, const M& member) {
            if constexpr (std::is_same_v<M, GraphPtr>) found.push_back({name, member});
          });
        }
      },
      op.variant());
  return found;
}

int subgraph_levels(const Graph& graph) {
  int levels = 0;
  for (const NodeId id : graph.order()) {
    for (const Subgraph& inner : subgraphs(graph.node(id).op)) {
      if (inner.graph) levels = std::max(levels, 1 + subgraph_levels(*inner.graph));
    }
  }
  return levels;
}

Result<std::vector<Known>> infer_subgraph(const GraphPtr& body, std::string_view attribute,
                                          std::span<const Known> inputs, const InferContext& around) {
  const std::string where(attribute);
  if (!body) return input_error(where + " is missing");
  if (inputs.size() != body->inputs.size()) {
    return input_error(where + " takes " + std::to_string(body->inputs.size()) + " inputs, expected " +
                       std::to_string(inputs.size()));
  }
  Inference inference(*body, Inference::Declared::dtypes);
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto bound = bound_input(body->value(body->inputs[i]), inputs[i]);
    if (!bound) return in_context(where, bound.failure());
    inference.bind(body->inputs[i], *std::move(bound));
  }
  for (const ValueId id : body->captured) {
    const auto found = std::find_if(around.captures.begin(), around.captures.end(),
                                    [&](const auto& capture) { return capture.first == body->value(id).name; });
    if (found != around.captures.end()) inference.bind(id, found->second);
  }
  if (const auto done = inference.run(); !done) return in_context(where, done.failure());
  std::vector<Known> outputs;
  for (const ValueId id : body->outputs) outputs.push_back(inference.known(id));
  return outputs;
}

bool holds_sequence(Container container) {
  return container == Container::sequence || container == Container::optional_sequence;
}

bool is_optional(Container container) {
  return container == Container::optional || container == Container::optional_sequence;
}

Result<Type> either(const Type& a, const Type& b) {
  Type type = a;
  if (a.dtype == DType::undefined) {
    type.dtype = b.dtype;
    type.container = b.container;
  } else if (b.dtype != DType::undefined) {
    if (a.dtype != b.dtype || holds_sequence(a.container) != holds_sequence(b.container)) {
      return input_error("is " + to_string(a) + " or " + to_string(b) + ", expected one type");
    }
    if (is_optional(b.container)) type.container = b.container;
  }
  if (!a.shape || !b.shape || a.shape->size() != b.shape->size()) {
    type.shape.reset();
    return type;
  }
  for (size_t i = 0; i < a.shape->size(); ++i) {
    if (!(*a.shape)[i].same((*b.shape)[i])) (*type.shape)[i] = Dim();
  }
  return type;
}

}  // namespace pare
