// Passes that join operators which only move elements.
#include "tests/compress/simplify_support.h"

using namespace pare;
using namespace pare::test;

TEST_CASE("merge_slices") {
  SECTION("along two axes") {
    check_pass(
        "merge_slices",
        R"(graph "g" { input x: float32[N,3,8,8] const s: int64[1] = {0} const e: int64[1] = {4} const h: int64[1] = {2} const w: int64[1] = {3} const t: int64[1] = {2}
                 a = Slice(x, s, e, h, t) y = Slice(a, s, e, w) output y })",
        R"(graph "g" { input x: float32[N,3,8,8] const y.starts: int64[2] = {0, 0} const y.ends: int64[2] = {4, 4} const y.axes: int64[2] = {2, 3} const y.steps: int64[2] = {2, 1}
                 y = Slice(x, y.starts, y.ends, y.axes, y.steps) output y })");
  }
  SECTION("twice along one axis: [1:9:2] and then [1:3] is [3:7:2]") {
    check_pass(
        "merge_slices",
        R"(graph "g" { input x: float32[10] const s: int64[1] = {1} const e: int64[1] = {9} const f: int64[1] = {3} const h: int64[1] = {0} const t: int64[1] = {2}
                 a = Slice(x, s, e, h, t) y = Slice(a, s, f, h) output y })",
        R"(graph "g" { input x: float32[10] const y.starts: int64[1] = {3} const y.ends: int64[1] = {7} const y.axes: int64[1] = {0} const y.steps: int64[1] = {2}
                 y = Slice(x, y.starts, y.ends, y.axes, y.steps) output y })");
  }
  SECTION("a part of a Concat") {
    check_pass(
        "merge_slices",
        R"(graph "g" { input a: float32[N,2] input b: float32[N,3] const s: int64[1] = {2} const e: int64[1] = {5} const h: int64[1] = {1}
                 c = Concat(a, b) {axis = 1} d = Slice(c, s, e, h) y = Relu(d) output y })",
        R"(graph "g" { input a: float32[N,2] input b: float32[N,3] y = Relu(b) output y })");
  }
  SECTION("backwards, or with another use in between, they stay") {
    check_unchanged(
        "merge_slices",
        R"(graph "g" { input x: float32[10] const s: int64[1] = {9} const e: int64[1] = {0} const f: int64[1] = {3} const h: int64[1] = {0} const t: int64[1] = {-1} const z: int64[1] = {1}
                 a = Slice(x, s, e, h, t) y = Slice(a, z, f, h) output y })");
    check_unchanged(
        "merge_slices",
        R"(graph "g" { input x: float32[4,4] const s: int64[1] = {1} const e: int64[1] = {3} const h: int64[1] = {0} const w: int64[1] = {1}
                 a = Slice(x, s, e, h) y = Slice(a, s, e, w) z = Relu(a) output y output z })");
  }
}

TEST_CASE("merge_concats") {
  check_pass(
      "merge_concats",
      R"(graph "g" { input a: float32[N,2] input b: float32[N,3] input c: float32[N,4]
               d = Concat(a, b) {axis = 1} y = Concat(d, c) {axis = -1} output y })",
      R"(graph "g" { input a: float32[N,2] input b: float32[N,3] input c: float32[N,4] y = Concat(a, b, c) {axis = -1} output y })");
  check_pass(
      "merge_concats",
      R"(graph "g" { input x: float32[N,6] const n: int64[2] = {2, 4} a, b = Split(x, n) {axis = 1} c = Concat(a, b) {axis = 1} y = Relu(c) output y })",
      R"(graph "g" { input x: float32[N,6] y = Relu(x) output y })");
  check_pass(
      "merge_concats",
      R"(graph "g" { input a: float32[N,2] input b: float32[N,4] const n: int64[2] = {2, 4} c = Concat(a, b) {axis = 1} p, q = Split(c, n) {axis = 1} y = Relu(q) z = Relu(p) output y output z })",
      R"(graph "g" { input a: float32[N,2] input b: float32[N,4] y = Relu(b) z = Relu(a) output y output z })");
  SECTION("in another order they stay") {
    check_unchanged(
        "merge_concats",
        R"(graph "g" { input x: float32[N,6] const n: int64[2] = {3, 3} a, b = Split(x, n) {axis = 1} y = Concat(b, a) {axis = 1} output y })");
  }
  SECTION("adjacent slices") {
    Graph graph = parsed(
        R"(graph "g" { input x: float32[N,6] const z: int64[1] = {0} const m: int64[1] = {2} const e: int64[1] = {9} const h: int64[1] = {1}
      a = Slice(x, z, m, h) b = Slice(x, m, e, h) c = Concat(a, b) {axis = 1} y = Relu(c) output y })");
    CHECK(simplify(graph).nodes_after == 1);
  }
}

TEST_CASE("merge_casts") {
  check_pass("merge_casts",
             R"(graph "g" { input x: int32[N] a = Cast(x) {to = int64} b = Cast(a) {to = int32} y = Neg(b) output y })",
             R"(graph "g" { input x: int32[N] y = Neg(x) output y })");
  check_pass("merge_casts",
             R"(graph "g" { input x: uint8[N] a = Cast(x) {to = float32} y = Cast(a) {to = int64} output y })",
             R"(graph "g" { input x: uint8[N] y = Cast(x) {to = int64} output y })");
  SECTION("what loses values stays") {
    check_unchanged(
        "merge_casts",
        R"(graph "g" { input x: float32[N] a = Cast(x) {to = int32} y = Cast(a) {to = float32} output y })");
    check_unchanged("merge_casts",
                    R"(graph "g" { input x: int32[N] a = Cast(x) {to = float32} y = Cast(a) {to = int32} output y })");
    check_unchanged(
        "merge_casts",
        R"(graph "g" { input x: float32[N] a = Cast(x) {to = float16} y = Cast(a) {to = float32} output y })");
  }
}

TEST_CASE("move_layouts") {
  check_pass("move_layouts",
             R"(graph "g" { input x: float32[N,4,5,3] const two: float32[] = {2}
               a = Transpose(x) {perm = [0, 3, 1, 2]} b = Relu(a) c = Mul(two, b) y = Transpose(c) {perm = [0, 2, 3, 1]} output y })",
             R"(graph "g" { input x: float32[N,4,5,3] const two: float32[] = {2}
               b = Relu(x) c = Mul(two, b) y = Transpose(c) {perm = [0, 1, 2, 3]} output y })");
  check_pass(
      "move_layouts",
      R"(graph "g" { input x: float32[N,1,5] const one: int64[1] = {1} a = Squeeze(x, one) b = Sigmoid(a) c = Unsqueeze(b, one) y = Relu(c) output y })",
      R"(graph "g" { input x: float32[N,1,5] b = Sigmoid(x) y = Relu(b) output y })");
  check_pass(
      "move_layouts",
      R"(graph "g" { input x: float32[2,3] input z: float32[2,3] a = Transpose(x) b = Transpose(z) y = Sub(a, b) output y })",
      R"(graph "g" { input x: float32[2,3] input z: float32[2,3] y.moved = Sub(x, z) y = Transpose(y.moved) {perm = [1, 0]} output y })");
  SECTION("past a constant of more elements, or a Softmax, they stay") {
    check_unchanged(
        "move_layouts",
        R"(graph "g" { input x: float32[2,3] const k: float32[2] = {1, 2} a = Transpose(x) b = Mul(a, k) y = Transpose(b) output y })");
    check_unchanged("move_layouts",
                    R"(graph "g" { input x: float32[2,3] a = Transpose(x) b = Softmax(a) y = Transpose(b) output y })");
  }
}

// An average pool divides by all elements of the window where padding counts, so that zeros around it are its padding.
TEST_CASE("pad_into_pool") {
  check_pass(
      "pad_into_pool",
      R"(graph "g" { input x: float32[1,1,4,4] const p: int64[8] = {0,0,1,0,0,0,0,1} a = Pad(x, p) y = AveragePool(a) {kernel_shape = [2, 2]} output y })",
      R"(graph "g" { input x: float32[1,1,4,4] y = AveragePool(x) {count_include_pad = 1, kernel_shape = [2, 2], pads = [1, 0, 0, 1]} output y })");
  check_pass(
      "pad_into_pool",
      R"(graph "g" { input x: float32[1,1,4,4] const p: int64[8] = {0,0,1,1,0,0,1,1} r = Relu(x) a = Pad(r, p) y = MaxPool(a) {kernel_shape = [3, 3]} output y })",
      R"(graph "g" { input x: float32[1,1,4,4] r = Relu(x) y = MaxPool(r) {kernel_shape = [3, 3], pads = [1, 1, 1, 1]} output y })");
  SECTION("zeros around what may be negative, or beside padding that does not count, stay") {
    check_unchanged(
        "pad_into_pool",
        R"(graph "g" { input x: float32[1,1,4,4] const p: int64[8] = {0,0,1,1,0,0,1,1} a = Pad(x, p) y = MaxPool(a) {kernel_shape = [3, 3]} output y })");
    check_unchanged(
        "pad_into_pool",
        R"(graph "g" { input x: float32[1,1,4,4] const p: int64[8] = {0,0,1,1,0,0,1,1} a = Pad(x, p) y = AveragePool(a) {kernel_shape = [3, 3], pads = [1, 1, 1, 1]} output y })");
  }
}
