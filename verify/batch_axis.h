// Which axis of a model's inputs and outputs counts samples. Data sets hold samples along axis 0; recurrent models are
// often time-major ([time, batch]), and a state has its batch behind its layers ([layers, batch, units]).
#pragma once

#include "graph/graph.h"
#include "graph/tensor.h"

namespace pare {

class BatchAxes {
 public:
  // Samples are counted along axis 0 where the first dims of all inputs and outputs (scalars aside) may be the same.
  // Else along the dim whose symbol stands in every one of them, and where there is none along axis 0.
  explicit BatchAxes(const Graph& graph);

  // 0 where the value's type does not name the symbol.
  size_t of(ValueId id) const;
  // The value's type with that axis first: what a data set has to give.
  Type first(ValueId id) const;
  // [count, ...] with the axis moved to the place that the model wants, and back.
  Tensor to_model(ValueId id, const Tensor& samples) const;
  Tensor from_model(ValueId id, const Tensor& value) const;

 private:
  const Graph* graph_;
  std::string symbol_;
};

}  // namespace pare
