// What a model is, in numbers: for `pare info`, and for both sides of a comparison.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "graph/graph.h"

namespace pare {

struct ModelFacts {
  int64_t parameters = 0;  // elements of constants that hold weights: floating point, or integers behind a dequantizer
  int64_t zeros = 0;       // of them, how many are zero (for integers: equal to the zero point 0)
  int64_t macs = 0;        // multiply-accumulates of one sample
  int64_t weight_bytes = 0;  // of all constants, unpacked from their file
  int64_t nodes = 0;
  std::map<std::string, int64_t> operators;

  ModelFacts& operator+=(const ModelFacts& other);
};

// Batch dims that are symbols count as one sample. The graph's types must have been inferred.
ModelFacts model_facts(const Graph& graph);

}  // namespace pare
