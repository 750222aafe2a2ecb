#include "quantize/calibrate.h"

#include <limits>

#include "graph/error.h"
#include "graph/text.h"
#include "quantize/range_weights.h"
#include "tests/catch.h"

namespace pare {
namespace {

// Batch i of `count` holds make(i).
template <class Make>
Batches batches_of(int64_t count, Make make) {
  return {count, [make](int64_t i) { return std::vector<Tensor>{make(i)}; }};
}

Graph parse_graph(const std::string& body) { return unwrap(parse("graph \"g\" {\n" + body + "\n}")); }

ValueRange range_of(const Graph& graph, const std::string& name, const Batches& batches, CalibrateOptions options) {
  const ValueId value = *graph.find(name);
  return calibrate(graph, {value}, batches, options).range(value, {});
}

const RangeMethod kMethods[] = {RangeMethod::minmax,     RangeMethod::moving_average,
                                RangeMethod::percentile, RangeMethod::entropy,
                                RangeMethod::mse,        RangeMethod::output_mse};

// A few hundred numbers that differ from batch to batch.
Tensor numbers(int64_t batch, const Dims& dims = {4, 64}) {
  Tensor tensor(DType::float32, dims);
  auto out = tensor.mutable_data<float>();
  uint32_t state = static_cast<uint32_t>(batch) * 2654435761u + 12345u;
  for (float& x : out) {
    state = state * 1664525u + 1013904223u;
    x = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
    x = x * x * x * static_cast<float>(1 + batch % 5);
  }
  return tensor;
}

TEST_CASE("minmax takes all that was seen, moving averages the ends of each batch") {
  const Graph graph = parse_graph(" input x: float32[N]\n y = Neg(x)\n output y");
  const auto batches = batches_of(3, [](int64_t i) {
    return Tensor::of<float>({2}, {-1.0f * static_cast<float>(i), 3.0f * static_cast<float>(i + 1)});
  });
  const ValueRange all = range_of(graph, "y", batches, {});
  CHECK(all.low == -9);
  CHECK(all.high == 2);
  // 3 batches: plain means of (-3, -6, -9) and (0, 1, 2)
  const ValueRange moving = range_of(graph, "y", batches, {.method = RangeMethod::moving_average});
  CHECK(moving.low == Approx(-6));
  CHECK(moving.high == Approx(1));
}

Graph wide_product() {
  std::string weights = "1";
  for (int i = 2; i <= 64; ++i) weights += ", " + std::to_string(i % 9);
  return parse_graph(" input x: float32[N,64]\n const w: float32[64,1] = {" + weights +
                     "}\n y = MatMul(x, w)\n output y");
}

TEST_CASE("ranges do not depend on how the samples come in batches, but for moving averages") {
  const Graph graph = wide_product();
  for (const RangeMethod method : kMethods) {
    if (method == RangeMethod::moving_average) continue;
    INFO(name_of(method));
    const ValueRange small =
        range_of(graph, "x", batches_of(40, [](int64_t i) { return numbers(i); }), {.method = method});
    const ValueRange large = range_of(graph, "x",
                                      batches_of(4,
                                                 [](int64_t i) {
                                                   Tensor tensor(DType::float32, {40, 64});
                                                   for (int64_t j = 0; j < 10; ++j) {
                                                     const Tensor part = numbers(39 - (i * 10 + j));
                                                     std::copy(part.data<float>().begin(), part.data<float>().end(),
                                                               tensor.mutable_data<float>().begin() + j * 256);
                                                   }
                                                   return tensor;
                                                 }),
                                      {.method = method});
    CHECK(small.low == large.low);
    CHECK(small.high == large.high);
    CHECK(small.seen);
  }
}

TEST_CASE("ranges do not depend on the number of threads") {
  const Graph graph = parse_graph(R"( input x: float32[N,64]
  a = Neg(x)
  b = Abs(a)
  c = Sub(a, b)
  output c)");
  const std::vector<ValueId> values{*graph.find("x"), *graph.find("a"), *graph.find("b"), *graph.find("c")};
  for (const RangeMethod method : kMethods) {
    const auto batches = batches_of(5, [](int64_t i) { return numbers(i); });
    const Calibration one = calibrate(graph, values, batches, {.method = method, .observe = {.threads = 1}});
    const Calibration three = calibrate(graph, values, batches, {.method = method, .observe = {.threads = 3}});
    for (const ValueId value : values) {
      CHECK(one.range(value, {}).low == three.range(value, {}).low);
      CHECK(one.range(value, {}).high == three.range(value, {}).high);
    }
  }
}

TEST_CASE("memory does not depend on the number of batches") {
  const Graph graph = parse_graph(" input x: float32[N,64]\n y = Neg(x)\n output y");
  for (const int64_t count : {16, 1024}) {
    const Calibration calibration =
        calibrate(graph, {*graph.find("y")}, batches_of(count, [](int64_t i) { return numbers(i); }),
                  {.method = RangeMethod::mse});
    const ValueStatistics& statistics = calibration.entries[static_cast<size_t>(*graph.find("y"))]->statistics;
    CHECK(statistics.count == count * 256);
    CHECK(statistics.histogram.total() == static_cast<uint64_t>(count * 256));
    CHECK(statistics.histogram.counts().capacity() <= 2 * RangeHistogram::kBins);
  }
}

TEST_CASE("an attention mask does not ruin the range, large numbers are numbers") {
  const Graph graph = parse_graph(" input x: float32[N]\n y = Neg(x)\n output y");
  for (const RangeMethod method : kMethods) {
    INFO(name_of(method));
    const ValueRange masked =
        range_of(graph, "y",
                 batches_of(2,
                            [](int64_t) {
                              return Tensor::of<float>({6}, {3.4028235e38f, -4, 8, 3.4028235e38f, 1, 1e9f});
                            }),
                 {.method = method});
    CHECK(masked.low == Approx(-8).epsilon(0.02));
    CHECK(masked.high == Approx(4).epsilon(0.02));
    const ValueRange large =
        range_of(graph, "y",
                 batches_of(2,
                            [](int64_t) {
                              return Tensor::of<float>({6}, {-4e8f, -4, -2e8f, -1e5f, -1e8f, -3e8f});
                            }),
                 {.method = method});
    CHECK(large.low == 4);
    CHECK(large.high == Approx(4e8f).epsilon(0.02));
    const ValueRange only = range_of(graph, "y", batches_of(1, [](int64_t) { return Tensor::of<float>({1}, {-4e8f}); }),
                                     {.method = method});
    CHECK(only.high == Approx(4e8f));
  }
}

TEST_CASE("constant activations and zeros have a range") {
  const Graph graph = parse_graph(" input x: float32[N]\n y = Neg(x)\n output y");
  for (const RangeMethod method : kMethods) {
    const ValueRange zeros =
        range_of(graph, "y", batches_of(2, [](int64_t) { return Tensor(DType::float32, {8}); }), {.method = method});
    CHECK((zeros.seen && zeros.low == 0 && zeros.high == 0));
    const ValueRange five = range_of(graph, "y",
                                     batches_of(2,
                                                [](int64_t) {
                                                  return Tensor::of<float>({2}, {-5, -5});
                                                }),
                                     {.method = method});
    CHECK(five.high == Approx(5).epsilon(0.005));
  }
}

TEST_CASE("what an operator declares of its output bounds a range, given ones too") {
  const Graph graph = parse_graph(" input x: float32[N]\n y = Sigmoid(x)\n output y");
  const ValueId y = *graph.find("y");
  Calibration calibration = calibrate(graph, {y},
                                      batches_of(1,
                                                 [](int64_t) {
                                                   return Tensor::of<float>({2}, {-100, 100});
                                                 }),
                                      {});
  CHECK(calibration.range(y, {}).low == 0);
  CHECK(calibration.range(y, {}).high == 1);
  calibration.set(y, {-2, 0.5f, true}, 2);
  CHECK(calibration.range(y, {}).low == 0);
  CHECK(calibration.range(y, {}).high == 0.5f);
}

TEST_CASE("values that share a scale get one range for all of their statistics") {
  const Graph graph = parse_graph(" input x: float32[N]\n y = Neg(x)\n output y");
  const std::vector<ValueId> both{*graph.find("x"), *graph.find("y")};
  const auto batches = batches_of(1, [](int64_t) { return Tensor::of<float>({2}, {-1, 6}); });
  for (const RangeMethod method : kMethods) {
    const Calibration calibration = calibrate(graph, both, batches, {.method = method});
    CHECK(calibration.range(both, {}).low == Approx(-6).epsilon(0.01));
    CHECK(calibration.range(both, {}).high == Approx(6).epsilon(0.01));
  }
}

TEST_CASE("NaN and infinity are input errors that name value and batch") {
  const Graph graph = parse_graph(" input x: float32[N]\n y = Neg(x)\n output y");
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    const auto batches = batches_of(3, [bad](int64_t i) {
      Tensor tensor(DType::float32, {40});
      if (i == 1) tensor.mutable_data<float>()[17] = bad;
      return tensor;
    });
    try {
      calibrate(graph, {*graph.find("y")}, batches, {});
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::input);
      CHECK(std::string(error.what()).find("value 'y' is NaN or infinite in batch 1") != std::string::npos);
    }
  }
}

TEST_CASE("channels count by the squared norm of the weights that read them") {
  // Column norms of w by row: 1 + 4 = 5, 0, 9 + 16 = 25; mean 10.
  const Graph dense =
      parse_graph(" input x: float32[N,3]\n const w: float32[3,2] = {1, 2, 0, 0, 3, 4}\n y = MatMul(x, w)\n output y");
  const auto weights = consumer_weights(dense, Uses(dense), *dense.find("x"));
  REQUIRE(weights);
  CHECK(weights->axis == 1);
  CHECK(weights->weights == std::vector<uint32_t>{128, 0, 640});
  // Depthwise, two filters to a channel: 1 + 4, 9 + 16; mean 15.
  const Graph depthwise = parse_graph(
      " input x: float32[N,2,4,4]\n const w: float32[4,1,1,1] = {1, 2, 3, 4}\n y = Conv(x, w) {group = 2}\n output y");
  const auto filters = consumer_weights(depthwise, Uses(depthwise), *depthwise.find("x"));
  REQUIRE(filters);
  CHECK(filters->axis == 1);
  CHECK(filters->weights == std::vector<uint32_t>{85, 427});
  CHECK_FALSE(consumer_weights(dense, Uses(dense), *dense.find("y")));
}

}  // namespace
}  // namespace pare
