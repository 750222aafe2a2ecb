#include "quantize/smooth.h"

#include <cmath>

#include "graph/error.h"
#include "graph/text.h"
#include "quantize/awq.h"
#include "quantize/smooth_samples.h"
#include "quantize/smooth_scale.h"
#include "runtime/executor.h"
#include "tests/catch.h"

namespace pare {
namespace {

Graph parse_graph(const std::string& body) { return unwrap(parse("graph \"g\" {\n" + body + "\n}")); }

std::vector<float> run(const Graph& graph, const Tensor& x) {
  auto executor = unwrap(Executor::create(std::make_shared<Graph>(graph), {}));
  return unwrap(executor->run(std::vector<Tensor>{x}))[0].floats();
}

void check_same_function(const Graph& before, const Graph& after, const Tensor& x) {
  const std::vector<float> expected = run(before, x), got = run(after, x);
  REQUIRE(expected.size() == got.size());
  float largest = 0;
  for (const float e : expected) largest = std::max(largest, std::abs(e));
  for (size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(got[i] - expected[i]) <= 1e-5f * largest);
}

std::vector<float> constant(const Graph& graph, NodeId node, size_t slot) {
  return graph.value(graph.node(node).inputs[slot]).constant->floats();
}

// Channel 1 of [rows, 4] (or [rows, 4, 2, 2]) is a hundred times as large as the others.
Tensor outliers(int64_t batch, Dims dims = {16, 4}) {
  Tensor tensor(DType::float32, dims);
  auto out = tensor.mutable_data<float>();
  const size_t inner = dims.size() == 4 ? 4 : 1;
  uint32_t state = static_cast<uint32_t>(batch) * 2654435761u + 99u;
  for (size_t i = 0; i < out.size(); ++i) {
    state = state * 1664525u + 1013904223u;
    out[i] = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f * (i / inner % 4 == 1 ? 100.0f : 1.0f);
  }
  return tensor;
}

Batches outlier_batches(Dims dims = {16, 4}) {
  return {4, [dims](int64_t i) { return std::vector<Tensor>{outliers(i, dims)}; }};
}

const char* kNormalized = R"( input x: float32[N,4]
  const gamma: float32[4] = {1, 1.5, 1, 0.5}
  const beta: float32[4] = {0.25, 0, -0.5, 0.125}
  const w: float32[4,3] = {1, -2, 0.5, 0.01, 0.02, -0.01, 1, 1, -1, 2, 0.5, 0.75}
  g = Mul(x, gamma)
  h = Add(g, beta)
  y = MatMul(h, w)
  output y)";

TEST_CASE("a scale divides what gives the value and multiplies what reads it") {
  Graph graph = parse_graph(kNormalized);
  const Graph before = graph;
  const auto sites = scale_sites(graph);
  REQUIRE(sites.size() == 1);
  CHECK(graph.value(sites[0].value).name == "h");
  CHECK(sites[0].foldable);
  apply_scale(graph, sites[0], std::vector<float>{1, 10, 0.5f, 2});
  REQUIRE(graph.order().size() == 3);
  CHECK(constant(graph, graph.order()[0], 1) == std::vector<float>{1, 0.15f, 2, 0.25f});
  CHECK(constant(graph, graph.order()[1], 1) == std::vector<float>{0.25f, 0, -1, 0.0625f});
  const std::vector<float> expected{1, -2, 0.5f, 0.1f, 0.2f, -0.1f, 0.5f, 0.5f, -0.5f, 4, 1, 1.5f};
  const std::vector<float> weight = constant(graph, graph.order()[2], 1);
  REQUIRE(weight.size() == expected.size());
  for (size_t k = 0; k < weight.size(); ++k) CHECK(weight[k] == Approx(expected[k]));
  check_same_function(before, graph, outliers(0));
}

TEST_CASE("scales pass ReLU and moves, not bounds; a scalar factor grows") {
  const auto foldable = [](const std::string& body) {
    const Graph graph = parse_graph(body);
    const auto sites = scale_sites(graph);
    return !sites.empty() && sites.back().foldable;
  };
  const std::string head = R"( input x: float32[N,4,2,2]
  const a: float32[3,4,1,1] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
  const b: float32[3] = {1, 2, 3}
  const w: float32[1,3,1,1] = {1, 2, 3}
  c = Conv(x, a, b)
)";
  CHECK(foldable(head + "r = Relu(c)\n m = MaxPool(r) {kernel_shape = [2, 2]}\n y = Conv(m, w)\n output y"));
  CHECK_FALSE(foldable(
      head + "const l: float32[] = {0}\n const u: float32[] = {6}\n r = Clip(c, l, u)\n y = Conv(r, w)\n output y"));
  CHECK_FALSE(foldable(head + "r = Relu(c)\n y = Conv(r, w)\n output y\n output r"));
  CHECK_FALSE(foldable(head + "r = Sigmoid(c)\n y = Conv(r, w)\n output y"));
  CHECK_FALSE(foldable(head + "r = Add(c, c)\n y = Conv(r, w)\n output y"));
  const std::string half = "const h: float32[] = {0.5}\n s = Sigmoid(c)\n r = Mul(s, h)\n y = Conv(r, w)\n output y";
  CHECK(foldable(head + half));
  Graph graph = parse_graph(head + half);
  const Graph before = graph;
  apply_scale(graph, scale_sites(graph).back(), std::vector<float>{2, 4, 8});
  CHECK(constant(graph, graph.order()[2], 1) == std::vector<float>{0.25f, 0.125f, 0.0625f});
  check_same_function(before, graph, outliers(1, {2, 4, 2, 2}));
}

TEST_CASE("SmoothQuant keeps the function and lowers the error, by no added node") {
  Graph graph = parse_graph(kNormalized);
  const Graph before = graph;
  const SmoothReport report = smooth_quant(graph, outlier_batches());
  REQUIRE(report.places.size() == 1);
  CHECK(report.places[0].value == "h");
  CHECK(report.places[0].after_db > report.places[0].before_db + 10);  // 100 times as large: at most 40 dB
  CHECK(graph.order().size() == 3);
  check_same_function(before, graph, outliers(7));
}

TEST_CASE("where others read the value nothing is done, or a Mul is added where asked") {
  const std::string body = R"( input x: float32[N,4]
  const w: float32[4,3] = {1, -2, 0.5, 0.01, 0.02, -0.01, 1, 1, -1, 2, 0.5, 0.75}
  h = Neg(x)
  y = MatMul(h, w)
  output y
  output h)";
  Graph graph = parse_graph(body);
  const std::string before = print(graph);
  const SmoothReport skipped = smooth_quant(graph, outlier_batches());
  CHECK(skipped.places.empty());
  CHECK(skipped.skipped.size() == 1);
  CHECK(print(graph) == before);
  const SmoothReport inserted = smooth_quant(graph, outlier_batches(), {.insert = true});
  REQUIRE(inserted.places.size() == 1);
  CHECK(inserted.places[0].inserted);
  CHECK(graph.order().size() == 3);
  check_same_function(parse_graph(body), graph, outliers(3));
}

TEST_CASE("a place is left alone where the error does not fall far enough") {
  Graph graph = parse_graph(kNormalized);
  const std::string before = print(graph);
  CHECK(smooth_quant(graph, outlier_batches(), {.gain = 1e-6}).places.empty());
  CHECK(print(graph) == before);
}

TEST_CASE("AWQ keeps the function and lowers the error of few-bit weights") {
  Graph graph = parse_graph(kNormalized);
  const Graph before = graph;
  const std::vector<AwqPlace> places = awq(graph, outlier_batches(), {.bits = 4});
  REQUIRE(places.size() == 1);
  CHECK(places[0].after_db > places[0].before_db + 3);
  check_same_function(before, graph, outliers(7));
}

TEST_CASE("scales do not depend on the number of threads") {
  Graph one = parse_graph(kNormalized), three = one, awq_one = one, awq_three = one;
  smooth_quant(one, outlier_batches(), {.observe = {.threads = 1}});
  smooth_quant(three, outlier_batches(), {.observe = {.threads = 3}});
  CHECK(print(one) == print(three));
  awq(awq_one, outlier_batches(), {.observe = {.threads = 1}});
  awq(awq_three, outlier_batches(), {.observe = {.threads = 3}});
  CHECK(print(awq_one) == print(awq_three));
}

TEST_CASE("scales have few digits") {
  CHECK(round_scale(1) == 1);
  CHECK(round_scale(1.2) == 1.25f);
  CHECK(round_scale(0.97) == 1);
  CHECK(round_scale(100) == 96);
}

}  // namespace
}  // namespace pare
