// Weights into LibTorch and back.
#include "distill/program.h"

#include "distill/initialize.h"
#include "distill/train.h"
#include "graph/text.h"
#include "tests/catch.h"

using namespace pare;

namespace {

Graph parsed(const std::string& body) {
  auto graph = parse("graph \"g\" {\n" + body + "\n}");
  if (!graph) FAIL(graph.failure().message);
  return *std::move(graph);
}

// A dense layer with 4-bit weights, 8-bit activations and an int32 bias, then a float one behind BatchNormalization.
Graph quantized() {
  return parsed(R"(
    input x: float32[N,2]
    const sx: float32[] = {0.5}
    const zx: uint8[] = {2}
    const w: int4[3,2] = {1, -3, 7, 0, -8, 2}
    const sw: float32[3] = {0.5, 0.25, 0.125}
    const b: int32[3] = {8, -4, 16}
    const sb: float32[3] = {0.25, 0.125, 0.0625}
    const v: float32[1,3] = {1, 0, -2}
    const scale: float32[3] = {1, 2, 3}
    const shift: float32[3] = {0, 0.5, 1}
    const mean: float32[3] = {0.25, 0, 1}
    const variance: float32[3] = {1, 4, 0.5}
    xq = QuantizeLinear(x, sx, zx)
    xd = DequantizeLinear(xq, sx, zx)
    wd = DequantizeLinear(w, sw) {axis = 0}
    bd = DequantizeLinear(b, sb) {axis = 0}
    h = Gemm(xd, wd, bd) {transB = 1}
    n = BatchNormalization(h, scale, shift, mean, variance) {momentum = 0.75}
    y = Gemm(n, v) {transB = 1}
    output y)");
}

const Parameter& parameter(Program& program, const Graph& graph, const std::string& name) {
  for (const Parameter& p : program.parameters()) {
    if (graph.value(p.value).name == name) return p;
  }
  FAIL("no parameter " << name);
  return program.parameters()[0];
}

at::Tensor samples() { return at::tensor(std::vector<float>{0.6f, -1, 2, 0.3f, -0.2f, 4}).reshape({3, 2}); }

}  // namespace

TEST_CASE("what is not trained comes back bit for bit") {
  Graph graph = quantized();
  const Graph before = graph;
  Program program(graph, {.learn_scales = true});
  program.write_back(graph);
  CHECK(equal(graph, before));
}

TEST_CASE("weights, shadows and scales are found; zero points, bias scales and statistics are none") {
  const Graph graph = quantized();
  std::vector<std::string> names;
  Program program(graph, {.learn_scales = true});
  for (const Parameter& p : program.parameters()) names.push_back(graph.value(p.value).name);
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"b", "scale", "shift", "sw", "sx", "v", "w"});
  Program fixed(graph);
  CHECK(fixed.parameters().size() == 5);
  Program teacher(graph, {.trainable = false});
  CHECK(teacher.parameters().empty());
}

TEST_CASE("moved shadows are rounded into their integers, scales into every place that holds them") {
  Graph graph = quantized();
  Program program(graph, {.learn_scales = true});
  {
    const at::NoGradGuard no_gradients;
    at::Tensor w = parameter(program, graph, "w").tensor;     // 1, -3, 7, 0, -8, 2 in steps of 1/2, 1/4, 1/8
    w += at::tensor(std::vector<float>{0.3f, 0.2f, 5, 0.1f, -1, 0.07f}).reshape({3, 2});
    parameter(program, graph, "sx").tensor.fill_(0.25);
    parameter(program, graph, "b").tensor.fill_(1);           // its scale becomes 0.25 * sw
  }
  program.write_back(graph);
  const auto ints = [&](const std::string& name) { return graph.value(*graph.find(name)).constant->ints(); };
  CHECK(ints("w") == std::vector<int64_t>{2, -3, 7, 0, -8, 3});
  CHECK(graph.value(*graph.find("sx")).constant->floats() == std::vector<float>{0.25f});
  CHECK(graph.value(*graph.find("sb")).constant->floats() == std::vector<float>{0.125f, 0.0625f, 0.03125f});
  CHECK(ints("b") == std::vector<int64_t>{8, 16, 32});
}

TEST_CASE("shadows start from the original where one lies within a step") {
  const Graph graph = quantized();
  const Graph original = parsed(R"(
    input x: float32[N,2]
    const far: float32[3,2] = {9, 9, 9, 9, 9, 9}
    const w: float32[3,2] = {0.4, -1.4, 1.8, 0.05, -1.05, 0.2}
    y = Gemm(x, w) {transB = 1}
    z = Gemm(x, far) {transB = 1}
    output y
    output z)");
  Program program(graph, {}, &original);
  const at::Tensor w = parameter(program, graph, "w").tensor.detach().flatten();
  CHECK(w[0].item<float>() == 0.4f);
  CHECK(w[5].item<float>() == 0.2f);
}

// Multiples of 1/2 are exact in steps of 1/2, and so are the first channel's weights; the second's are exact as they are.
TEST_CASE("scales start where rounding costs least") {
  const Graph graph = parsed(R"(
    input x: float32[N,2]
    const sx: float32[] = {1}
    const w: int4[2,2] = {1, 0, 2, -3}
    const sw: float32[2] = {1, 1}
    const z: int4[] = {0}
    xq = QuantizeLinear(x, sx, z)
    xd = DequantizeLinear(xq, sx, z)
    wd = DequantizeLinear(w, sw) {axis = 0}
    y = Gemm(xd, wd) {transB = 1}
    output y)");
  const Graph original = parsed(R"(
    input x: float32[N,2]
    const w: float32[2,2] = {1.5, 0.5, 2, -3}
    y = Gemm(x, w) {transB = 1}
    output y)");
  Program program(graph, {.learn_scales = true}, &original);
  const at::Tensor x = at::tensor(std::vector<float>{0.5f, -1.5f, 2, 3.5f, -2.5f, 1.5f}).reshape({3, 2});
  program.fit_scales(std::vector<at::Tensor>{x});
  CHECK(parameter(program, graph, "sx").tensor.item<float>() == Approx(0.5));
  CHECK(parameter(program, graph, "sw").tensor[0].item<float>() == Approx(0.5));
  CHECK(parameter(program, graph, "sw").tensor[1].item<float>() == 1);
}

TEST_CASE("statistics follow the batches by ONNX's momentum, and stay when frozen") {
  Graph graph = quantized();
  Program program(graph);
  const std::vector<at::Tensor> inputs{samples()};
  const std::vector<ValueId> wanted{*graph.find("h"), graph.outputs[0]};
  const Graph before = graph;
  program.forward(inputs, wanted, {.training = true, .batch_statistics = false});
  program.write_back(graph);
  CHECK(equal(graph, before));
  const at::Tensor h = program.forward(inputs, wanted, {.training = true, .batch_statistics = true})[0];
  program.write_back(graph);
  const auto mean = graph.value(*graph.find("mean")).constant->floats();
  const auto variance = graph.value(*graph.find("variance")).constant->floats();
  for (int64_t c = 0; c < 3; ++c) {
    const double m = h.select(1, c).mean().item<double>(), v = h.select(1, c).var(/*unbiased=*/true).item<double>();
    const double old_mean[] = {0.25, 0, 1}, old_variance[] = {1, 4, 0.5};
    CHECK(mean[static_cast<size_t>(c)] == Approx(0.75 * old_mean[c] + 0.25 * m));
    CHECK(variance[static_cast<size_t>(c)] == Approx(0.75 * old_variance[c] + 0.25 * v));
  }
}

TEST_CASE("initialization draws by fan-in, fills the rest, and depends on the seed alone") {
  const std::string body = R"(
    input x: float32[N,50]
    const w: float32[50,40] = base64")" + std::string(((50 * 40 * 4 + 2) / 3 * 4 - 4), 'A') + "AAA=" + R"("
    const b: float32[40] = base64")" + std::string((160 / 3 * 4), 'A') + "AA==" + R"("
    y = Gemm(x, w, b)
    output y)";
  Graph a = parsed(body), b = a, c = a;
  initialize_weights(a, 1);
  initialize_weights(b, 1);
  initialize_weights(c, 2);
  CHECK(equal(a, b));
  CHECK_FALSE(equal(a, c));
  double sum = 0, squares = 0;
  const auto weights = a.value(*a.find("w")).constant->floats();
  for (float w : weights) sum += w, squares += static_cast<double>(w) * w;
  CHECK(sum / 2000 == Approx(0).margin(0.02));       // four standard errors
  CHECK(squares / 2000 == Approx(2.0 / 50).epsilon(0.13));
  for (float x : a.value(*a.find("b")).constant->floats()) CHECK(x == 0);
}

TEST_CASE("equal vectors shared by two layers are given to each") {
  Graph graph = parsed(R"(
    input x: float32[N,2]
    const w: float32[2,2] = {1, 2, 3, 4}
    const b: float32[2] = {0, 0}
    h = Gemm(x, w, b)
    y = Gemm(h, w, b)
    output y)");
  unshare_vectors(graph);
  const Node &first = graph.node(graph.order()[0]), &second = graph.node(graph.order()[1]);
  CHECK(first.inputs[2] != second.inputs[2]);
  CHECK(first.inputs[1] == second.inputs[1]);
  CHECK(*graph.value(first.inputs[2]).constant == *graph.value(second.inputs[2]).constant);
}
