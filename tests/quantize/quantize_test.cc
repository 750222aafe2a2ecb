#include "quantize/quantize.h"

#include <cmath>
#include <limits>

#include "graph/error.h"
#include "graph/text.h"
#include "quantize/scale.h"
#include "runtime/executor.h"
#include "tests/catch.h"

namespace pare {
namespace {

Batches one_batch(Tensor tensor) {
  return {1, [tensor](int64_t) { return std::vector<Tensor>{tensor}; }};
}

std::vector<float> run(const Graph& graph, const Tensor& x) {
  auto executor = unwrap(Executor::create(std::make_shared<Graph>(graph), {}));
  return unwrap(executor->run(std::vector<Tensor>{x}))[0].floats();
}

const char* kTwoLayers = R"(graph "g" {
  input x: float32[N,2]
  const w: float32[2,3] = {1, 100, 0.01, -1, 50, 0.02}
  const b: float32[3] = {0.5, -3, 0.001}
  const v: float32[3,2] = {1, -1, 0.01, 0.02, 100, -50}
  a = Gemm(x, w, b)
  r = Relu(a)
  y = Gemm(r, v)
  output y
})";

TEST_CASE("scale and zero point of a range, by the formula") {
  // (6 - -2) / 255; -(-2) / scale = 63.75, rounded
  const ActivationQuant sz = activation_quant({-2, 6, true}, DType::uint8, false);
  CHECK(sz.scale == Approx(8.0 / 255));
  CHECK(sz.zero == 64);
  // a range above zero is widened to hold it
  CHECK(activation_quant({2, 5.1f, true}, DType::uint8, false).zero == 0);
  CHECK(activation_quant({2, 5.1f, true}, DType::uint8, false).scale == Approx(0.02));
  // without extent
  CHECK(activation_quant({0, 0, true}, DType::uint8, false).scale == 1);
  CHECK(activation_quant({-1.5f, 0, true}, DType::uint4, false).zero == 15);
  // int8: the same steps, moved by 128; symmetric: max|x| / 127 around zero, uint8 around 128
  CHECK(activation_quant({-2, 6, true}, DType::int8, false).zero == 64 - 128);
  CHECK(activation_quant({-2, 6, true}, DType::int8, true).scale == Approx(6.0 / 127));
  CHECK(activation_quant({-2, 6, true}, DType::int8, true).zero == 0);
  CHECK(activation_quant({-2, 6, true}, DType::uint8, true).zero == 128);
}

TEST_CASE("what graphs inside operators capture stays float, and so do they") {
  Graph graph = unwrap(parse(R"(graph "g" {
  input x: float32[N,2]
  const w: float32[2,3] = {1, 100, 0.01, -1, 50, 0.02}
  const v: float32[3,2] = {1, -1, 0.01, 0.02, 100, -50}
  const m: int64[] = {2}
  a = Gemm(x, w)
  r = Relu(a)
  s = Loop(m, _, r) {body = graph {
    input i: int64[]
    input c: bool[]
    input s: float32[N,3]
    capture r
    capture v
    u = Gemm(r, v)
    t = Add(s, r)
    output c
    output t
  }}
  y = Gemm(s, v)
  output s
  output y
})"));
  const Graph before = graph;
  const Tensor x = Tensor::of<float>({2, 2}, {0, 1, 2, -1});
  quantize_static(graph, one_batch(x));
  const Loop* loop = nullptr;
  for (const NodeId id : graph.order()) {
    if (as<Loop>(graph.node(id).op)) {
      loop = as<Loop>(graph.node(id).op);
      REQUIRE(graph.node(id).captures.size() == 2);
      CHECK(graph.value(graph.node(id).captures[0]).type.dtype == DType::float32);
      CHECK(graph.value(graph.node(id).captures[1]).type.dtype == DType::float32);
    }
  }
  REQUIRE(loop != nullptr);
  // 3 relu(x w), at most 450; 8 bits of x and w leave less than 1 part in 50 of it
  const auto exact = run(before, x), rounded = run(graph, x);
  REQUIRE(exact.size() == rounded.size());
  for (size_t i = 0; i < exact.size(); ++i) CHECK(std::fabs(exact[i] - rounded[i]) <= 450 / 50.0);
}

TEST_CASE("weights get one scale per output channel, biases the product of the scales") {
  Graph graph = unwrap(parse(kTwoLayers));
  const Tensor x = Tensor::of<float>({2, 2}, {0, 1, 2, -1});
  const QuantizeReport report = quantize_static(graph, one_batch(x));
  CHECK(report.layers.size() == 2);
  CHECK(report.activations == 2);  // x and r
  for (const NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!as<DequantizeLinear>(node.op)) continue;
    const Value& quantized = graph.value(node.inputs[0]);
    if (!quantized.constant) continue;
    const std::vector<float> scales = graph.value(node.inputs[1]).constant->floats();
    if (quantized.constant->dtype() == DType::int32) {
      // sx = 3 / 255; sw = 1, 100, 0.02 over 127
      REQUIRE(scales.size() == 3);
      CHECK(scales[0] == Approx(3.0 / 255 / 127));
      CHECK(scales[1] == Approx(3.0 / 255 * 100 / 127));
      CHECK(std::abs(quantized.constant->as_int(0) - std::llround(0.5 / (3.0 / 255 / 127))) <= 1);  // float32 scales
    } else {
      CHECK(quantized.constant->dtype() == DType::int8);
      CHECK(scales.size() == static_cast<size_t>(quantized.constant->dims()[1]));
    }
  }
}

TEST_CASE("the quantized graph computes nearly what the float graph does") {
  const Graph original = unwrap(parse(R"(graph "g" {
    input x: float32[N,2]
    const w: float32[2,3] = {1, 2, -0.5, -1, 0.5, 0.75}
    const b: float32[3] = {0.5, -0.25, 0.125}
    const v: float32[3,2] = {1, -1, 0.5, 0.75, -0.5, 0.25}
    a = Gemm(x, w, b)
    r = Relu(a)
    y = Gemm(r, v)
    output y
  })"));
  Graph graph = original;
  const Tensor x = Tensor::of<float>({4, 2}, {0, 1, 2, -1, 1.5f, 0.25f, -0.5f, 0.75f});
  quantize_static(graph, one_batch(x));
  const std::vector<float> expected = run(original, x), got = run(graph, x);
  float largest = 0;
  for (const float e : expected) largest = std::max(largest, std::abs(e));
  for (size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(got[i] - expected[i]) < 0.02f * largest);
}

TEST_CASE("four bits give int4 weights and uint4 activations, the ends keep eight") {
  Graph graph = unwrap(parse(R"(graph "g" {
    input x: float32[N,1,2,2]
    const w: float32[1,1,1,1] = {1}
    a = Conv(x, w)
    b = Conv(a, w)
    c = Conv(b, w)
    output c
  })"));
  QuantizeOptions options;
  options.settings.weight_bits = 4;
  options.settings.activation = DType::uint4;
  options.ends_bits = 8;
  const QuantizeReport report =
      quantize_static(graph, one_batch(Tensor::of<float>({1, 1, 2, 2}, {1, 2, 3, 4})), options);
  REQUIRE(report.layers.size() == 3);
  CHECK(report.layers[0].bytes_after > 0);
  CHECK(report.layers[2].bytes_after == 0);  // the ends share one weight, which counts once
  std::vector<DType> types;
  for (const NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (as<QuantizeLinear>(node.op)) types.push_back(graph.value(node.outputs[0]).type.dtype);
  }
  CHECK(types == std::vector<DType>{DType::uint8, DType::uint4, DType::uint8});
}

TEST_CASE("NaN in the data is an input error that names the value") {
  Graph graph = unwrap(parse(kTwoLayers));
  const Tensor x = Tensor::of<float>({1, 2}, {std::numeric_limits<float>::quiet_NaN(), 1});
  try {
    quantize_static(graph, one_batch(x));
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::input);
    CHECK(std::string(error.what()).find("value 'x' is NaN") != std::string::npos);
  }
}

TEST_CASE("what is quantized already is not quantized again, and said") {
  Graph graph = unwrap(parse(kTwoLayers));
  const Tensor x = Tensor::of<float>({2, 2}, {0, 1, 2, -1});
  quantize_static(graph, one_batch(x));
  const std::string once = print(graph);
  try {
    quantize_static(graph, one_batch(x));
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::unsupported);
    CHECK(std::string(error.what()).find("it is quantized already") != std::string::npos);
  }
  CHECK(print(graph) == once);
}

TEST_CASE("a graph without anything to quantize is refused, and so is empty data") {
  Graph graph = unwrap(parse("graph \"g\" {\n input x: float32[2]\n y = Exp(x)\n output y\n}"));
  CHECK_THROWS_AS(quantize_static(graph, one_batch(Tensor(DType::float32, {2}))), Error);
  Graph layers = unwrap(parse(kTwoLayers));
  CHECK_THROWS_AS(quantize_static(layers, Batches{}), Error);
}

}  // namespace
}  // namespace pare
