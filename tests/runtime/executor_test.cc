// What the executor promises beside values: messages, kept values, plans per shape, memory.
#include "runtime/executor.h"

#include "graph/text.h"
#include "runtime/cost.h"
#include "runtime/kernels.h"
#include "tests/catch.h"

namespace pare {
namespace {

std::shared_ptr<const Graph> graph_of(const std::string& body) {
  auto graph = parse("graph \"test\" {\n" + body + "\n}");
  if (!graph) FAIL(graph.failure().message);
  return std::make_shared<const Graph>(*std::move(graph));
}

std::unique_ptr<Executor> executor_of(const std::string& body, const ExecutorOptions& options = {}) {
  auto executor = Executor::create(graph_of(body), options);
  if (!executor) FAIL(executor.failure().message);
  return *std::move(executor);
}

constexpr const char* kTwoInputs =
    "input left: float32[N,2]\ninput right: float32[N,2]\ny = Add(left, right)\noutput y";

void check_refused(const std::vector<Tensor>& inputs, const std::vector<std::string>& parts) {
  for (const bool reference : {false, true}) {
    const auto outputs = executor_of(kTwoInputs, {.reference = reference})->run(inputs);
    REQUIRE_FALSE(outputs.ok());
    CHECK(outputs.failure().code == ErrorCode::input);
    INFO(outputs.failure().message);
    for (const std::string& part : parts) CHECK(outputs.failure().message.find(part) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("Inputs that do not fit are refused by name") {
  const Tensor good(DType::float32, {3, 2});
  check_refused({good}, {"1 inputs", "2"});
  check_refused({good, Tensor(DType::int32, {3, 2})}, {"'right'", "int32[3,2]", "float32[N,2]"});
  check_refused({Tensor(DType::float32, {3, 4}), good}, {"'left'", "float32[3,4]", "float32[N,2]"});
  check_refused({good, Tensor(DType::float32, {3, 2, 1})}, {"'right'", "float32[3,2,1]"});
  check_refused({good, Tensor(DType::float32, {4, 2})}, {"'right'", "N is 3", "'left'"});
}

TEST_CASE("Values may be kept by name, fused or not") {
  const std::string body =
      "input x: float32[1,1,1,3]\nconst w: float32[2,1,1,1] = {2, -1}\nc = Conv(x, w)\nr = Relu(c)\ny = Neg(r)\noutput "
      "y";
  const Tensor x = Tensor::of<float>({1, 1, 1, 3}, {-1, 0, 1});
  auto executor = executor_of(body, {.keep = {"c", "x", "w"}});
  const auto outputs = executor->run(std::vector<Tensor>{x});
  REQUIRE(outputs.ok());
  REQUIRE(outputs->size() == 4);
  CHECK((*outputs)[0].floats() == std::vector<float>{0, 0, -2, -1, 0, 0});
  CHECK((*outputs)[1].floats() == std::vector<float>{-2, 0, 2, 1, 0, -1});
  CHECK((*outputs)[2] == x);
  CHECK((*outputs)[3].floats() == std::vector<float>{2, -1});
  const auto missing = Executor::create(graph_of(body), {.keep = {"nothing"}});
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.failure().message.find("'nothing'") != std::string::npos);
}

TEST_CASE("One executor serves many input dims, more than it keeps plans for") {
  auto executor = executor_of("input x: float32[N,2]\nconst w: float32[2,1] = {1, 10}\ny = MatMul(x, w)\noutput y");
  for (int round = 0; round < 2; ++round) {
    for (int64_t n = 1; n <= 7; ++n) {
      Tensor x(DType::float32, {n, 2});
      for (int64_t i = 0; i < x.size(); ++i) x.set_double(i, static_cast<double>(i + round));
      const auto outputs = executor->run(std::vector<Tensor>{x});
      REQUIRE(outputs.ok());
      REQUIRE((*outputs)[0].dims() == Dims{n, 1});
      for (int64_t i = 0; i < n; ++i)
        CHECK((*outputs)[0].as_double(i) ==
              static_cast<double>(2 * i + round) + 10.0 * static_cast<double>(2 * i + 1 + round));
    }
  }
}

TEST_CASE("A batch of none gives none") {
  auto executor = executor_of(
      "input x: float32[N,2,4,4]\nconst w: float32[3,2,1,1] = {1, 2, 3, 4, 5, 6}\nc = Conv(x, w)\nr = Relu(c)\n"
      "g = GlobalAveragePool(r)\ny = Flatten(g)\noutput y");
  const auto outputs = executor->run(std::vector<Tensor>{Tensor(DType::float32, {0, 2, 4, 4})});
  if (!outputs) FAIL(outputs.failure().message);
  CHECK((*outputs)[0].dims() == Dims{0, 3});
}

TEST_CASE("Dims that depend on data run all the same") {
  auto executor = executor_of(
      "input n: int64[]\nconst z: int64[] = {0}\nconst one: int64[] = {1}\nr = Range(z, n, one)\ny = Add(r, "
      "one)\noutput y");
  const auto outputs = executor->run(std::vector<Tensor>{Tensor::scalar<int64_t>(3)});
  if (!outputs) FAIL(outputs.failure().message);
  CHECK((*outputs)[0].ints() == std::vector<int64_t>{1, 2, 3});
}

TEST_CASE("Convolution, normalization, residual and activation are one step; shape arithmetic is none") {
  auto executor = executor_of(
      "input x: float32[N,2,4,4]\nconst w: float32[2,2,1,1] = {1, 2, 3, 4}\nconst s: float32[2] = {1, 2}\nconst b: "
      "float32[2] = {0, 1}\n"
      "c = Conv(x, w)\nn = BatchNormalization(c, s, b, b, s)\na = Add(n, x)\nr = Relu(a)\nh = Shape(r)\nconst i: "
      "int64[1] = {0}\n"
      "batch = Gather(h, i)\nconst rest: int64[1] = {-1}\nt = Concat(batch, rest) {axis = 0}\ny = Reshape(r, "
      "t)\noutput y");
  REQUIRE(executor->run(std::vector<Tensor>{Tensor(DType::float32, {2, 2, 4, 4})}).ok());
  std::vector<std::string> kernels;
  for (const StepReport& step : executor->steps()) kernels.push_back(step.kernel);
  CHECK(kernels == std::vector<std::string>{"to_channels_last", "conv2d.nhwc.float", "to_onnx_order"});
}

TEST_CASE("The arena is as large as what is alive at once, not as all values") {
  // Eight values in a row of 64 KiB each, which no step fuses: two alive at once.
  std::string body = "input x: float32[128,128]\nv0 = Softmax(x)\n";
  for (int i = 1; i < 8; ++i) body += "v" + std::to_string(i) + " = Softmax(v" + std::to_string(i - 1) + ")\n";
  auto executor = executor_of(body + "y = Softmax(v7)\noutput y");
  REQUIRE(executor->run(std::vector<Tensor>{Tensor(DType::float32, {128, 128})}).ok());
  CHECK(executor->memory().arena_bytes <= 2 * 65536);
  CHECK(executor->memory().arena_bytes >= 65536);
}

TEST_CASE("Wrong operands of an operator are a sentence, not a crash") {
  const auto gather = make_op("", "Gather", 13, {});
  REQUIRE(gather.ok());
  const std::vector<Tensor> operands{Tensor(DType::float32, {3}), Tensor::of<int64_t>({1}, {3})};
  const auto outputs = execute(*gather, operands);
  REQUIRE_FALSE(outputs.ok());
  INFO(outputs.failure().message);
  CHECK(outputs.failure().code == ErrorCode::input);
  for (const char* part : {"Gather", "index 3"}) CHECK(outputs.failure().message.find(part) != std::string::npos);
}

TEST_CASE("Multiply-accumulates are those of products") {
  // Conv: 4 * 4 outputs of 3 channels, each of 2 * 3 * 3 products. Gemm: 2 x 3 x 5.
  const auto graph = graph_of(
      "input x: float32[1,2,6,6]\ninput w: float32[3,2,3,3]\ny = Conv(x, w)\nr = Relu(y)\noutput r\n"
      "input a: float32[2,3]\ninput b: float32[3,5]\nm = MatMul(a, b)\noutput m");
  CHECK(graph_macs(*graph) == 4 * 4 * 3 * 2 * 3 * 3 + 2 * 3 * 5);
}

TEST_CASE("The table that ZipMap takes apart stands for its maps") {
  const std::vector<Tensor> inputs{Tensor::of<float>({2, 2}, {0.25f, 0.75f, 1, 0})};
  for (const bool reference : {false, true}) {
    const auto executor = executor_of(
        "input x: float32[2,2]\ns = Relu(x)\nz = ai.onnx.ml.ZipMap@1(s) {classlabels_int64s = [3, 5]}\noutput s\n"
        "output z\ndomain ai.onnx.ml 1",
        {.reference = reference});
    const auto outputs = executor->run(inputs);
    REQUIRE(outputs.ok());
    REQUIRE(outputs->size() == 2);
    for (const Tensor& output : *outputs) CHECK(output == inputs[0]);
  }
}

}  // namespace pare
