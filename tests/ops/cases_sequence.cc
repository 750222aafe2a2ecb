#include "tests/ops/case_builders.h"

namespace pare::test {
namespace {

// Expected values by hand from the definitions in the ONNX specification.

void add_lists(std::vector<Case>& list) {
  list.push_back(body("Sequence.at",
                      R"(input a: float32[2]
input b: float32[3]
const minus_one: int64[] = {-1}
const two: float32[1] = {9}
s = SequenceConstruct(a, b)
t = SequenceInsert(s, two)
u = SequenceInsert(t, a, minus_one)
v = SequenceErase(u)
w = Identity(v)
y = SequenceAt(w, minus_one)
n = SequenceLength(w)
r = ConcatFromSequence(u) {axis = 0}
output r
output y
output n)",
                      0, {1, 2, 3, 4, 5, 1, 2, 9}, {{1, 2}, {3, 4, 5}}));
  list.push_back(body("Sequence.erase_first",
                      R"(input a: int64[2]
input b: int64[2]
const zero: int32[] = {0}
s = SequenceConstruct(a, b)
t = SequenceErase(s, zero)
u = SequenceInsert(t, a, zero)
y = ConcatFromSequence(u) {axis = -1, new_axis = 1}
output y)",
                      0, {1, 3, 2, 4}, {{1, 2}, {3, 4}}));
  list.push_back(body("SequenceEmpty",
                      R"(input a: int32[2]
s = SequenceEmpty() {dtype = int32}
n = SequenceLength(s)
t = SequenceInsert(s, a)
u = SequenceInsert(t, a)
k = SequenceLength(u)
e = SequenceEmpty()
m = SequenceLength(e)
output k
output n
output m)",
                      0, {2}, {{1, 2}}));
  list.push_back(body("SplitToSequence.ones",
                      R"(input x: float32[3,2]
const at: int64[] = {1}
s = SplitToSequence(x) {keepdims = 0}
y = SequenceAt(s, at)
t = SplitToSequence(x) {axis = 1}
z = SequenceAt(t, at)
output y
output z)",
                      0, {3, 4}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("SplitToSequence.chunks",
                      R"(input x: float32[5]
const two: int64[] = {2}
const last: int64[] = {-1}
s = SplitToSequence(x, two)
y = SequenceAt(s, last)
n = SequenceLength(s)
output y
output n)",
                      0, {5}, {{1, 2, 3, 4, 5}}));
  list.push_back(body("SplitToSequence.sizes",
                      R"(input x: float32[5]
const sizes: int32[3] = {1, 0, 4}
const last: int64[] = {2}
s = SplitToSequence(x, sizes) {keepdims = 0}
y = SequenceAt(s, last)
output y)",
                      0, {2, 3, 4, 5}, {{1, 2, 3, 4, 5}}));
  list.push_back(body("SequenceMap",
                      R"(input x: float32[3,2]
input k: float32[2]
s = SplitToSequence(x) {keepdims = 0}
t, u = SequenceMap(s, s, k) {body = graph {
  input e
  input f
  input g
  capture k
  p = Mul(e, f)
  q = Add(p, g)
  r = Sub(e, k)
  output q
  output r
}}
y = ConcatFromSequence(t) {axis = 0}
z = ConcatFromSequence(u) {axis = 0, new_axis = 1}
output y
output z)",
                      0, {11, 24, 19, 36, 35, 56}, {{1, 2, 3, 4, 5, 6}, {10, 20}}));
}

void add_optionals(std::vector<Case>& list) {
  // Types by hand: AttributeProto {tp = 14: TypeProto {tensor_type = 1: {elem_type = 1: FLOAT}}}.
  list.push_back(body("Optional.tensor",
                      R"(input x: float32[2]
o = Optional(x)
i = Identity(o)
h = OptionalHasElement(i)
y = OptionalGetElement(i)
n = Optional() {type = raw"cgQKAggB"}
g = OptionalHasElement(n)
d = OptionalHasElement()
w = OptionalGetElement(x)
output y
output h
output g
output d
output w)",
                      0, {1, 2}, {{1, 2}}));
  list.push_back(body("Optional.nothing",
                      R"(n = Optional() {type = raw"cgQKAggB"}
g = OptionalHasElement(n)
output g)",
                      0, {0}));
  list.push_back(body("Optional.sequence",
                      R"(input x: float32[2]
s = SequenceConstruct(x, x)
o = Optional(s)
t = OptionalGetElement(o)
y = ConcatFromSequence(t) {axis = 0}
h = OptionalHasElement(s)
output y
output h)",
                      0, {1, 2, 1, 2}, {{1, 2}}));
  // A list that a loop fills, and a choice between lists.
  list.push_back(body("Sequence.loop",
                      R"(input x: float32[2]
input p: bool[]
const m: int64[] = {3}
e = SequenceEmpty()
s = Loop(m, _, e) {body = graph {
  input i: int64[]
  input c: bool[]
  input s: sequence(float32[*])
  capture x
  f = Cast(i) {to = float32}
  v = Mul(x, f)
  t = SequenceInsert(s, v)
  output c
  output t
}}
one = SequenceConstruct(x)
t = If(p) {
  then_branch = graph { capture s  r = Identity(s) output r },
  else_branch = graph { capture one  r = Identity(one) output r }
}
n = SequenceLength(t)
const last: int64[] = {-1}
k = SequenceConstruct(x, x)
b = SequenceAt(k, last)
output n
output b)",
                      0, {3}, {{1, 2}, {1}}));
}

}  // namespace

void add_sequence(std::vector<Case>& list) {
  add_lists(list);
  add_optionals(list);
}

}  // namespace pare::test
