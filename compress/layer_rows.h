// A layer as a matrix product: rows of what it reads and rows of what it makes, sampled from real activations.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "compress/weight_axes.h"
#include "graph/graph.h"

namespace pare {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// How a layer y = W x + b reads: Conv of one group, Gemm or MatMul with a constant matrix.
class LayerRows {
 public:
  // Whether rows can be read for this layer. Its operands' ranks must be known.
  static bool supports(const Graph& graph, const WeightUse& use);
  LayerRows(const Graph& graph, const WeightUse& use);

  int64_t input_channels() const { return channels_; }
  int64_t outputs() const { return outputs_; }
  // Columns per input channel: kernel positions of a Conv, else 1. Columns are channel-major.
  int64_t block() const { return block_; }

  // [count, channels * block] of the data operand at `count` places of the result spread evenly over batch and space.
  RowMatrix inputs(const Tensor& data, int64_t count) const;
  // [count, outputs] of the result (or any tensor of its shape) at the same places.
  RowMatrix results(const Tensor& result, int64_t count) const;
  // The weight as [outputs, channels * block], and back.
  RowMatrix weight(const Tensor& tensor) const;
  Tensor tensor(const RowMatrix& weight, const Tensor& like) const;

 private:
  std::vector<int64_t> strides_, dilations_, pads_, kernel_;
  std::string auto_pad_;
  bool convolution_ = false, transposed_ = false;
  float alpha_ = 1;
  int64_t channels_ = 0, outputs_ = 0, block_ = 1;
};

}  // namespace pare
