// Batches of model inputs that a pass may read, one at a time and as often as it needs: calibration, statistics, search.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "graph/tensor.h"

namespace pare {

struct Batches {
  int64_t count = 0;
  // The inputs of batch i in the order of the graph's inputs. The same i gives the same tensors. May throw pare::Error.
  std::function<std::vector<Tensor>(int64_t i)> get;
};

}  // namespace pare
