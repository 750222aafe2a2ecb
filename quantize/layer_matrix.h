// A layer as matrices: what the rounding of weights works on.
//
//   Y[p, r] = sum over c of X[p, c] * W[r, c]      for each group by itself
//
// W holds the weight, one row per output channel; X one row per position at which the layer multiplies: the patch under
// the window of a convolution (im2col), a row of a matrix product, a step of a recurrence. The contracted axis follows
// from the operator's axis links; only windows are known by name.
//
//   Conv           groups = group, columns = C/group * kernel, positions = N * output cells
//   ConvTranspose  groups = group, rows = M/group * kernel, columns = C/group, positions = N * input cells: the products
//                  before those that fall on one output cell are added
//   Gemm, MatMul   either operand constant; a batch axis of both operands gives groups
//   LSTM, GRU, RNN groups = directions, W (operand 1) with X, R (operand 2) with the state of the step before, which is
//                  read from Y; where a gate multiplies the state first (GRU's reset), the state before that
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace pare {

struct LayerMatrix {
  int64_t groups = 1, rows = 1, columns = 1;
  // Elements of the weight between neighbours.
  int64_t group_stride = 0, row_stride = 0, column_stride = 0;
  ValueId activation = ValueId::none;  // of the graph that the layer is in: float32
  bool shared = false;                 // every group multiplies the same X

  int64_t element(int64_t group, int64_t row, int64_t column) const {
    return group * group_stride + row * row_stride + column * column_stride;
  }

  // How X lies in the activation where there is no window.
  std::vector<int> position_axes;
  int column_axis = 0;
  int group_axis = -1;        // -1: groups are neighbours along the column axis, or share X
  int step_axis = -1;         // a state is read one step before
  std::vector<bool> reverse;  // by group: its steps run backwards
  NodeId window = NodeId::none;  // the Conv whose window makes the rows

  // The layer of `graph` in which operand `slot` of `node` is the weight. None where the operator is no such product, where
  // shapes are unknown, or where a state is not an output: then nothing is known of what the weight multiplies.
  static std::optional<LayerMatrix> of(const Graph& graph, NodeId node, int slot);
};

// The rows X of one activation tensor. Keeps pointers to what it was made from.
class ActivationRows {
 public:
  // Throws Error: input for a window that does not fit. `graph` is the one that `layer` was made of.
  ActivationRows(const LayerMatrix& layer, const Graph& graph, const Tensor& activation);
  int64_t positions() const { return positions_; }  // of each group
  // Fills rows[count, columns] with positions first, first + step, ..., which must all exist.
  void gather(int64_t group, int64_t first, int64_t step, int64_t count, float* rows) const;

 private:
  struct Window {
    int64_t size = 1, kernel = 1, channels = 1;  // cells of one input and of the kernel, channels of a group
    int64_t out = 1;
    std::vector<int64_t> cells;  // [out, kernel]: cell of the input, -1: padding
  };
  void lay_window();
  void patch(int64_t group, int64_t position, float* row) const;
  int64_t offset(int64_t group, int64_t position) const;

  const LayerMatrix& layer_;
  const Graph& graph_;
  const Tensor& activation_;
  int64_t positions_ = 0;
  std::vector<int64_t> strides_;  // of the activation
  std::vector<int64_t> extents_;  // of the position axes
  Window window_;
};

}  // namespace pare
