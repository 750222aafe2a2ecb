// The text form: prints a graph, and parses back to an equal one. Tests are written in it.
//
//   graph "lenet" {
//     input x: float32[N,1,28,28]
//     const w: float32[2,1,1,1] = {0.5, -1}
//     const big: float32[64,64,3,3] = base64"..."
//     y: float32[N,2,28,28] = Conv(x, w) {strides = [1, 1]} "conv1"
//     a, _, b = Split(y, _) {axis = 1}          # _ is an input or output left out; a type may be left out
//     z = com.acme.Foo(a) {k = 1.5f, s = "x", t = float32[2]{1, 2}, body = graph "b" {...}}
//     c = If(p) {then_branch = graph {capture a output a}, ...} captures (a)
//     t: sequence(float32[N,2]) = SequenceConstruct(a, b)     # also optional(float32[2]), optional(sequence(...))
//     d = LSTM@14(a)                            # kept as it is: with its opset; quoted names as "a b":"C d"@1 work too
//     output z
//     domain com.acme 1
//     meta "author" = "me"
//   }
//
// Names of other characters than letters, digits and _./-+ and statement words as names stand in quotes. A node's own name
// stands on the line on which the node ends. Comments run from # to the end of the line. Constants of many elements are
// base64 of their bytes; element types may stand for their ONNX numbers ("to = float16"); lists of nothing are [],
// floats[], strings[].
//
// Floats are printed so that they read back to the same bits (shortest form; nan and inf by name). An integer literal is
// an int attribute, a literal with '.', 'e' or a suffix f a float. Types that inference gives may be left out on parsing:
// parse() runs inference and verify.
#pragma once

#include <string>
#include <string_view>

#include "graph/graph.h"

namespace pare {

struct PrintOptions {
  int64_t elide_above = -1;  // constants with more elements print as "..." (does not parse back); -1: never
  bool types = true;
};
std::string print(const Graph& graph, const PrintOptions& options = {});
// Errors: line:column, what was found, what was expected.
Result<Graph> parse(std::string_view text);

}  // namespace pare
