// Runs a Loop's body in its place, where it is known how often it runs and that is short.
//
//   v = Loop(1, true, a) {body}    ->   v = body(0, true, a)
//   v = Loop(0, true, a) {body}    ->   v = a
//   v = Loop(3, true, a) {body}    ->   v = body(2, true, body(1, true, body(0, true, a)))     where 3 bodies are few
//   nodes
//
// The condition must be known to stay true. What the iterations give out is joined by Unsqueeze and Concat; a Loop that
// gives out such and never runs stays. Exact.
#pragma once

#include "graph/graph.h"

namespace pare {

int unroll_loops(Graph& graph);

}  // namespace pare
