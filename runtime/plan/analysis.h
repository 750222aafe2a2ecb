// What is known of a graph for one set of input dims: every value's dtype and dims, and what is constant.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "graph/graph.h"

namespace pare {

class Analysis {
 public:
  // Infers the nodes in order with the inputs' dims bound; shape arithmetic folds to constants on the way. Fails as the
  // first node whose operands are wrong would. A value whose dims depend on data has no dims.
  static Result<Analysis> make(const Graph& graph, const std::vector<NodeId>& nodes, const std::vector<Dims>& inputs);

  bool has_dims(ValueId id) const { return known_[index(id)]; }
  const Dims& dims(ValueId id) const { return dims_[index(id)]; }
  DType dtype(ValueId id) const { return dtypes_[index(id)]; }
  // Does not depend on the inputs' elements.
  bool is_constant(ValueId id) const { return id != ValueId::none && constant_[index(id)]; }
  // The constant, computed when first asked for; null where it is none or its node fails.
  const Tensor* constant(ValueId id) const;

 private:
  explicit Analysis(const Graph& graph);
  static size_t index(ValueId id) { return static_cast<size_t>(id); }
  Result<void> visit(NodeId id);
  bool small(ValueId id) const;

  const Graph* graph_;
  std::vector<bool> known_, constant_;
  std::vector<Dims> dims_;
  std::vector<DType> dtypes_;
  std::vector<std::optional<std::vector<Dim>>> contents_;
  mutable std::map<ValueId, Tensor> folded_;
};

}  // namespace pare
