// What is known of a graph for one set of input dims: every value's dtype and dims, and what is constant.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "graph/graph.h"

namespace pare {

// Constants that were computed and hold for any input dims, by value: what all plans of a graph share.
using FoldedConstants = std::map<ValueId, Tensor>;

// A value that is given, not computed.
struct GivenValue {
  ValueId id = ValueId::none;
  DType dtype = DType::undefined;
  Dims dims;
  Container container = Container::tensor;

  // Whole bytes of known dims.
  bool plannable() const { return container == Container::tensor && bits(dtype) >= 8; }
};

class Analysis {
 public:
  // Infers the nodes in order with what is given; shape arithmetic folds to constants on the way. Fails as the first
  // node whose operands are wrong would. A value whose dims depend on data has no dims. `folded` outlives the analysis.
  static Result<Analysis> make(const Graph& graph, const std::vector<NodeId>& nodes,
                               const std::vector<GivenValue>& given, FoldedConstants& folded);

  bool has_dims(ValueId id) const { return known_[index(id)]; }
  const Dims& dims(ValueId id) const { return dims_[index(id)]; }
  DType dtype(ValueId id) const { return dtypes_[index(id)]; }
  Container container(ValueId id) const { return containers_[index(id)]; }
  // Does not depend on the inputs' elements.
  bool is_constant(ValueId id) const { return id != ValueId::none && constant_[index(id)]; }
  // A constant that other input dims may change.
  bool depends_on_dims(ValueId id) const { return id != ValueId::none && dims_matter_[index(id)]; }
  // The constant, computed when first asked for; null where it is none or its node fails.
  const Tensor* constant(ValueId id) const;

 private:
  Analysis(const Graph& graph, FoldedConstants& folded);
  static size_t index(ValueId id) { return static_cast<size_t>(id); }
  Known known(ValueId id) const;  // as inference sees it
  Result<void> visit(NodeId id);
  bool small(ValueId id) const;

  Tensor& keep(ValueId id, Tensor tensor) const;

  const Graph* graph_;
  FoldedConstants* shared_;
  std::vector<bool> known_, constant_, dims_matter_;
  std::vector<Dims> dims_;
  std::vector<DType> dtypes_;
  std::vector<Container> containers_;
  std::vector<std::optional<std::vector<Dim>>> contents_;
  mutable FoldedConstants folded_;  // those that depend on dims
};

}  // namespace pare
