// Passes that recognize activations, normalizations and matrix products in what spells them out.
#include "tests/compress/simplify_support.h"

using namespace pare;
using namespace pare::test;

namespace {

// The whole pipeline makes one node of that type out of the text.
void check_becomes(std::string_view text, std::string_view type, int64_t opset) {
  Graph graph = parsed(text);
  simplify(graph, {.opset = opset});
  INFO(print(graph));
  REQUIRE(graph.order().size() == 1);
  CHECK(op_type(graph.node(graph.order()[0]).op) == type);
}

std::string activation(const std::string& nodes) {
  return R"(graph "g" { input x: float32[N,2] const half: float32[] = {0.5} const one: float32[1] = {1} const two: float32[] = {2}
    const three: float32[] = {3} const six: float32[] = {6} const lo: float32[] = {0} const root: float32[] = {1.41421356}
    const k: float32[] = {0.7978845608} const cube: float32[] = {0.044715} )" +
         nodes + " output y }";
}

// x [N,4] over its last axis.
std::string normalization(const std::string& nodes) {
  return R"(graph "g" { input x: float32[N,4] const axis: int64[1] = {-1} const two: float32[] = {2} const e: float32[] = {1e-5} const one: float32[] = {1}
    const power: float32[] = {-0.5} const g: float32[4] = {1, 2, 3, 4} const b: float32[1,4] = {5, 6, 7, 8} )" +
         nodes + " output y }";
}

}  // namespace

TEST_CASE("fuse_activations") {
  check_pass(
      "fuse_activations",
      R"(graph "g" { input x: float32[N,2] const three: float32[] = {3} const lo: float32[] = {0} const hi: float32[] = {6}
               a = Add(x, three) b = Clip(a, lo, hi) c = Mul(x, b) y = Div(c, hi) output y })",
      R"(graph "g" { input x: float32[N,2] y = HardSwish(x) output y })", 14);
  for (const char* nodes : {"a = Add(x, three) b = Clip(a, lo, six) c = Div(b, six) y = Mul(c, x)",
                            "a = Add(three, x) b = Clip(a, lo, six) c = Div(x, six) y = Mul(c, b)",
                            "a = Div(x, six) b = Add(a, half) c = Clip(b, lo, one) y = Mul(x, c)"}) {
    check_becomes(activation(nodes), "HardSwish", 14);
  }
  for (const char* nodes :
       {"a = Div(x, root) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, half)",
        "h = Mul(x, half) a = Div(x, root) b = Erf(a) c = Add(one, b) y = Mul(h, c)",
        "a = Div(x, root) b = Erf(a) c = Add(b, one) d = Div(c, two) y = Mul(d, x)",
        "a = Div(x, root) b = Erf(a) h = Mul(b, half) c = Add(h, half) y = Mul(x, c)",
        "x2 = Mul(x, x) x3 = Mul(x, x2) p = Mul(x3, cube) s = Add(x, p) t = Mul(s, k) u = Tanh(t) v = "
        "Add(u, one) w = Mul(x, v) y = Mul(half, w)",
        "x3 = Pow(x, three) p = Mul(cube, x3) s = Add(p, x) t = Mul(k, s) u = Tanh(t) v = Add(one, u) "
        "h = Mul(half, x) y = Mul(h, v)",
        "x2 = Pow(x, two) q = Mul(x2, cube) r = Add(q, one) l = Mul(x, k) t = Mul(l, r) u = Tanh(t) v "
        "= Add(u, one) h = Mul(x, half) y = Mul(v, h)"}) {
    check_becomes(activation(nodes), "Gelu", 20);
  }
  check_becomes(activation("a = Softplus(x) b = Tanh(a) y = Mul(x, b)"), "Mish", 18);
  check_becomes(activation("a = Sigmoid(x) y = Mul(a, x)"), "Swish", 24);
  check_becomes(activation("a = Mul(x, two) b = Sigmoid(a) y = Mul(x, b)"), "Swish", 24);
  SECTION("the input may be a product itself") {
    Graph graph = parsed(activation("p = Exp(x) q = Mul(x, p) a = Sigmoid(q) y = Mul(a, q)"));
    CHECK(simplify(graph, {.opset = 24}).nodes_after == 3);
  }
  SECTION("not below the operator's opset, nor for other constants or another input") {
    check_unchanged("fuse_activations", activation("a = Sigmoid(x) y = Mul(a, x)"), 23);
    check_unchanged("fuse_activations",
                    activation("a = Div(x, root) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, half)"), 19);
    check_unchanged("fuse_activations",
                    activation("a = Div(x, two) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, half)"), 20);
    check_unchanged(
        "fuse_activations",
        R"(graph "g" { input x: float32[N,2] input z: float32[N,2] a = Sigmoid(x) y = Mul(z, a) output y })", 24);
  }
}

TEST_CASE("fuse_normalization") {
  const std::string centre = "m = ReduceMean(x, axis) d = Sub(x, m) ";
  for (const char* nodes :
       {"s = Pow(d, two) v = ReduceMean(s, axis) w = Add(v, e) r = Sqrt(w) n = Div(d, r) p = Mul(n, g) y = Add(p, b)",
        "s = Mul(d, d) v = ReduceMean(s, axis) w = Add(e, v) r = Sqrt(w) i = Reciprocal(r) n = Mul(i, d) p = Mul(g, n) "
        "y = Add(b, p)",
        "s = Mul(d, d) v = ReduceMean(s, axis) w = Add(v, e) i = Pow(w, power) n = Mul(d, i) p = Mul(n, g) y = Add(p, "
        "b)"}) {
    check_pass(
        "fuse_normalization", normalization(centre + nodes),
        R"(graph "g" { input x: float32[N,4] const y.scale: float32[4] = {1, 2, 3, 4} const y.bias: float32[4] = {5, 6, 7, 8}
                 y = LayerNormalization(x, y.scale, y.bias) output y })",
        18);
  }
  check_pass(
      "fuse_normalization",
      normalization("s = Mul(x, x) v = ReduceMean(s, axis) w = Add(v, e) r = Sqrt(w) i = Div(one, r) n = Mul(x, i) y = "
                    "Mul(g, n)"),
      R"(graph "g" { input x: float32[N,4] const y.scale: float32[4] = {1, 2, 3, 4} y: float32[N,4] = RMSNormalization(x, y.scale) output y })",
      23);
  SECTION("not below their opset") {
    const std::string text = normalization(
        centre +
        "s = Mul(d, d) v = ReduceMean(s, axis) w = Add(v, e) r = Sqrt(w) n = Div(d, r) p = Mul(n, g) y = Add(p, b)");
    Graph graph = parsed(text);
    simplify(graph, {.passes = {"fuse_normalization"}, .opset = 16});
    CHECK(graph.order().size() == 9);
  }
  SECTION("groups") {
    check_pass(
        "fuse_normalization",
        R"(graph "g" { input x: float32[2,4,3] const t: int64[3] = {0, 2, -1} const back: int64[3] = {2, 4, 3} const ones: float32[2] = {1, 1} const zeros: float32[2] = {0, 0}
                 const g: float32[4,1] = {1, 2, 3, 4} const b: float32[4,1] = {5, 6, 7, 8}
                 r = Reshape(x, t) i = InstanceNormalization(r, ones, zeros) {epsilon = 1e-3} q = Reshape(i, back) p = Mul(q, g) y = Add(p, b) output y })",
        R"(graph "g" { input x: float32[2,4,3] const y.scale: float32[4] = {1, 2, 3, 4} const y.bias: float32[4] = {5, 6, 7, 8}
                 y: float32[2,4,3] = GroupNormalization(x, y.scale, y.bias) {epsilon = 1e-3, num_groups = 2} output y })",
        21);
  }
}

TEST_CASE("fuse_gemm") {
  check_pass(
      "fuse_gemm",
      R"(graph "g" { input x: float32[2,3] const w: float32[3,2] = {1,2,3,4,5,6} const c: float32[2,1] = {7, 8} m = MatMul(x, w) y = Add(c, m) output y })",
      R"(graph "g" { input x: float32[2,3] const w: float32[3,2] = {1,2,3,4,5,6} const c: float32[2,1] = {7, 8} y = Gemm(x, w, c) output y })");
  check_pass(
      "fuse_gemm",
      R"(graph "g" { input x: float32[3,2] input z: float32[5,3] a = Transpose(x) b = Transpose(z) y = MatMul(a, b) output y })",
      R"(graph "g" { input x: float32[3,2] input z: float32[5,3] y = Gemm(x, z) {transA = 1, transB = 1} output y })");
  check_pass(
      "fuse_gemm",
      R"(graph "g" { input x: float32[2,3] input z: float32[3,5] input c: float32[5] const f: float32[] = {4} m = Gemm(x, z, c) {alpha = 0.5} y = Div(m, f) output y })",
      R"(graph "g" { input x: float32[2,3] input z: float32[3,5] input c: float32[5] y = Gemm(x, z, c) {alpha = 0.125, beta = 0.25} output y })");
  SECTION("of more axes it stays") {
    check_unchanged(
        "fuse_gemm",
        R"(graph "g" { input x: float32[1,2,3] const w: float32[3,2] = {1,2,3,4,5,6} const c: float32[2] = {7, 8} m = MatMul(x, w) y = Add(m, c) output y })");
  }
}
