// Shape and type inference: what each operator's `infer` sees, and inference over a whole graph.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/result.h"
#include "graph/tensor.h"
#include "graph/type.h"

namespace pare {

class Graph;

// What is known of one value before it is computed.
struct Known {
  bool present = false;  // false: an optional input left out
  Type type;
  const Tensor* constant = nullptr;  // the value itself, where it is a constant
  // The elements of a small integer or bool tensor in row-major order, as far as shape arithmetic determines them. A negative number v is kept
  // as size v - 1, which no dimension has: read elements with content_number() (ops/contents.h), never as dimensions.
  std::optional<std::vector<Dim>> contents;
};

// Inputs of one node in, outputs out. `outputs` has one entry per declared output; infer fills the type (and the
// contents of integer tensors of at most 64 elements). Unknown stays unknown: infer fails only on what is certainly wrong.
struct InferContext {
  std::vector<Known> inputs;
  std::vector<Known> outputs;
  // What is known of the values that the op's subgraphs take from the enclosing graph, by name.
  std::vector<std::pair<std::string, Known>> captures;
  int64_t opset = 0;

  bool has(size_t i) const { return i < inputs.size() && inputs[i].present; }
  const Type& type(size_t i) const { return inputs[i].type; }
  const std::optional<Shape>& shape(size_t i) const { return inputs[i].type.shape; }
  // Every element of integer input i, if all are known numbers.
  std::optional<std::vector<int64_t>> ints(size_t i) const;
  void set(size_t i, DType dtype, std::optional<Shape> shape);
};

// Helpers that most operators share.
Result<void> infer_same_as_input(InferContext& context);                 // output 0 has the type of input 0
Result<void> infer_float_pointwise(InferContext& context);               // the same, of a floating-point input
Result<void> infer_broadcast(InferContext& context, DType dtype_or_undefined);  // multidirectional, all inputs
Result<Shape> broadcast(const Shape& a, const Shape& b);
Result<int64_t> normalize_axis(int64_t axis, int64_t rank);  // -rank..rank-1 to 0..rank-1, or a sentence

// Infers every node in order and fills the types of values. Where the graph already declares more than inference knows,
// the declaration stays; where they contradict, fails naming the node and both types.
Result<void> infer_types(Graph& graph);

// Binds symbols of the graph's inputs to numbers (by input name), then infers again.
Result<void> bind_input_dims(Graph& graph, const std::vector<std::pair<std::string, Dims>>& dims);

}  // namespace pare
