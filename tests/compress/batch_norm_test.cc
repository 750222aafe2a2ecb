#include "compress/batch_norm.h"

#include "tests/compress/support.h"

using namespace pare;
using namespace pare::test;

namespace {

std::vector<double> constant(const Graph& graph, int slot, size_t node) {
  const Tensor& tensor = *graph.value(graph.node(graph.order()[node]).inputs[static_cast<size_t>(slot)]).constant;
  std::vector<double> values;
  for (int64_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.as_double(i));
  return values;
}

}  // namespace

// Two batches of one channel: {0, 2} and {4, 10}. Means 1 and 7, variances 1 and 9; together mean 4 and variance
// E[var] + Var[mean] = 5 + 9 = 14, which is the variance of {0, 2, 4, 10} about 4.
TEST_CASE("statistics are those of the data, and of normalized data behind another normalization") {
  Graph graph = parsed(R"(graph "g" { input x: float32[N,1]
    const one: float32[1] = {1} const zero: float32[1] = {0} const s: float32[1] = {3} const t: float32[1] = {5}
    a = BatchNormalization(x, s, t, zero, one) {epsilon = 0.0}
    y = BatchNormalization(a, one, zero, zero, one) {epsilon = 0.0} output y })");
  Batches data{2, [](int64_t i) {
                 return std::vector<Tensor>{Tensor::of<float>({2, 1}, i == 0 ? std::vector<float>{0, 2} : std::vector<float>{4, 10})};
               }};
  CHECK(reestimate_batch_norm(graph, data) == 2);
  CHECK(constant(graph, 3, 0)[0] == Approx(4));
  CHECK(constant(graph, 4, 0)[0] == Approx(14));
  // Normalized by its own batch each batch is {-1, 1} * 3 + 5: mean 5, variance 9.
  CHECK(constant(graph, 3, 1)[0] == Approx(5));
  CHECK(constant(graph, 4, 1)[0] == Approx(9));
}
