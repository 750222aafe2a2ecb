// Where a layer's result goes: through a BatchNormalization, onto a shortcut.
#pragma once

#include <Eigen/Core>

#include "graph/graph.h"

namespace pare {

struct ResidualJoin {
  Eigen::VectorXf gain;               // what the BatchNormalization behind the layer multiplies each channel with; else 1
  ValueId sum = ValueId::none;        // the Add that the (normalized) result goes into, if nothing else uses it
  ValueId shortcut = ValueId::none;   // what it is added to: computed, of the same type
};

ResidualJoin residual_join(const Graph& graph, const Uses& uses, ValueId result, int64_t channels);

}  // namespace pare
