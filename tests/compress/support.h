#pragma once

#include <string_view>

#include "graph/text.h"
#include "runtime/executor.h"
#include "tests/catch.h"

namespace pare::test {

inline Graph parsed(std::string_view text) {
  auto graph = parse(text);
  if (!graph) FAIL(graph.failure().message);
  return *std::move(graph);
}

inline std::vector<Tensor> outputs_of(const Graph& graph, const std::vector<Tensor>& inputs) {
  auto executor = Executor::create(std::make_shared<const Graph>(graph), {.reference = true});
  if (!executor) FAIL(executor.failure().message);
  auto outputs = (*executor)->run(inputs);
  if (!outputs) FAIL(outputs.failure().message);
  return *std::move(outputs);
}

// Largest |a - b| / max(1, |b|); infinite for different dims or a NaN.
inline double relative_difference(const Tensor& a, const Tensor& b) {
  if (a.dims() != b.dims()) return INFINITY;
  double most = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    double off = std::abs(a.as_double(i) - b.as_double(i)) / std::max(1.0, std::abs(b.as_double(i)));
    if (!(off <= most)) most = std::isnan(off) ? INFINITY : off;
  }
  return most;
}

}  // namespace pare::test
