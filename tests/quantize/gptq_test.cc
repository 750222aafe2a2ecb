#include "quantize/gptq.h"

#include <cmath>

#include "graph/error.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "quantize/quantize.h"
#include "runtime/executor.h"
#include "tests/catch.h"

namespace pare {
namespace {

QuantizeOptions four_bits(bool per_channel = true) {
  QuantizeOptions options;
  options.settings.weight_bits = 4;
  options.settings.per_channel = per_channel;
  return options;
}

Tensor noise(Dims dims, uint32_t seed, float mean = 0) {
  Tensor tensor(DType::float32, std::move(dims));
  for (float& x : tensor.mutable_data<float>()) {
    seed = seed * 1664525u + 1013904223u;
    x = static_cast<float>(seed >> 8) / 8388608.0f - 1.0f + mean;
  }
  return tensor;
}

struct Net {
  Graph graph;
  Batches batches;
};

// Fills constants that the text leaves as inputs 'w...' and 'b...'.
Net make_net(const std::string& text, const Dims& x) {
  Graph graph = unwrap(parse(text));
  std::vector<ValueId> inputs;
  uint32_t seed = 7;
  for (const ValueId id : graph.inputs) {
    if (graph.value(id).name == "x") {
      inputs.push_back(id);
      continue;
    }
    graph.set_constant(id, noise(*graph.value(id).type.dims(), ++seed));
  }
  graph.inputs = inputs;
  unwrap(infer_types(graph));
  return {graph, {6, [x](int64_t i) { return std::vector<Tensor>{noise(x, static_cast<uint32_t>(100 + i), 0.5f)}; }}};
}

std::vector<float> run(const Graph& graph, const Batches& batches) {
  auto executor = unwrap(Executor::create(std::make_shared<Graph>(graph), {}));
  std::vector<float> all;
  for (int64_t i = 0; i < batches.count; ++i) {
    const auto inputs = batches.get(i);
    for (const float y : unwrap(executor->run(inputs))[0].floats()) all.push_back(y);
  }
  return all;
}

double squared_error(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::pow(double{a[i]} - double{b[i]}, 2);
  return sum;
}

const char* kPlain = R"(graph "g" {
  input x: float32[N,6,5,5]
  input w1: float32[8,6,3,3]
  input b1: float32[8]
  input w2: float32[8,8,1,1]
  a = Conv(x, w1, b1) {pads = [1, 1, 1, 1]}
  r = Relu(a)
  y = Conv(r, w2)
  output y
})";
const char* kGrouped = R"(graph "g" {
  input x: float32[N,6,5,5]
  input w1: float32[8,3,3,3]
  input b1: float32[8]
  input w2: float32[8,1,3,3]
  input b2: float32[8]
  a = Conv(x, w1, b1) {group = 2, strides = [2, 2], auto_pad = "SAME_UPPER"}
  r = Relu(a)
  y = Conv(r, w2, b2) {group = 8, pads = [1, 1, 1, 1]}
  output y
})";

TEST_CASE("rounding by the data loses less than rounding to nearest") {
  for (const char* text : {kPlain, kGrouped}) {
    for (const bool per_channel : {true, false}) {
      const Net net = make_net(text, {4, 6, 5, 5});
      Graph nearest = net.graph;
      quantize_static(nearest, net.batches, four_bits(per_channel));
      const auto expected = run(net.graph, net.batches);
      const double before = squared_error(expected, run(nearest, net.batches));
      for (const bool choose_scales : {true, false}) {
        Graph rounded = nearest;
        GptqOptions options;
        options.choose_scales = choose_scales;
        CHECK(round_gptq(rounded, net.graph, net.batches, options).size() == 2);
        unwrap(verify(rounded));
        CHECK(squared_error(expected, run(rounded, net.batches)) < 0.7 * before);
      }
      Graph scaled = nearest;
      GptqOptions options;
      options.method = RoundingMethod::mse;
      options.rounding.ratios = {1.0f, 0.9f, 0.8f, 0.7f};
      round_gptq(scaled, net.graph, net.batches, options);
      CHECK(squared_error(expected, run(scaled, net.batches)) < before);
    }
  }
}

TEST_CASE("corrected biases make the means of the outputs what they are in float") {
  for (const char* text : {kPlain, kGrouped}) {
    const Net net = make_net(text, {4, 6, 5, 5});
    Graph quantized = net.graph;
    quantize_static(quantized, net.batches, four_bits());
    Graph corrected = quantized;
    GptqOptions options;
    options.method = RoundingMethod::nearest;
    options.sweeps = 99;
    round_gptq(corrected, net.graph, net.batches, options);
    const auto expected = run(net.graph, net.batches), before = run(quantized, net.batches),
               after = run(corrected, net.batches);
    const size_t cells = expected.size() / (6 * 4 * 8);
    double worst_before = 0, worst_after = 0;
    for (size_t channel = 0; channel < 8; ++channel) {
      double mean = 0, mean_before = 0, mean_after = 0;
      for (size_t i = 0; i < expected.size(); ++i) {
        if (i / cells % 8 != channel) continue;
        mean += double{expected[i]};
        mean_before += double{before[i]};
        mean_after += double{after[i]};
      }
      const double count = static_cast<double>(expected.size()) / 8;
      worst_before = std::max(worst_before, std::fabs(mean - mean_before) / count);
      worst_after = std::max(worst_after, std::fabs(mean - mean_after) / count);
    }
    CHECK(worst_before > 0.02);
    CHECK(worst_after < 3e-3);  // half a step of the int32 bias: about 10 / 255 of x by 1 / 7 of w
  }
}

TEST_CASE("recurrences and products without a bias are rounded too") {
  const Net recurrent = make_net(R"(graph "g" {
    input x: float32[5,4,6]
    input w1: float32[1,32,6]
    input w2: float32[1,32,8]
    input w3: float32[8,3]
    h, _, _ = LSTM(x, w1, w2) {hidden_size = 8}
    const shape: int64[3] = {5, 4, 8}
    s = Reshape(h, shape)
    y = MatMul(s, w3)
    output y
  })",
                                 {5, 4, 6});
  Graph quantized = recurrent.graph;
  quantize_static(quantized, recurrent.batches, four_bits());
  const auto expected = run(recurrent.graph, recurrent.batches);
  const double before = squared_error(expected, run(quantized, recurrent.batches));
  CHECK(!round_gptq(quantized, recurrent.graph, recurrent.batches, {}).empty());
  unwrap(verify(quantized));
  CHECK(squared_error(expected, run(quantized, recurrent.batches)) < before);
}

TEST_CASE("the same graph for any number of threads") {
  const Net net = make_net(kPlain, {4, 6, 5, 5});
  std::string texts[2];
  for (const int threads : {1, 3}) {
    Graph graph = net.graph;
    quantize_static(graph, net.batches, four_bits());
    GptqOptions options;
    options.observe.threads = threads;
    options.rounding.ratios = {1.0f, 0.8f};
    round_gptq(graph, net.graph, net.batches, options);
    texts[threads == 3] = print(graph);
  }
  CHECK(texts[0] == texts[1]);
}

TEST_CASE("empty data is refused") {
  const Net net = make_net(kPlain, {4, 6, 5, 5});
  Graph graph = net.graph;
  quantize_static(graph, net.batches, {});
  CHECK_THROWS_AS(round_gptq(graph, net.graph, Batches{}, {}), Error);
}

}  // namespace
}  // namespace pare
