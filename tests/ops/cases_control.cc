#include "tests/ops/case_builders.h"

namespace pare::test {
namespace {

// Expected values by hand from the definitions of If, Loop and Scan in the ONNX specification.

void add_if(std::vector<Case>& list) {
  const std::string branches =
      R"(input p: bool[]
input x: float32[2,2]
k = Identity(x)
y = If(p) {
  then_branch = graph "t" { capture x capture k  s = Add(x, k) output s },
  else_branch = graph "e" { capture x  n = Neg(x) output n }
}
output y)";
  list.push_back(body("If.then", branches, 0, {2, -4, 6, 8}, {{1}, {1, -2, 3, 4}}));
  list.push_back(body("If.else", branches, 0, {-1, 2, -3, -4}, {{0}, {1, -2, 3, 4}}));
  list.push_back(body("If.vector_condition",
                      R"(input p: bool[1]
y, z = If(p) {
  then_branch = graph { const a: int64[2] = {1, 2} const b: float32[] = {3} output a output b },
  else_branch = graph { const a: int64[2] = {4, 5} const b: float32[] = {6} output a output b }
}
output y
output z)",
                      0, {1, 2}, {{1}}));
  // Branches of different extents: the plan does not know them.
  list.push_back(body("If.extents",
                      R"(input p: bool[]
input x: float32[4]
y = If(p) {
  then_branch = graph { capture x  const i: int64[1] = {2}  s = Gather(x, i) output s },
  else_branch = graph { capture x  r = Relu(x) output r }
}
z = Neg(y)
output z)",
                      0, {-3}, {{1}, {1, 2, 3, 4}}));
  // A captured value of a captured value; a constant of the outer graph.
  list.push_back(body("If.nested",
                      R"(input p: bool[]
input q: bool[]
input x: float32[2]
const c: float32[2] = {10, 20}
y = If(p) {
  then_branch = graph {
    capture q
    capture x
    capture c
    u = Add(x, c)
    v = If(q) {
      then_branch = graph { capture u capture c  w = Mul(u, c) output w },
      else_branch = graph { capture x  w = Relu(x) output w }
    }
    output v
  },
  else_branch = graph { capture x  n = Neg(x) output n }
}
output y)",
                      0, {110, 440}, {{1}, {1}, {1, 2}}));
  // A condition that shape arithmetic decides: only the branch that is taken has to fit.
  list.push_back(body("If.decided",
                      R"(input x: float32[2,3]
s = Shape(x) {start = 1}
const three: int64[1] = {3}
p = Equal(s, three)
y = If(p) {
  then_branch = graph { capture x  r = Relu(x) output r },
  else_branch = graph { capture x  const axes: int64[1] = {0}  q = ReduceSum(x, axes) {keepdims = 0} output q }
}
output y)",
                      0, {0, 1, 2, 3, 0, 4}, {{-1, 1, 2, 3, -2, 4}}));
}

void add_loop(std::vector<Case>& list) {
  // Sums and all partial sums, the condition constant: s += x + i.
  list.push_back(body("Loop.count",
                      R"(input x: float32[2]
const m: int64[] = {3}
const yes: bool[] = {true}
const zero: float32[2] = {0, 0}
s, all = Loop(m, yes, zero) {body = graph "b" {
  input i: int64[]
  input c: bool[]
  input s: float32[2]
  capture x
  f = Cast(i) {to = float32}
  t = Add(s, x)
  u = Add(t, f)
  d = Identity(c)
  output d
  output u
  output u
}}
output all
output s)",
                      0, {1, 2, 3, 5, 6, 9}, {{1, 2}}));
  // while (s < 10) s *= 2, without a count
  list.push_back(body("Loop.condition",
                      R"(input x: float32[1]
const ten: float32[1] = {10}
p = Less(x, ten)
s, all = Loop(_, p, x) {body = graph {
  input i: int64[]
  input c: bool[1]
  input s: float32[1]
  capture ten
  t = Add(s, s)
  d = Less(t, ten)
  output d
  output t
  output s
}}
output all
output s)",
                      0, {3, 6}, {{3}}));
  // With a count alone what the body says of going on is ignored.
  list.push_back(body("Loop.ignored_condition",
                      R"(input m: int64[]
input x: float32[2]
s = Loop(m, _, x) {body = graph {
  input i: int64[]
  input c: bool[]
  input s: float32[2]
  const no: bool[] = {false}
  t = Add(s, s)
  output no
  output t
}}
output s)",
                      0, {8, 16}, {{3}, {1, 2}}));
  // With neither the body ends it.
  list.push_back(body("Loop.endless",
                      R"(input x: float32[1]
s = Loop(_, _, x) {body = graph {
  input i: int64[]
  input c: bool[]
  input s: float32[1]
  const two: int64[] = {2}
  t = Add(s, s)
  d = Less(i, two)
  output d
  output t
}}
output s)",
                      0, {8}, {{1}}));
  list.push_back(body("Loop.never",
                      R"(input x: float32[2]
input m: int64[]
const yes: bool[] = {true}
s, all = Loop(m, yes, x) {body = graph {
  input i: int64[]
  input c: bool[]
  input s: float32[2]
  const three: float32[3] = {1, 2, 3}
  output c
  output s
  output three
}}
output s
output all)",
                      0, {5, 6}, {{5, 6}, {0}}));
  // A state whose extent grows: all that was seen, twice.
  list.push_back(body("Loop.growing",
                      R"(input x: float32[1]
const m: int64[] = {3}
const yes: bool[] = {true}
s = Loop(m, yes, x) {body = graph {
  input i: int64[]
  input c: bool[]
  input s
  d = Concat(s, s) {axis = 0}
  output c
  output d
}}
n = Neg(s)
output n)",
                      0, {-7, -7, -7, -7, -7, -7, -7, -7}, {{7}}));
  // A loop and a choice inside a loop, values captured through two levels: s += x if i is 0, else s = ((s * 2) * 2).
  list.push_back(body("Loop.nested",
                      R"(input x: float32[2]
const m: int64[] = {2}
const yes: bool[] = {true}
s = Loop(m, yes, x) {body = graph {
  input i: int64[]
  input c: bool[]
  input s: float32[2]
  capture x
  capture m
  const zero: int64[] = {0}
  first = Equal(i, zero)
  t = If(first) {
    then_branch = graph { capture s capture x  a = Add(s, x) output a },
    else_branch = graph {
      capture s
      capture m
      capture i
      r = Loop(m, _, s) {body = graph {
        input j: int64[]
        input d: bool[]
        input v: float32[2]
        capture i
        f = Cast(i) {to = float32}
        const one: float32[] = {1}
        factor = Add(f, one)
        w = Mul(v, factor)
        output d
        output w
      }}
      output r
    }
  }
  output c
  output t
}}
output s)",
                      0, {8, 16}, {{1, 2}}));
}

void add_scan(std::vector<Case>& list) {
  const auto cumulative = [](const std::string& attributes, const std::string& type) {
    return "input x: " + type + R"(
const zero: float32[2] = {0, 0}
s, all = Scan(zero, x) {body = graph {
  input s: float32[2]
  input e: float32[2]
  t = Add(s, e)
  output t
  output t
}, num_scan_inputs = 1)" +
           attributes + "}\noutput all\noutput s";
  };
  list.push_back(body("Scan.sum", cumulative("", "float32[3,2]"), 0, {1, 2, 4, 6, 9, 12}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("Scan.backwards", cumulative(", scan_input_directions = [1]", "float32[3,2]"), 0,
                      {5, 6, 8, 10, 9, 12}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("Scan.output_backwards", cumulative(", scan_output_directions = [1]", "float32[3,2]"), 0,
                      {9, 12, 4, 6, 1, 2}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("Scan.axes", cumulative(", scan_input_axes = [-1], scan_output_axes = [1]", "float32[2,3]"), 0,
                      {1, 3, 6, 4, 9, 15}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("Scan.length", cumulative("", "float32[N,2]"), 0, {1, 2, 4, 6}, {{1, 2, 3, 4}}));
  // Two scan inputs and no state.
  list.push_back(body("Scan.stateless",
                      R"(input a: int64[2,2]
input b: int64[2]
y = Scan(a, b) {body = graph {
  input u: int64[2]
  input v: int64[]
  w = Mul(u, v)
  output w
}, num_scan_inputs = 2}
output y)",
                      0, {10, 20, 60, 80}, {{1, 2, 3, 4}, {10, 20}}));
}

}  // namespace

void add_control(std::vector<Case>& list) {
  add_if(list);
  add_loop(list);
  add_scan(list);
}

}  // namespace pare::test
