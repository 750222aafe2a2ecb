// The points that a quantized weight may take: (q - zero point) * scale, q an integer of a type and a range.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/tensor.h"

namespace pare {

// How a weight is quantized; see LayerSettings.
struct WeightFormat {
  int bits = 8;
  int axis = -1;        // one scale per element of this axis; -1: one scale
  int block_axis = -1;  // with `block`: the axis whose blocks have scales of their own, beside every other axis
  int64_t block = 0;
  bool zero_points = false;
  bool reduce_range = false;
};

struct Grid {
  DType dtype = DType::int8;
  int64_t lowest = -127, highest = 127;
  int axis = -1;        // DequantizeLinear's: of the channels, or of the blocks; -1: one scale
  int64_t block = 0;
  Dims dims;            // of scales and zero points
  std::vector<float> scales;
  std::vector<int64_t> zeros;  // empty: zero

  // Which scale an element has: `index` row-major in a tensor of `tensor_dims`.
  class Lookup;
};

// Row-major element index to scale index, in order.
class Grid::Lookup {
 public:
  Lookup(const Grid& grid, const Dims& tensor_dims);
  size_t operator()(int64_t element) const;

 private:
  int64_t axis_size_ = 1, inner_ = 1, block_ = 1, blocks_ = 1;
  bool one_ = false;
};

// The grid that holds every element of `tensor` without clipping: symmetric, scale = max|w| / highest (Jacob et al. 2018,
// section 2.1), or with zero points, scale = (max - min) / levels over the range widened to hold zero. Elements without
// extent get scale 1. Throws Error: usage where a block does not divide its axis.
Grid whole_range_grid(const Tensor& tensor, const WeightFormat& format);

// The same with every scale shrunk to where sum (w - w_q)^2 is least, on a grid of 60 steps of 1 %.
Grid least_error_grid(const Tensor& tensor, const WeightFormat& format);

// clamp(round_half_even(w / scale) + zero), integers of grid.dtype.
Tensor round_to_grid(const Tensor& tensor, const Grid& grid);

// 10 log10(sum w^2 / sum (w - w_q)^2), in dB; infinite where nothing is lost.
double grid_sqnr_db(const Tensor& tensor, const Tensor& integers, const Grid& grid);

// Scales and zero points as the operands of DequantizeLinear.
Tensor scale_tensor(const Grid& grid);
Tensor zero_point_tensor(const Grid& grid);

}  // namespace pare
