#include "graph/error.h"
#include "tests/compress/simplify_support.h"

using namespace pare;
using namespace pare::test;

TEST_CASE("remove_identities") {
  check_pass(
      "remove_identities",
      R"(graph "g" { input x: float32[N,3] const zero: float32[] = {0} a = Identity(x) b = Add(a, zero) c = Relu(b) output c })",
      R"(graph "g" { input x: float32[N,3] c = Relu(x) output c })");
  check_pass("remove_identities", R"(graph "g" { input x: float32[2] r = Relu(x) y = Identity(r) output y })",
             R"(graph "g" { input x: float32[2] y = Relu(x) output y })");
  SECTION("what connects an input to an output stays, and so does what changes the shape") {
    check_unchanged("remove_identities", R"(graph "g" { input x: float32[2] y = Identity(x) output y })");
    check_unchanged(
        "remove_identities",
        R"(graph "g" { input x: float32[1] const z: float32[3] = {0, 0, 0} y = Add(x, z) w = Relu(y) output w })");
    check_unchanged(
        "remove_identities",
        R"(graph "g" { input x: float32[2] const one: float32[] = {1} y = Div(one, x) w = Relu(y) output w })");
  }
}

TEST_CASE("fold_constants") {
  check_pass(
      "fold_constants",
      R"(graph "g" { input x: float32[2] const a: float32[2] = {1, 2} const b: float32[2] = {10, 20} c = Add(a, b) y = Mul(x, c) output y })",
      R"(graph "g" { input x: float32[2] const c: float32[2] = {11, 22} y = Mul(x, c) output y })");
  SECTION("compact weights stay compact") {
    check_unchanged(
        "fold_constants",
        R"(graph "g" { input x: float32[2] const q: int8[2] = {1, 2} const s: float32[] = {0.5} w = DequantizeLinear(q, s) y = Mul(x, w) output y })");
    check_unchanged(
        "fold_constants",
        R"(graph "g" { input x: float32[2] const i: int64[2] = {1, 0} const book: float32[2] = {0.5, 2} w = Gather(book, i) y = Mul(x, w) output y })");
  }
}

TEST_CASE("random numbers are drawn anew: neither folded nor made one") {
  const char* graph = R"(graph "g" { input x: float32[2] a = RandomNormal() {shape = [2]} b = RandomNormal() {shape = [2]}
               c = Add(a, b) y = Add(x, c) output y })";
  check_unchanged("fold_constants", graph);
  check_unchanged("common_subexpressions", graph);
}

TEST_CASE("fold_shapes") {
  check_pass("fold_shapes",
             R"(graph "g" { input x: float32[N,4,5]
               const zero: int64[1] = {0} const rest: int64[1] = {20}
               s = Shape(x) n = Gather(s, zero) t = Concat(n, rest) {axis = 0}
               y = Reshape(x, t) output y })",
             R"(graph "g" { input x: float32[N,4,5] const t_1: int64[2] = {0, 20} y = Reshape(x, t_1) output y })");
}

TEST_CASE("merge_reshapes") {
  check_pass(
      "merge_reshapes",
      R"(graph "g" { input x: float32[2,3,4] a = Transpose(x) {perm = [1, 2, 0]} y = Transpose(a) {perm = [1, 0, 2]} output y })",
      R"(graph "g" { input x: float32[2,3,4] y = Transpose(x) {perm = [2, 1, 0]} output y })");
  check_pass(
      "merge_reshapes",
      R"(graph "g" { input x: float32[2,3] const a: int64[1] = {1} b = Unsqueeze(x, a) c = Squeeze(b, a) y = Relu(c) output y })",
      R"(graph "g" { input x: float32[2,3] y = Relu(x) output y })");
}

TEST_CASE("pad_into_conv") {
  const std::string weight = "const w: float32[1,1,1,1] = {2}";
  check_pass("pad_into_conv",
             R"(graph "g" { input x: float32[1,1,4,4] const w: float32[1,1,3,3] = {1,1,1,1,1,1,1,1,1}
               const p: int64[8] = {0,0,1,2,0,0,3,4} a = Pad(x, p) y = Conv(a, w) {pads = [1,1,1,1]} output y })",
             R"(graph "g" { input x: float32[1,1,4,4] const w: float32[1,1,3,3] = {1,1,1,1,1,1,1,1,1}
               y = Conv(x, w) {pads = [2,3,4,5]} output y })");
  check_unchanged("pad_into_conv",  // pads channels
                  R"(graph "g" { input x: float32[1,1,4,4] const w: float32[1,2,1,1] = {1,1}
               const p: int64[8] = {0,1,0,0,0,0,0,0} a = Pad(x, p) y = Conv(a, w) output y })");
}

// scale 3, shift 1, mean 4, variance 4, epsilon 0: y = 1.5 x - 5.
TEST_CASE("fuse_batch_normalization") {
  check_pass("fuse_batch_normalization",
             R"(graph "g" { input x: float32[N,1,2,2] const w: float32[1,1,1,1] = {2} const b: float32[1] = {10}
               const s: float32[1] = {3} const t: float32[1] = {1} const m: float32[1] = {4} const v: float32[1] = {4}
               c = Conv(x, w, b) y = BatchNormalization(c, s, t, m, v) {epsilon = 0.0} output y })",
             R"(graph "g" { input x: float32[N,1,2,2] const w: float32[1,1,1,1] = {3} const b: float32[1] = {10}
               y = Conv(x, w, b) output y })");  // 10 * 1.5 - 5
  check_pass("fuse_batch_normalization",
             R"(graph "g" { input x: float32[N,1,2,2] const w: float32[1,1,1,1] = {2}
               const s: float32[1] = {3} const t: float32[1] = {1} const m: float32[1] = {4} const v: float32[1] = {4}
               c = BatchNormalization(x, s, t, m, v) {epsilon = 0.0} y = Conv(c, w) output y })",
             R"(graph "g" { input x: float32[N,1,2,2] const w: float32[1,1,1,1] = {3} const w.bias: float32[1] = {-10}
               y = Conv(x, w, w.bias) output y })");
  SECTION("not in front of a convolution that pads, nor where the result has another use") {
    check_unchanged("fuse_batch_normalization",
                    R"(graph "g" { input x: float32[N,1,2,2] const w: float32[1,1,1,1] = {2}
               const s: float32[1] = {3} const t: float32[1] = {1} const m: float32[1] = {4} const v: float32[1] = {4}
               c = BatchNormalization(x, s, t, m, v) y = Conv(c, w) {pads = [1,1,1,1]} output y })");
    check_unchanged("fuse_batch_normalization",
                    R"(graph "g" { input x: float32[N,1,2,2] const w: float32[1,1,1,1] = {2}
               const s: float32[1] = {3} const t: float32[1] = {1} const m: float32[1] = {4} const v: float32[1] = {4}
               c = Conv(x, w) y = BatchNormalization(c, s, t, m, v) z = Relu(c) output y output z })");
  }
}

TEST_CASE("fuse_scale_shift") {
  check_pass(
      "fuse_scale_shift",
      R"(graph "g" { input x: float32[N,1,2,2] const w: float32[2,1,1,1] = {2, 3} const a: float32[2,1,1] = {10, 100} const s: float32[1,2,1,1] = {1, 2}
               c = Conv(x, w) d = Mul(a, c) y = Add(d, s) output y })",
      R"(graph "g" { input x: float32[N,1,2,2] const w: float32[2,1,1,1] = {20, 300} const w.bias: float32[2] = {1, 2}
               y = Conv(x, w, w.bias) output y })");
  check_pass("fuse_scale_shift",
             R"(graph "g" { input x: float32[N,2] const w: float32[2,2] = {1, 2, 3, 4} const s: float32[2] = {5, 6}
               c = MatMul(x, w) y = Add(c, s) output y })",
             R"(graph "g" { input x: float32[N,2] const w: float32[2,2] = {1, 2, 3, 4} const w.bias: float32[2] = {5, 6}
               y = Gemm(x, w, w.bias) output y })");
  check_unchanged(
      "fuse_scale_shift",  // along a spatial axis
      R"(graph "g" { input x: float32[N,1,2,2] const w: float32[2,1,1,1] = {2, 3} const a: float32[2] = {10, 100}
               c = Conv(x, w) y = Mul(c, a) output y })");
}

TEST_CASE("common_subexpressions and merge_constants") {
  check_pass("common_subexpressions",
             R"(graph "g" { input x: float32[2] a = Relu(x) b = Relu(x) y = Add(a, b) output y })",
             R"(graph "g" { input x: float32[2] a = Relu(x) y = Add(a, a) output y })");
  check_pass(
      "merge_constants",
      R"(graph "g" { input x: float32[2] const a: float32[2] = {1, 2} const b: float32[2] = {1, 2} c = Add(x, a) y = Mul(c, b) output y })",
      R"(graph "g" { input x: float32[2] const a: float32[2] = {1, 2} c = Add(x, a) y = Mul(c, a) output y })");
}

TEST_CASE("the pipeline stops where asked and names unknown passes") {
  Graph graph =
      parsed(R"(graph "g" { input x: float32[2] a = Identity(x) b = Relu(a) c = Relu(x) y = Add(b, c) output y })");
  Graph whole = graph;
  SimplifyReport report = simplify(graph, {.stop_after = "remove_identities"});
  CHECK(report.nodes_before == 4);
  CHECK(report.nodes_after == 3);
  CHECK(simplify(whole).nodes_after == 2);
  CHECK_THROWS_WITH(simplify(graph, {.passes = {"fold_everything"}}), Catch::Matchers::Contains("fold_everything"));
}
