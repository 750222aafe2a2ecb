// Shapes as formulas, graphs inside graphs, and what a user can ask of the pipeline.
#include "tests/compress/simplify_support.h"

using namespace pare;
using namespace pare::test;

TEST_CASE("inline_branches") {
  check_pass("inline_branches",
             R"(graph "g" { input x: float32[2] const c: bool[] = {1}
               a = If(c) {then_branch = graph {capture x: float32[2] t = Relu(x) output t}, else_branch = graph {capture x: float32[2] e = Neg(x) output e}} captures (x)
               y = Abs(a) output y })",
             R"(graph "g" { input x: float32[2] t = Relu(x) a = Identity(t) y = Abs(a) output y })");
  SECTION("one inside the other, and the whole pipeline") {
    Graph graph = parsed(R"(graph "g" { input x: float32[2] input p: bool[] const c: bool[] = {0}
      y = If(p) {then_branch = graph {capture x: float32[2] capture c: bool[]
                   t = If(c) {then_branch = graph {capture x: float32[2] a = Abs(x) output a}, else_branch = graph {capture x: float32[2] b = Neg(x) output b}} captures (x)
                   output t},
                 else_branch = graph {capture x: float32[2] e = Relu(x) output e}} captures (x, c)
      output y })");
    SimplifyReport report = simplify(graph);
    INFO(print(graph));
    CHECK(report.nodes_before == 5);
    CHECK(report.nodes_after == 3);  // If with Neg and Relu
  }
}

TEST_CASE("unroll_loops") {
  const std::string body = R"({body = graph {input i: int64[] input k: bool[] input v: float32[2]
      w = Add(v, v) k2 = Identity(k) output k2 output w}})";
  SECTION("once") {
    Graph graph =
        parsed(R"(graph "g" { input x: float32[2] const n: int64[] = {1} const c: bool[] = {1} y = Loop(n, c, x) )" +
               body + " output y }");
    simplify(graph);
    INFO(print(graph));
    CHECK(equal(graph, parsed(R"(graph "g" { input x: float32[2] y = Add(x, x) output y })")));
  }
  SECTION("three times: eight times the input") {
    Graph graph =
        parsed(R"(graph "g" { input x: float32[2] const n: int64[] = {3} const go: bool[] = {1} y = Loop(n, go, x) )" +
               body + " output y }");
    simplify(graph);
    CHECK(outputs_of(graph, {Tensor::of<float>({2}, {1, -2})})[0] == Tensor::of<float>({2}, {8, -16}));
    CHECK(graph.order().size() == 3);
  }
  SECTION("never, or as often as the input says") {
    Graph never = parsed(
        R"(graph "g" { input x: float32[2] const n: int64[] = {0} const go: bool[] = {1} r = Relu(x) l = Loop(n, go, r) )" +
        body + " y = Neg(l) output y }");
    CHECK(simplify(never).nodes_after == 2);
    Graph open =
        parsed(R"(graph "g" { input x: float32[2] input n: int64[] const go: bool[] = {1} y = Loop(n, go, x) )" + body +
               " output y }");
    simplify(open);
    CHECK(as<Loop>(open.node(open.order()[0]).op) != nullptr);
  }
}

TEST_CASE("remove_unused_outputs") {
  check_pass("remove_unused_outputs",
             R"(graph "g" { input x: float32[1,1,4,4] y, i = MaxPool(x) {kernel_shape = [2, 2]} output y })",
             R"(graph "g" { input x: float32[1,1,4,4] y = MaxPool(x) {kernel_shape = [2, 2]} output y })");
  check_pass("remove_unused_outputs",
             R"(graph "g" { input x: float32[2] input p: bool[]
               y, z = If(p) {then_branch = graph {capture x: float32[2] a = Relu(x) b = Abs(x) output a output b}, else_branch = graph {capture x: float32[2] c = Neg(x) d = Abs(x) output c output d}} captures (x)
               output y })",
             R"(graph "g" { input x: float32[2] input p: bool[]
               y = If(p) {then_branch = graph {capture x: float32[2] a = Relu(x) output a}, else_branch = graph {capture x: float32[2] c = Neg(x) output c}} captures (x)
               output y })");
}

TEST_CASE("merge_shapes") {
  check_pass(
      "merge_shapes",
      R"(graph "g" { input x: float32[N,4] input z: float32[N,5] const zero: int64[] = {0}
               a = Shape(x) b = Gather(a, zero) c = Shape(z) d = Gather(c, zero) y = Add(b, d) output y })",
      R"(graph "g" { input x: float32[N,4] input z: float32[N,5] const zero: int64[] = {0} a = Shape(x) b = Gather(a, zero) y = Add(b, b) output y })");
}

TEST_CASE("shapes are followed as formulas") {
  auto shape_text = [](std::string_view text) {
    Graph graph = parsed(text);
    return to_string(graph.value(graph.outputs[0]).type);
  };
  // The formulas of the ONNX specification: floor((N + pads - span) / stride) + 1, sums of parts, min(end, N) of a
  // slice.
  CHECK(
      shape_text(
          R"(graph "g" { input x: float32[1,1,N] const w: float32[1,1,3] = {1,1,1} y = Conv(x, w) {pads = [1, 1], strides = [2]} output y })") ==
      "float32[1,1,floor((N + 1)/2)]");
  CHECK(shape_text(
            R"(graph "g" { input x: float32[N,2] input z: float32[M,2] y = Concat(x, z, z) {axis = 0} output y })") ==
        "float32[2*M + N,2]");
  CHECK(
      shape_text(
          R"(graph "g" { input x: float32[N] const z: int64[1] = {0} const e: int64[1] = {512} y = Slice(x, z, e) output y })") ==
      "float32[min(N, 512)]");
  CHECK(shape_text(R"(graph "g" { input x: float32[N,4,6] const t: int64[2] = {-1, 6} y = Reshape(x, t) output y })") ==
        "float32[4*N,6]");
  SECTION("a table cut to the length of a sequence adds to it") {
    CHECK(
        shape_text(
            R"(graph "g" { input x: float32[B,N,2] input t: float32[512,2] const z: int64[1] = {0} const one: int64[] = {1}
      s = Shape(x) n = Gather(s, one) e = Unsqueeze(n, z) c = Slice(t, z, e) y = Add(x, c) output y })") ==
        "float32[B,N,2]");
  }
  SECTION("an extent is not -1, so that Where takes it") {
    Graph graph = parsed(
        R"(graph "g" { input x: float32[N,1] const m: int64[2] = {-1, -1} const ones: int64[2] = {1, 1} const k: int64[1] = {4} const z: int64[1] = {0}
      s = Shape(x) n = Gather(s, z) t = Concat(n, k) {axis = 0} q = Equal(t, m) w = Where(q, ones, t) y = Expand(x, w) output y })");
    simplify(graph);
    INFO(print(graph));
    CHECK(graph.order().size() == 4);  // Shape, Gather, Concat, Expand
  }
}

TEST_CASE("input shapes can be set") {
  const char* text =
      R"(graph "g" { input x: float32[N,3,H] const z: int64[] = {2} s = Shape(x) h = Gather(s, z) f = Cast(h) {to = float32} y = Div(x, f) output y })";
  Graph graph = parsed(text);
  set_input_shapes(graph, {{"x", Shape{Dim(), Dim(3), Dim(8)}}});
  simplify(graph);
  CHECK(graph.order().size() == 1);
  CHECK(to_string(graph.value(graph.inputs[0]).type) == "float32[N,3,8]");
  Graph other = parsed(text);
  set_input_shapes(other, {{"x", Shape{Dim("batch"), Dim(3), Dim("H")}}});
  CHECK(to_string(other.value(other.outputs[0]).type) == "float32[batch,3,H]");
  CHECK_THROWS_WITH(set_input_shapes(other, {{"x", Shape{Dim(1), Dim(4), Dim(8)}}}),
                    Catch::Matchers::Contains("axis 1"));
  CHECK_THROWS_WITH(set_input_shapes(other, {{"x", Shape{Dim(1)}}}), Catch::Matchers::Contains("rank 3"));
  CHECK_THROWS_WITH(set_input_shapes(other, {{"z", Shape{Dim(1)}}}), Catch::Matchers::Contains("'z'"));
}

TEST_CASE("constants do not grow") {
  Graph graph = parsed(
      R"(graph "g" { input x: float32[2] const k: float32[1] = {1} const s: int64[2] = {300, 100} a = Expand(k, s) b = ReduceSum(a) y = Mul(x, b) output y })");
  simplify(graph, {.passes = {"fold_constants"}});
  CHECK(graph.order().size() == 3);  // 120 kB
}

TEST_CASE("steps say what changed") {
  Graph graph = parsed(R"(graph "g" { input x: float32[2] a = Identity(x) "first" y = Relu(a) "second" output y })");
  SimplifyReport report = simplify(graph, {.explain = true});
  REQUIRE(report.steps.size() == 1);
  CHECK(report.steps[0].pass == "remove_identities");
  CHECK(report.steps[0].nodes_before == 2);
  CHECK(report.steps[0].nodes_after == 1);
  CHECK(report.steps[0].removed == std::vector<std::string>{"node 'first' (Identity)"});
  CHECK(report.steps[0].rewritten == std::vector<std::string>{"node 'second' (Relu)"});
}
