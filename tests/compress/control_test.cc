// Passes around operators that hold graphs: a captured value is a use like any other, and bodies give what they gave.
#include <random>

#include "compress/prune.h"
#include "compress/simplify.h"
#include "graph/verify.h"
#include "tests/compress/support.h"

namespace pare::test {
namespace {

Tensor random_tensor(Dims dims, uint32_t seed) {
  std::mt19937 generator(seed);
  Tensor tensor(DType::float32, std::move(dims));
  for (float& value : tensor.mutable_data<float>()) value = static_cast<float>(generator()) / 4294967296.0f - 0.5f;
  return tensor;
}

// Two ways from x: one whose values and last weight the branches use, and one of their own for passes to work on.
Graph choosing() {
  Graph graph = parsed(R"(graph "g" {
  input p: bool[]
  input x: float32[1,2,4,4]
  const w1: float32[4,2,1,1] = {1, 0, 0, 1, 1, 1, 0.5, 0}
  const w2: float32[4,4,1,1] = {1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0.25, 0, 0, 4}
  const w3: float32[2,4,1,1] = {1, 2, 3, 4, -1, -2, -3, -4}
  const v1: float32[4,2,1,1] = {1, 0.1, 2, 0.2, 3, 0.3, 4, 0.4}
  const v2: float32[2,4,1,1] = {1, 1, 1, 1, 2, 2, 2, 2}
  const shift: float32[] = {0.5}
  const shift_again: float32[] = {0.5}
  a = Conv(x, w1)
  r = Relu(a)
  b = Conv(r, w2)
  q = Relu(b)
  kept = Identity(q)
  y = If(p) {
    then_branch = graph { capture kept capture w3 capture shift
      c = Conv(kept, w3) s = Add(c, shift) output s },
    else_branch = graph { capture r capture w3 capture shift_again
      c = Conv(r, w3) s = Mul(c, shift_again) output s }
  }
  d = Conv(x, v1)
  e = Relu(d)
  f = Conv(e, v2)
  n = Add(f, shift)
  output y
  output n
})");
  return graph;
}

// Both branches give what they gave.
void check_choice(const Graph& before, const Graph& after) {
  REQUIRE(verify(after).ok());
  const Tensor x = random_tensor({1, 2, 4, 4}, 7);
  for (const bool p : {true, false}) {
    const std::vector<Tensor> inputs{Tensor::scalar(p), x};
    CHECK(relative_difference(outputs_of(after, inputs)[0], outputs_of(before, inputs)[0]) <= 1e-6);
  }
}

}  // namespace

TEST_CASE("simplify keeps what graphs inside operators use") {
  const Graph before = choosing();
  Graph after = before;
  simplify(after);
  check_choice(before, after);
  const std::vector<Tensor> inputs{Tensor::scalar(true), random_tensor({1, 2, 4, 4}, 8)};
  CHECK(relative_difference(outputs_of(after, inputs)[1], outputs_of(before, inputs)[1]) <= 1e-6);
}

TEST_CASE("pruning keeps the channels that graphs inside operators use") {
  const Graph before = choosing();
  Graph after = before;
  const PruneReport report = prune_channels(after, {.keep_macs = 0.75});
  REQUIRE(report.layers.size() == 1);
  CHECK(report.layers[0].weight == "v1");
  CHECK(report.layers[0].channels_after < 4);
  check_choice(before, after);
}

}  // namespace pare::test
