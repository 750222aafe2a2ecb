// Training's operators against the plain kernels, and their gradients against finite differences.
#include <cmath>
#include <set>

#include "distill/program.h"
#include "graph/text.h"
#include "runtime/executor.h"
#include "tests/catch.h"
#include "tests/distill/lower_cases.h"
#include "tests/ops/cases.h"

namespace {

using namespace pare;

Graph graph_of(const LowerCase& c) {
  auto graph = parse("graph \"case\" {\n " + c.body + "\n output y\n}");
  if (!graph) FAIL(c.name << ": " << graph.failure().message);
  return *std::move(graph);
}

// Irregular values spread over [low, high].
std::vector<Tensor> inputs_of(const Graph& graph, const LowerCase& c) {
  std::vector<Tensor> inputs;
  int64_t k = 0;
  for (ValueId id : graph.inputs) {
    Tensor tensor(DType::float32, *graph.value(id).type.dims());
    for (float& x : tensor.mutable_data<float>()) {
      const double part = std::fmod(static_cast<double>(++k) * 0.6180339887498949, 1.0);
      x = static_cast<float>(c.low + (c.high - c.low) * part);
    }
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

std::vector<at::Tensor> to_program(const Program& program, const std::vector<Tensor>& inputs) {
  std::vector<at::Tensor> out;
  for (const Tensor& t : inputs) out.push_back(program.input(t));
  return out;
}

double weighted_sum(const at::Tensor& y) {
  double sum = 0;
  const at::Tensor flat = y.detach().to(at::kDouble).contiguous();
  for (int64_t i = 0; i < flat.numel(); ++i) sum += flat.data_ptr<double>()[i] * std::cos(static_cast<double>(i));
  return sum;
}

// The message of the unsupported-error that running gives; "" without one.
std::string refusal(Program& program, const std::vector<at::Tensor>& inputs, const Graph& graph) {
  try {
    program.forward(inputs, graph.outputs, {});
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unsupported) return error.what();
  }
  return "";
}

at::Tensor output_weights(const at::Tensor& y) { return at::arange(y.numel(), at::kDouble).cos().reshape(y.sizes()); }

}  // namespace

TEST_CASE("every operator computes as its plain kernel") {
  for (const LowerCase& c : all_lower_cases()) {
    INFO(c.name);
    const auto graph = std::make_shared<Graph>(graph_of(c));
    const std::vector<Tensor> inputs = inputs_of(*graph, c);
    auto executor = Executor::create(graph, {.reference = true});
    if (!executor) FAIL(executor.failure().message);
    const auto expected = (*executor)->run(inputs);
    if (!expected) FAIL(expected.failure().message);
    Program program(*graph);
    const at::Tensor y = program.forward(to_program(program, inputs), graph->outputs, {})[0];
    const Tensor& e = (*expected)[0];
    REQUIRE(dims_of(y) == e.dims());
    const at::Tensor flat = y.detach().to(at::kDouble).contiguous();
    double largest = 1;
    for (int64_t i = 0; i < e.size(); ++i) largest = std::max(largest, std::abs(e.as_double(i)));
    for (int64_t i = 0; i < e.size(); ++i) {
      INFO("element " << i);
      CHECK(std::abs(flat.data_ptr<double>()[i] - e.as_double(i)) <= 2e-6 * largest);
    }
  }
}

// The operators' own cases with inputs, where all that goes in and comes out is float32, which is what training
// computes in.
static std::vector<test::Case> float_cases() {
  std::vector<test::Case> list;
  for (const test::Case& c : test::cases()) {
    const Graph graph = test::graph_of(c);
    bool floats = !c.quantized && graph.order().size() == 1 && !graph.inputs.empty();
    for (const ValueId id : graph.inputs) floats = floats && graph.value(id).type.dtype == DType::float32;
    for (const ValueId id : graph.outputs) floats = floats && graph.value(id).type.dtype == DType::float32;
    if (floats) list.push_back(c);
  }
  return list;
}

TEST_CASE("the operators' own cases compute the same in training") {
  int compared = 0;
  for (const test::Case& c : float_cases()) {
    INFO(c.name);
    const auto graph = std::make_shared<Graph>(test::graph_of(c));
    const std::vector<Tensor> inputs = test::inputs_of(c, *graph);
    const auto executor = Executor::create(graph, {.reference = true});
    if (!executor) FAIL(executor.failure().message);
    const auto expected = (*executor)->run(inputs);
    if (!expected) FAIL(expected.failure().message);
    // A refused operator may be refused as soon as its constant operands are computed.
    std::unique_ptr<Program> made;
    try {
      made = std::make_unique<Program>(*graph);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::unsupported);
      continue;
    }
    Program& program = *made;
    if (!refusal(program, to_program(program, inputs), *graph).empty()) continue;
    const at::Tensor y = program.forward(to_program(program, inputs), graph->outputs, {})[0];
    Tensor got(DType::float32, dims_of(y));
    const at::Tensor flat = y.detach().to(at::kFloat).contiguous();
    for (int64_t i = 0; i < got.size(); ++i)
      got.mutable_data<float>()[static_cast<size_t>(i)] = flat.data_ptr<float>()[i];
    REQUIRE(got.dims() == (*expected)[0].dims());
    CHECK(test::difference(got, (*expected)[0]) <= std::max(c.tolerance, 1e-5));
    ++compared;
  }
  CHECK(compared > 50);
}

TEST_CASE("gradients agree with finite differences") {
  constexpr double kStep = 1e-6;
  for (const LowerCase& c : all_lower_cases()) {
    if (!c.smooth) continue;
    INFO(c.name);
    const Graph graph = graph_of(c);
    Program program(graph, {.real = at::kDouble});
    std::vector<at::Tensor> inputs = to_program(program, inputs_of(graph, c));
    for (at::Tensor& x : inputs) x.set_requires_grad(true);
    const at::Tensor y = program.forward(inputs, graph.outputs, {})[0];
    (y * output_weights(y)).sum().backward();
    const at::NoGradGuard no_gradients;
    for (size_t k = 0; k < inputs.size(); ++k) {
      at::Tensor x = inputs[k].detach().clone();
      const at::Tensor gradient = inputs[k].grad().contiguous();
      REQUIRE(gradient.sizes() == x.sizes());
      std::vector<at::Tensor> moved(inputs.begin(), inputs.end());
      moved[k] = x = x.contiguous();
      for (int64_t i = 0; i < x.numel(); ++i) {
        double& element = x.data_ptr<double>()[i];
        const double old = element;
        element = old + kStep;
        const double above = weighted_sum(program.forward(moved, graph.outputs, {})[0]);
        element = old - kStep;
        const double below = weighted_sum(program.forward(moved, graph.outputs, {})[0]);
        element = old;
        const double expected = (above - below) / (2 * kStep);
        INFO("input " << k << " element " << i);
        CHECK(std::abs(gradient.data_ptr<double>()[i] - expected) <= 1e-5 * std::max(1.0, std::abs(expected)));
      }
    }
  }
}

TEST_CASE("every operator has a case or a reason why training does not know it") {
  std::set<std::string> seen;
  for (const LowerCase& c : all_lower_cases()) {
    const Graph graph = graph_of(c);
    for (NodeId id : graph.order()) seen.insert(std::string(op_type(graph.node(id).op)));
  }
  for (const test::Case& c : float_cases()) {
    const Graph graph = test::graph_of(c);
    for (NodeId id : graph.order()) seen.insert(std::string(op_type(graph.node(id).op)));
  }
  for (const auto names :
       {std::span<const std::string_view>(Unary::kNames), std::span<const std::string_view>(Binary::kNames),
        std::span<const std::string_view>(Variadic::kNames)}) {
    for (std::string_view name : names) {
      INFO(name);
      CHECK(seen.count(std::string(name)) == 1);
    }
  }
  const auto check = [&](const Op& op) {
    const std::string name(op_type(op));
    INFO(name);
    if (seen.count(name)) return;
    // Refused before any operand is looked at, with a reason.
    LowerContext none;
    none.inputs.resize(64);
    none.outputs.resize(64);
    none.input_types.resize(64);
    none.output_types.resize(64);
    none.wanted.resize(64);
    try {
      const auto lowered = lower_op(op, none);
      REQUIRE_FALSE(lowered.ok());
      CHECK(lowered.failure().code == ErrorCode::unsupported);
      CHECK_FALSE(lowered.failure().message.empty());
    } catch (const c10::Error&) {
      FAIL_CHECK("is trained and has no case in lower_cases.h");
    }
  };
#define PARE_CHECK_OP(O) \
  if constexpr (!std::is_same_v<O, Opaque>) check(Op(O{}));
  PARE_OPS(PARE_CHECK_OP)
#undef PARE_CHECK_OP
}

TEST_CASE("an operator without a gradient is refused with its node and reason") {
  const Graph graph = graph_of(
      {"integers",
       "input x: uint8[1,4]\n const w: int8[4,2] = {1, 2, 3, 4, 5, 6, 7, 8}\n y = MatMulInteger(x, w) \"mm\"\n"});
  Program program(graph);
  const std::vector<at::Tensor> inputs{at::ones({1, 4})};
  CHECK(refusal(program, inputs, graph).find("node 'mm'") != std::string::npos);
  CHECK(refusal(program, inputs, graph).find("has no gradient") != std::string::npos);
  const Graph opaque = graph_of({"opaque", "input x: float32[2]\n y = com.acme.Foo(x) \"foo\"\n"});
  Program other(opaque);
  const std::vector<at::Tensor> two{at::ones({2})};
  CHECK(refusal(other, two, opaque).find("node 'foo'") != std::string::npos);
  CHECK(refusal(other, two, opaque).find("com.acme") != std::string::npos);
}

// Esser et al. 2020, equation 3, on numbers: steps 0.5, range [-8, 7].
TEST_CASE("the step size learns as LSQ does") {
  const at::Tensor x = at::tensor(std::vector<double>{0.6, -0.3, 100.0, -100.0}).set_requires_grad(true);
  const std::vector<double> inside{1 - 1.2, -1 + 0.6};  // round(x / s) - x / s
  const std::vector<double> expected_scale{inside[0], inside[1], 7, -8};
  for (int64_t i = 0; i < 4; ++i) {
    INFO("element " << i);
    const at::Tensor s = at::scalar_tensor(0.5, at::kDouble).set_requires_grad(true);
    x.mutable_grad().reset();
    const at::Tensor q = unwrap(quantize(x, s, at::Tensor(), DType::int4, 0, 0));
    const at::Tensor y = unwrap(dequantize(q, s, at::Tensor(), 0, 0));
    y[i].backward();
    CHECK(s.grad().item<double>() == Approx(expected_scale[static_cast<size_t>(i)]));
    CHECK(x.grad()[i].item<double>() == (i < 2 ? 1.0 : 0.0));
  }
}
