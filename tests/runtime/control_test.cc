// Graphs inside operators: what the list of cases in tests/ops cannot say.
#include "graph/subgraphs.h"
#include "graph/text.h"
#include "runtime/executor.h"
#include "tests/catch.h"

namespace pare {
namespace {

Result<Graph> parsed(const std::string& body) { return parse("graph \"test\" {\n" + body + "\n}"); }

std::unique_ptr<Executor> executor_of(const std::string& body, const ExecutorOptions& options) {
  auto graph = parsed(body);
  if (!graph) FAIL(graph.failure().message);
  auto executor = Executor::create(std::make_shared<const Graph>(*std::move(graph)), options);
  if (!executor) FAIL(executor.failure().message);
  return *std::move(executor);
}

std::vector<Tensor> run(Executor& executor, const std::vector<Tensor>& inputs) {
  auto outputs = executor.run(inputs);
  if (!outputs) FAIL(outputs.failure().message);
  return *std::move(outputs);
}

void check_message(const std::string& message, const std::vector<std::string>& parts) {
  INFO(message);
  for (const std::string& part : parts) CHECK(message.find(part) != std::string::npos);
}

// Refused when the text is read, for each of the reasons.
void check_refused(const std::string& body, const std::vector<std::string>& parts) {
  const auto graph = parsed(body);
  INFO(body);
  REQUIRE_FALSE(graph.ok());
  CHECK(graph.failure().code == ErrorCode::input);
  check_message(graph.failure().message, parts);
}

std::string loop(const std::string& inputs, const std::string& body, const std::string& outputs = "s") {
  return "input x: float32[2]\nconst m: int64[] = {3}\nconst yes: bool[] = {true}\n" + outputs + " = Loop(" + inputs +
         ") {body = graph {\n" + body + "\n}}\noutput s";
}

}  // namespace

TEST_CASE("Branches may differ in rank; the one that is taken gives the shape") {
  const std::string text = R"(input p: bool[]
input x: float32[N,3]
y = If(p) {
  then_branch = graph { capture x  r = Relu(x) output r },
  else_branch = graph { capture x  const axes: int64[1] = {0}  s = ReduceSum(x, axes) {keepdims = 0} output s }
}
z = Neg(y)
output z)";
  for (const bool reference : {true, false}) {
    const auto executor = executor_of(text, {.threads = 2, .reference = reference});
    const Tensor yes = Tensor::scalar(true), no = Tensor::scalar(false);
    for (int again = 0; again < 2; ++again) {
      const Tensor two = Tensor::of<float>({2, 3}, {1, -2, 3, 4, 5, -6}), one = Tensor::of<float>({1, 3}, {1, -2, 3});
      auto outputs = run(*executor, {yes, two});
      CHECK(outputs[0].dims() == Dims{2, 3});
      CHECK(outputs[0].floats() == std::vector<float>{-1, 0, -3, -4, -5, 0});
      outputs = run(*executor, {no, two});
      CHECK(outputs[0].dims() == Dims{3});
      CHECK(outputs[0].floats() == std::vector<float>{-5, -3, 3});
      CHECK(run(*executor, {yes, one})[0].floats() == std::vector<float>{-1, 0, -3});
    }
  }
}

TEST_CASE("An operator that cannot run is named before anything runs, bodies included") {
  auto graph = parsed(R"(input p: bool[]
input x: float32[2]
y = If(p) {
  then_branch = graph { capture x  r: float32[2] = com.acme.Foo(x) output r },
  else_branch = graph { capture x  r = Neg(x) output r }
}
output y
domain com.acme 1)");
  REQUIRE(graph.ok());
  for (const bool reference : {true, false}) {
    const auto executor = Executor::create(std::make_shared<const Graph>(*graph), {.reference = reference});
    REQUIRE_FALSE(executor.ok());
    CHECK(executor.failure().code == ErrorCode::unsupported);
    check_message(executor.failure().message, {"then_branch", "com.acme", "Foo"});
  }
}

TEST_CASE("Control flow that does not fit is refused with a sentence") {
  const std::string good = "input i: int64[]\ninput c: bool[]\ninput s: float32[2]\nt = Neg(s)\n";
  REQUIRE(parsed(loop("m, yes, x", good + "output c\noutput t")).ok());
  check_refused(loop("m, yes, x, x", good + "output c\noutput t"), {"Loop", "3 inputs", "expected 4"});
  check_refused(loop("m, yes, x", good + "output c"), {"Loop", "body has 1 outputs", "at least 2"});
  check_refused(loop("m, yes, x", good + "output c\noutput i"), {"state 's'", "int64", "float32"});
  check_refused(loop("x, yes, x", good + "output c\noutput t"), {"M is float32", "expected int64"});
  check_refused(loop("m, x, x", good + "output c\noutput t"), {"cond is float32", "expected bool"});
  check_refused(loop("m, yes, m", good + "output c\noutput t"), {"'s'", "float32", "int64"});
  check_refused(loop("m, yes, _", good + "output c\noutput t"), {"state 0", "left out"});
  check_refused(
      "input p: bool[2]\ny = If(p) {then_branch = graph { const a: bool[] = {true} output a }, else_branch = "
      "graph { const a: bool[] = {true} output a }}\noutput y",
      {"cond", "bool[2]", "one element"});
  check_refused(
      "input p: bool[]\ny = If(p) {then_branch = graph { const a: bool[] = {true} output a }, else_branch = "
      "graph { const a: int64[] = {1} output a }}\noutput y",
      {"output 0", "bool[]", "int64[]"});
  const auto scan = [](const std::string& attributes) {
    return "input x: float32[3,2]\ny = Scan(x) {body = graph { input e  t = Neg(e) output t }, " + attributes +
           "}\noutput y";
  };
  REQUIRE(parsed(scan("num_scan_inputs = 1")).ok());
  check_refused(scan("num_scan_inputs = 2"), {"num_scan_inputs is 2", "1 to 1"});
  check_refused(scan("num_scan_inputs = -9223372036854775808"), {"num_scan_inputs"});
  check_refused(scan("num_scan_inputs = 1, scan_input_axes = [2]"), {"input 0", "2"});
  check_refused(scan("num_scan_inputs = 1, scan_output_axes = [-9223372036854775808]"), {"output 0"});
  check_refused(scan("num_scan_inputs = 1, scan_input_directions = [2]"), {"scan_input_directions", "0 or 1"});
  check_refused(scan("num_scan_inputs = 1, scan_output_axes = [0, 0]"), {"scan_output_axes", "2 entries"});
}

TEST_CASE("A sequence where a tensor has to be is refused") {
  check_refused("input x: float32[2]\ns = SequenceConstruct(x)\ny = Relu(s)\noutput y",
                {"Relu", "sequence(float32[2])", "expected a tensor"});
  check_refused("input x: float32[2]\nn = SequenceLength(x)\noutput n", {"input_sequence", "expected a sequence"});
  check_refused("input x: float32[2]\ninput i: int64[2]\ns = SequenceConstruct(x, i)\nn = SequenceLength(s)\noutput n",
                {"float32[2]", "int64[2]"});
}

TEST_CASE("Sequences and optional values enter and leave a graph") {
  const std::string text = R"(input s: sequence(float32[*])
input o: optional(float32[2])
h = OptionalHasElement(o)
t = SequenceInsert(s, v)
v = Neg(w)
w = Identity(x)
input x: float32[2]
output t
output h)";
  const std::string sorted = R"(input s: sequence(float32[*])
input o: optional(float32[2])
input x: float32[2]
h = OptionalHasElement(o)
v = Neg(x)
t = SequenceInsert(s, v)
output t
output h)";
  CHECK_FALSE(parsed(text).ok());
  const Tensor x = Tensor::of<float>({2}, {1, 2}), three = Tensor::of<float>({3}, {1, 2, 3});
  const Tensor nothing = Tensor::nothing({DType::float32, std::nullopt, Container::optional});
  for (const bool reference : {true, false}) {
    const auto executor = executor_of(sorted, {.reference = reference});
    auto outputs = run(*executor, {Tensor::sequence(DType::float32, {three}), nothing, x});
    REQUIRE(outputs[0].container() == Container::sequence);
    REQUIRE(outputs[0].elements().size() == 2);
    CHECK(outputs[0].elements()[0] == three);
    CHECK(outputs[0].elements()[1].floats() == std::vector<float>{-1, -2});
    CHECK(outputs[1].as_int(0) == 0);
    CHECK(run(*executor, {Tensor::sequence(DType::float32, {}), x, x})[1].as_int(0) == 1);
    const auto refused = executor->run(std::vector<Tensor>{three, nothing, x});
    REQUIRE_FALSE(refused.ok());
    check_message(refused.failure().message, {"'s'", "float32[3]", "sequence(float32[*])"});
  }
}

TEST_CASE("Positions outside a sequence and what holds nothing are failures of the run") {
  const std::string text = R"(input s: sequence(float32[*])
input at: int64[]
y = SequenceAt(s, at)
output y)";
  const Tensor one = Tensor::of<float>({1}, {1});
  const auto executor = executor_of(text, {.reference = true});
  for (const int64_t at : {int64_t{1}, int64_t{-2}, INT64_MIN, INT64_MAX}) {
    const auto outputs =
        executor->run(std::vector<Tensor>{Tensor::sequence(DType::float32, {one}), Tensor::scalar<int64_t>(at)});
    REQUIRE_FALSE(outputs.ok());
    check_message(outputs.failure().message, {"SequenceAt", "position " + std::to_string(at), "-1 to 0"});
  }
  const auto get = executor_of("input o: optional(float32[2])\ny = OptionalGetElement(o)\noutput y", {});
  const auto outputs =
      get->run(std::vector<Tensor>{Tensor::nothing({DType::float32, std::nullopt, Container::optional})});
  REQUIRE_FALSE(outputs.ok());
  check_message(outputs.failure().message, {"OptionalGetElement", "nothing"});
}

// Were every level inferred more than once, 2^40 bodies and more would be.
TEST_CASE("Loops nested deeply are inferred and run") {
  const int levels = 40;
  std::string text = "t0 = Concat(s0, s0) {axis = 0}\noutput c\noutput t0";
  for (int level = 1; level <= levels; ++level) {
    const std::string inner = std::to_string(level - 1), outer = std::to_string(level);
    const std::string condition = level == levels ? "" : "output c\n";
    text = "t" + outer + " = Loop(m, _, s" + outer + ") {body = graph {\ninput i" + inner +
           ": int64[]\ninput c: bool[]\ninput s" + inner + (level == 1 ? "" : "\ncapture m") + "\n" + text + "\n}}\n" +
           condition + "output t" + outer;
  }
  const auto executor =
      executor_of("input s" + std::to_string(levels) + ": float32[1]\ninput m: int64[]\n" + text, {.reference = true});
  const auto outputs = run(*executor, {Tensor::of<float>({1}, {3}), Tensor::scalar<int64_t>(1)});
  CHECK(outputs[0].floats() == std::vector<float>{3, 3});
}

TEST_CASE("Inference keeps what holds for every iteration") {
  const auto type_of = [](const std::string& text, const std::string& value) {
    auto graph = parsed(text);
    if (!graph) FAIL(graph.failure().message);
    return to_string(graph->value(*graph->find(value)).type);
  };
  const std::string body = "input i: int64[]\ninput c: bool[]\ninput s\n";
  const std::string same = body + "t = Neg(s)\nd = Identity(c)\noutput d\noutput t\noutput t";
  CHECK(type_of(loop("m, yes, x", same, "s, all"), "s") == "float32[2]");
  CHECK(type_of(loop("m, yes, x", same, "s, all"), "all") == "float32[3,2]");
  const std::string ends = body + "const no: bool[] = {false}\nt = Neg(s)\noutput no\noutput t\noutput t";
  CHECK(type_of(loop("m, yes, x", ends, "s, all"), "all") == "float32[?,2]");
  const std::string grows = body + "t = Concat(s, s) {axis = 0}\noutput c\noutput t\noutput s";
  CHECK(type_of(loop("m, yes, x", grows, "s, all"), "s") == "float32[?]");
  CHECK(type_of(loop("m, yes, x", grows, "s, all"), "all") == "float32[3,?]");
  const std::string rank = body + "const a: int64[1] = {0}\nt = Unsqueeze(s, a)\noutput c\noutput t";
  CHECK(type_of(loop("m, yes, x", rank), "s") == "float32[*]");
  const auto choice = [](const std::string& other) {
    return "input p: bool[]\ninput x: float32[N,3]\ny = If(p) {then_branch = graph { capture x r = Relu(x) output r }, "
           "else_branch = graph { capture x " +
           other + " output r }}\noutput y";
  };
  CHECK(type_of(choice("r = Neg(x)"), "y") == "float32[N,3]");
  CHECK(type_of(choice("r = Concat(x, x) {axis = 1}"), "y") == "float32[N,?]");
}

TEST_CASE("What two types have in common") {
  const Type a{DType::float32, Shape{Dim("N"), Dim(3)}}, b{DType::float32, Shape{Dim("N"), Dim(4)}};
  CHECK(to_string(*either(a, a)) == "float32[N,3]");
  CHECK(to_string(*either(a, b)) == "float32[N,?]");
  CHECK(to_string(*either(a, Type{})) == "float32[*]");
  CHECK(to_string(*either(a, Type{DType::float32, Shape{}})) == "float32[*]");
  CHECK_FALSE(either(a, Type{DType::int32, Shape{}}).ok());
  const Type list{DType::float32, std::nullopt, Container::sequence};
  CHECK_FALSE(either(a, list).ok());
  const Type perhaps{DType::float32, std::nullopt, Container::optional_sequence};
  CHECK(either(list, perhaps)->container == Container::optional_sequence);
}

}  // namespace pare
