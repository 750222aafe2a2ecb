#include "quantize/adaround.h"

#include <cmath>
#include <random>

#include "graph/error.h"
#include "graph/text.h"
#include "quantize/layer_tail.h"
#include "quantize/quantize.h"
#include "runtime/executor.h"
#include "tests/catch.h"

namespace pare {
namespace {

Tensor random_tensor(Dims dims, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  Tensor tensor(DType::float32, std::move(dims));
  for (float& x : tensor.mutable_data<float>()) x = normal(random);
  return tensor;
}

std::string constant(const std::string& name, const Dims& dims, unsigned seed) {
  std::string shape, numbers;
  for (const int64_t dim : dims) shape += (shape.empty() ? "" : ",") + std::to_string(dim);
  const Tensor tensor = random_tensor(dims, seed, 0.4f);
  for (const float x : tensor.data<float>()) numbers += (numbers.empty() ? "" : ", ") + std::to_string(x);
  return "const " + name + ": float32[" + shape + "] = {" + numbers + "}\n";
}

// Convolutions of all kinds, a residual whose branch comes later in the order, a clip, and a matrix without a bias.
Graph small_network() {
  return unwrap(parse("graph \"g\" {\n input x: float32[N,4,8,8]\n" + constant("w1", {8, 4, 3, 3}, 1) +
                      constant("b1", {8}, 2) + constant("w2", {8, 1, 3, 3}, 3) + constant("w3", {8, 8, 1, 1}, 4) +
                      constant("w4", {8, 4, 1, 1}, 5) + constant("v", {8, 5}, 6) + R"(
    const lo: float32[] = {0}
    const hi: float32[] = {6}
    a = Conv(x, w1, b1) {pads = [1, 1, 1, 1]}
    r = Relu(a)
    d = Conv(r, w2) {group = 8, pads = [1, 1, 1, 1]}
    c = Clip(d, lo, hi)
    p = Conv(c, w3)
    q = Conv(x, w4)
    s = Add(p, q)
    t = Relu(s)
    g = GlobalAveragePool(t)
    f = Flatten(g)
    y = MatMul(f, v)
    output y
  })"));
}

Batches batches_of_eight() {
  return {4, [](int64_t i) { return std::vector<Tensor>{random_tensor({8, 4, 8, 8}, 100 + static_cast<unsigned>(i))}; }};
}

double output_error(const Graph& graph, const Graph& reference) {
  const auto run = [](const Graph& g) {
    auto executor = unwrap(Executor::create(std::make_shared<Graph>(g), {}));
    return unwrap(executor->run(std::vector<Tensor>{random_tensor({64, 4, 8, 8}, 999)}))[0].floats();
  };
  const std::vector<float> got = run(graph), expected = run(reference);
  double error = 0;
  for (size_t i = 0; i < got.size(); ++i) error += (got[i] - expected[i]) * (got[i] - expected[i]);
  return error;
}

TEST_CASE("adaround brings a 4-bit network nearer to the float one, on data it has not seen") {
  const Graph reference = small_network();
  Graph nearest = reference;
  QuantizeOptions options;
  options.settings.weight_bits = 4;
  quantize_static(nearest, batches_of_eight(), options);
  Graph rounded = nearest;
  const auto layers = round_adaround(rounded, reference, batches_of_eight(), {.relax = {.iterations = 100}});
  CHECK(layers.size() == 5);
  for (const AdaroundLayer& layer : layers) {
    INFO(layer.node);
    CHECK(layer.loss < layer.nearest_loss);
  }
  CHECK(output_error(rounded, reference) < 0.3 * output_error(nearest, reference));
  // Still int4 behind DequantizeLinear.
  int weights = 0;
  for (const NodeId id : rounded.order()) {
    const Node& node = rounded.node(id);
    if (!as<DequantizeLinear>(node.op) || !rounded.value(node.inputs[0]).constant) continue;
    weights += rounded.value(node.inputs[0]).constant->dtype() == DType::int4;
  }
  CHECK(weights == 5);
}

TEST_CASE("adaround gives the same graph on one thread and on three") {
  const Graph reference = small_network();
  Graph one = reference;
  QuantizeOptions options;
  options.settings.weight_bits = 4;
  quantize_static(one, batches_of_eight(), options);
  Graph three = one;
  round_adaround(one, reference, batches_of_eight(), {.relax = {.iterations = 20}, .threads = 1});
  round_adaround(three, reference, batches_of_eight(), {.relax = {.iterations = 20}, .threads = 3});
  CHECK(equal(one, three));
}

TEST_CASE("adaround with one scale for a weight keeps the scales") {
  const Graph reference = small_network();
  Graph graph = reference;
  QuantizeOptions options;
  options.settings.weight_bits = 4;
  options.settings.per_channel = false;
  quantize_static(graph, batches_of_eight(), options);
  const Graph nearest = graph;
  round_adaround(graph, reference, batches_of_eight(), {.relax = {.iterations = 50}});
  CHECK(output_error(graph, reference) < 0.5 * output_error(nearest, reference));
}

TEST_CASE("adaround refuses empty data") {
  const Graph reference = small_network();
  Graph graph = reference;
  quantize_static(graph, batches_of_eight(), {});
  CHECK_THROWS_AS(round_adaround(graph, reference, Batches{}, {}), Error);
}

TEST_CASE("the tail of a layer is its residual and its clip, through quantizers") {
  Graph graph = small_network();
  const auto tail = [&](const char* name) {
    return layer_tail(graph, Uses(graph), graph.value(*graph.find(name)).producer);
  };
  CHECK(tail("a").low == 0);
  CHECK(tail("a").residual == ValueId::none);
  CHECK(tail("d").high == 6);
  CHECK(graph.value(tail("p").residual).name == "q");
  CHECK(tail("p").low == 0);
  CHECK_FALSE(tail("y").clips());
  quantize_static(graph, batches_of_eight(), {});
  CHECK(tail("d").high == 6);
  CHECK(tail("p").low == 0);
  CHECK(tail("p").residual != ValueId::none);
}

}  // namespace
}  // namespace pare
