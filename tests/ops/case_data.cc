#include <cmath>
#include <limits>

#include "graph/text.h"
#include "tests/catch.h"
#include "tests/ops/cases.h"

namespace pare::test {
namespace {

Tensor pattern(DType dtype, const Dims& dims, size_t which) {
  Tensor tensor(dtype, dims);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const auto step = static_cast<double>((i * 37 + static_cast<int64_t>(which) * 11) % 101);
    if (is_float(dtype))
      tensor.set_double(i, step / 25 - 2);
    else if (dtype == DType::boolean)
      tensor.set_double(i, (i + static_cast<int64_t>(which)) % 3 == 0);
    else if (bits(dtype) == 8)
      tensor.set_double(i, is_signed_integer(dtype) ? step - 50 : step * 2.5);
    else
      tensor.set_double(i, std::fmod(step, 13) - (is_signed_integer(dtype) ? 6 : 0));
  }
  return tensor;
}

}  // namespace

Graph graph_of(const Case& c) {
  auto graph = parse(c.graph);
  INFO(c.name);
  if (!graph) FAIL(c.name << ": " << graph.failure().message);
  return *std::move(graph);
}

std::vector<Tensor> inputs_of(const Case& c, const Graph& graph) {
  std::vector<Tensor> inputs;
  for (size_t k = 0; k < graph.inputs.size(); ++k) {
    const Type& type = graph.value(graph.inputs[k]).type;
    Dims dims;
    for (const Dim& dim : *type.shape) dims.push_back(dim.known() ? dim.size : 2);
    if (k >= c.inputs.size()) {
      inputs.push_back(pattern(type.dtype, dims, k));
      continue;
    }
    Tensor tensor(type.dtype, dims);
    REQUIRE(tensor.size() == static_cast<int64_t>(c.inputs[k].size()));
    for (int64_t i = 0; i < tensor.size(); ++i) tensor.set_double(i, c.inputs[k][i]);
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

double absolute_difference(const Tensor& a, const Tensor& b) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a.dtype() != b.dtype() || a.dims() != b.dims()) return kInfinity;
  if (a.dtype() == DType::string) return a.string_values() == b.string_values() ? 0 : kInfinity;
  double worst = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    const double x = a.as_double(i), y = b.as_double(i);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    if (!std::isfinite(x) || !std::isfinite(y) || !is_float(a.dtype())) return kInfinity;
    worst = std::max(worst, std::fabs(x - y));
  }
  return worst;
}

double difference(const Tensor& a, const Tensor& b) {
  double largest = 0;
  for (int64_t i = 0; b.dtype() != DType::string && i < b.size(); ++i)
    if (std::isfinite(b.as_double(i))) largest = std::max(largest, std::fabs(b.as_double(i)));
  const double worst = absolute_difference(a, b);
  return worst == 0 ? 0 : worst / largest;
}

}  // namespace pare::test
