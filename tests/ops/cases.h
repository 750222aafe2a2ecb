// One list of cases that drives every check of every operator. A case is a small graph in the text form.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/tensor.h"

namespace pare::test {

struct Case {
  std::string name;
  std::string graph;  // the text form
  // Largest difference allowed between ways to compute it: relative to the largest magnitude; of quantized cases
  // absolute, one step of the output. Integers are exact.
  double tolerance = 1e-5;
  std::vector<double> expected = {};             // elements of the first output, from the specification or by hand
  std::vector<std::vector<double>> inputs = {};  // elements by input; left out: a fixed pattern
  bool quantized = false;                        // integer arithmetic: the same bits on every instruction set
};

const std::vector<Case>& cases();

// The case's graph; fails the test when it does not parse.
Graph graph_of(const Case& c);
// Its inputs: those given, or a pattern that covers signs and the range of the type. Symbols are bound to 2.
std::vector<Tensor> inputs_of(const Case& c, const Graph& graph);
// Largest difference, and relative to the largest magnitude of `b`. NaN equals NaN; infinity where types differ, and
// where integers do.
double absolute_difference(const Tensor& a, const Tensor& b);
double difference(const Tensor& a, const Tensor& b);

}  // namespace pare::test
