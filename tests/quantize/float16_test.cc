#include "quantize/float16.h"

#include <cmath>

#include "graph/error.h"
#include "graph/text.h"
#include "runtime/executor.h"
#include "tests/catch.h"

namespace pare {
namespace {

Graph parse_graph(const std::string& body) { return unwrap(parse("graph \"g\" {\n" + body + "\n}")); }

std::vector<float> run(const Graph& graph, const std::vector<Tensor>& inputs) {
  auto executor = unwrap(Executor::create(std::make_shared<Graph>(graph), {}));
  return unwrap(executor->run(inputs))[0].floats();
}

Batches one_batch(std::vector<Tensor> tensors) {
  return {1, [tensors](int64_t) { return tensors; }};
}

bool mentions(const Float16Report& report, const std::string& text) {
  for (const std::string& kept : report.kept_float) {
    if (kept.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST_CASE("arithmetic becomes 16 bits between Casts, inputs and outputs keep their names and types") {
  Graph graph = parse_graph(R"( input x: float32[N,2]
  const w: float32[2,2] = {0.1, 2, -3, 0.5}
  a = MatMul(x, w)
  y = Relu(a)
  output y)");
  const Float16Report report = convert_to_float16(graph);
  CHECK(report.nodes == 2);
  CHECK(report.kept_float.empty());
  CHECK(report.bytes_before == 16);
  CHECK(report.bytes_after == 8);
  REQUIRE(graph.order().size() == 4);
  CHECK(graph.value(graph.inputs[0]).type.dtype == DType::float32);
  CHECK(graph.value(graph.outputs[0]).type.dtype == DType::float32);
  CHECK(graph.value(graph.outputs[0]).name == "y");
  CHECK(graph.value(*graph.find("a")).type.dtype == DType::float16);
  // 0.1 is 0.0999755859375 in binary16 (IEEE 754)
  CHECK(run(graph, {Tensor::of<float>({1, 2}, {1, 0})}) == std::vector<float>{0.0999755859375f, 2});
}

TEST_CASE("inputs and outputs become 16 bits where asked") {
  Graph graph = parse_graph(R"( input x: float32[N,2]
  const w: float32[2,2] = {0.5, 2, -3, 0.5}
  y = MatMul(x, w)
  output y)");
  convert_to_float16(graph, {.keep_io = false});
  CHECK(graph.order().size() == 1);
  CHECK(graph.value(graph.inputs[0]).type.dtype == DType::float16);
  CHECK(graph.value(graph.outputs[0]).type.dtype == DType::float16);
}

TEST_CASE("what overflows stays float32: by data, or by the constants alone") {
  const std::string body = R"( input x: float32[N]
  const small: float32[] = {0.0001}
  a = Mul(x, x)
  b = Mul(a, small)
  y = Neg(b)
  output y)";
  const std::vector<Tensor> x{Tensor::of<float>({2}, {1000, 3})};
  Graph measured = parse_graph(body), blind = measured;
  const Batches batches = one_batch(x);
  const Float16Report report = convert_to_float16(measured, {.batches = &batches});
  CHECK(mentions(report, "node producing 'a' (Mul): its result 'a' reaches 1e+06, beyond the 65504 of float16"));
  CHECK(mentions(report, "node producing 'b' (Mul)"));
  CHECK(report.nodes == 1);
  CHECK(run(measured, x)[0] == Approx(-100).epsilon(1e-3));
  CHECK(convert_to_float16(blind).nodes == 3);
  Graph constant = parse_graph(" input x: float32[N]\n const c: float32[] = {70000}\n y = Mul(x, c)\n output y");
  CHECK(mentions(convert_to_float16(constant), "its operand 'c' reaches 7e+04, beyond"));
}

TEST_CASE("a constant that 16 bits would lose stays float32") {
  Graph graph =
      parse_graph(" input x: float32[N]\n const e: float32[] = {1e-12}\n s = Add(x, e)\n y = Sqrt(s)\n output y");
  const Float16Report report = convert_to_float16(graph);
  CHECK(mentions(report, "its operand 'e' stays within 1e-12, below"));
  CHECK(report.nodes == 1);
}

TEST_CASE("an attention mask becomes the largest finite number") {
  const std::string body = R"( input x: float32[N]
  input m: int64[N]
  const lowest: float32[] = {-3.4028235e38}
  const one: float32[] = {1}
  c = Cast(m) {to = float32}
  d = Sub(one, c)
  e = Mul(d, lowest)
  s = Add(x, e)
  y = Softmax(s)
  output y)";
  const std::vector<Tensor> inputs{Tensor::of<float>({3}, {1, 2, 3}), Tensor::of<int64_t>({3}, {1, 1, 0})};
  Graph graph = parse_graph(body);
  const Batches batches = one_batch(inputs);
  const Float16Report report = convert_to_float16(graph, {.batches = &batches});
  CHECK(report.kept_float.empty());
  CHECK(report.clamped == 1);
  const std::vector<float> y = run(graph, inputs);
  CHECK(y[0] == Approx(1 / (1 + std::exp(1.0))).epsilon(2e-3));
  CHECK(y[2] == 0);
}

TEST_CASE("numbers of indices, integers and graphs inside operators stay") {
  Graph graph = parse_graph(R"( input x: float32[N,3]
  const half: float32[] = {0.5}
  n = Shape(x)
  f = Cast(n) {to = float32}
  g = Mul(f, half)
  k = Cast(g) {to = int64}
  z = Neg(x)
  output z
  output k)");
  const Float16Report report = convert_to_float16(graph);
  CHECK(mentions(report, "(Mul): it computes indices or sizes"));
  CHECK(graph.value(*graph.find("g")).type.dtype == DType::float32);
  CHECK(report.nodes == 1);
}

TEST_CASE("a quantized layer stays as it is") {
  Graph graph = parse_graph(R"( input x: float32[N,2]
  const s: float32[] = {0.1}
  const z: uint8[] = {3}
  q = QuantizeLinear(x, s, z)
  d = DequantizeLinear(q, s, z)
  y = Neg(d)
  output y)");
  const Float16Report report = convert_to_float16(graph);
  CHECK(mentions(report, "(QuantizeLinear): it is quantized"));
  CHECK(report.nodes == 1);
}

TEST_CASE("bfloat16 halves constants and computes in float32") {
  std::string numbers = "1.00390625";  // 1 + 2^-8: ties to even 1.0 in bfloat16
  for (int i = 1; i < 64; ++i) numbers += ", " + std::to_string(i);
  Graph graph = parse_graph(" input x: float32[N,64]\n const w: float32[64,1] = {" + numbers +
                            "}\n const b: float32[1] = {0.1}\n p = MatMul(x, w)\n y = Add(p, b)\n output y");
  const Float16Report report = convert_to_float16(graph, {.dtype = DType::bfloat16});
  CHECK(report.constants == 1);
  CHECK(report.nodes == 0);
  CHECK(report.bytes_before == 260);
  CHECK(report.bytes_after == 132);
  Tensor x(DType::float32, {1, 64});
  x.mutable_data<float>()[0] = 1;
  CHECK(run(graph, {x})[0] == Approx(1.1));
  CHECK_THROWS_AS(convert_to_float16(graph, {.dtype = DType::int8}), Error);
}

}  // namespace
}  // namespace pare
