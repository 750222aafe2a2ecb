#include "quantize/grid.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "graph/error.h"

namespace pare {
namespace {

// Types and limits; scales still missing.
Grid empty_grid(const Tensor& tensor, const WeightFormat& format) {
  Grid grid;
  const bool byte = format.bits == 8, two = format.bits == 2;
  const int bits = format.bits - (format.reduce_range && byte ? 1 : 0);
  if (format.zero_points) {
    grid.dtype = byte ? DType::uint8 : two ? DType::uint2 : DType::uint4;
    grid.lowest = 0;
    grid.highest = (int64_t{1} << bits) - 1;
  } else {
    grid.dtype = byte ? DType::int8 : two ? DType::int2 : DType::int4;
    grid.highest = (int64_t{1} << (bits - 1)) - 1;
    grid.lowest = -grid.highest;
  }
  if (format.block > 0) {
    assert(format.block_axis >= 0);
    const int64_t size = tensor.dims()[static_cast<size_t>(format.block_axis)];
    if (size % format.block != 0) {
      throw Error(ErrorCode::usage, "quantize: a block of " + std::to_string(format.block) + " does not divide the " +
                                        std::to_string(size) + " elements of axis " + std::to_string(format.block_axis) +
                                        " of a weight; expected a divisor: give another --block, or 0");
    }
    grid.axis = format.block_axis;
    grid.block = format.block;
    grid.dims = tensor.dims();
    grid.dims[static_cast<size_t>(format.block_axis)] = size / format.block;
  } else if (format.axis >= 0) {
    grid.axis = format.axis;
    grid.dims = {tensor.dims()[static_cast<size_t>(format.axis)]};
  }
  int64_t count = 1;
  for (const int64_t d : grid.dims) count *= d;
  grid.scales.assign(static_cast<size_t>(count), 0.0f);
  return grid;
}

struct Extent {
  float low = 0, high = 0;
};

std::vector<Extent> extents(const Tensor& tensor, const Grid& grid) {
  std::vector<Extent> result(grid.scales.size());
  const Grid::Lookup scale_of(grid, tensor.dims());
  const auto data = tensor.data<float>();
  for (int64_t i = 0; i < tensor.size(); ++i) {
    Extent& e = result[scale_of(i)];
    e.low = std::min(e.low, data[static_cast<size_t>(i)]);
    e.high = std::max(e.high, data[static_cast<size_t>(i)]);
  }
  return result;
}

// Scales and zero points of the extents, each shrunk by its factor.
void set_scales(Grid& grid, const std::vector<Extent>& extents, bool zero_points, const std::vector<float>& factors) {
  if (zero_points) grid.zeros.assign(grid.scales.size(), 0);
  for (size_t g = 0; g < grid.scales.size(); ++g) {
    const float factor = factors.empty() ? 1.0f : factors[g];
    const float low = extents[g].low * factor, high = extents[g].high * factor;
    float scale = zero_points ? (high - low) / static_cast<float>(grid.highest) : std::max(-low, high) / static_cast<float>(grid.highest);
    if (!(scale > 0) || !std::isfinite(1.0f / scale)) scale = 1;
    grid.scales[g] = scale;
    if (zero_points) grid.zeros[g] = std::clamp<int64_t>(std::llrint(std::nearbyint(-low / scale)), 0, grid.highest);
  }
}

int64_t nearest(const Grid& grid, double w, size_t g) {
  const double zero = grid.zeros.empty() ? 0.0 : static_cast<double>(grid.zeros[g]);
  return static_cast<int64_t>(std::clamp(std::nearbyint(w / grid.scales[g]) + zero, static_cast<double>(grid.lowest), static_cast<double>(grid.highest)));
}

double value_of(const Grid& grid, int64_t q, size_t g) {
  return static_cast<double>(q - (grid.zeros.empty() ? 0 : grid.zeros[g])) * grid.scales[g];
}

}  // namespace

Grid::Lookup::Lookup(const Grid& grid, const Dims& tensor_dims) {
  one_ = grid.axis < 0;
  if (one_) return;
  const auto axis = static_cast<size_t>(grid.axis);
  axis_size_ = tensor_dims[axis];
  for (size_t i = axis + 1; i < tensor_dims.size(); ++i) inner_ *= tensor_dims[i];
  block_ = grid.block;
  if (block_ > 0) blocks_ = axis_size_ / block_;
}

size_t Grid::Lookup::operator()(int64_t element) const {
  if (one_) return 0;
  const int64_t along = element / inner_ % axis_size_;
  if (block_ == 0) return static_cast<size_t>(along);
  return static_cast<size_t>((element / inner_ / axis_size_ * blocks_ + along / block_) * inner_ + element % inner_);
}

Grid whole_range_grid(const Tensor& tensor, const WeightFormat& format) {
  Grid grid = empty_grid(tensor, format);
  set_scales(grid, extents(tensor, grid), format.zero_points, {});
  return grid;
}

Grid least_error_grid(const Tensor& tensor, const WeightFormat& format) {
  Grid grid = empty_grid(tensor, format);
  const std::vector<Extent> whole = extents(tensor, grid);
  const auto data = tensor.data<float>();
  const Grid::Lookup scale_of(grid, tensor.dims());
  std::vector<float> best(grid.scales.size(), 1.0f);
  std::vector<double> least(grid.scales.size(), INFINITY);
  for (int step = 0; step < 60; ++step) {
    const float factor = 1.0f - 0.01f * static_cast<float>(step);
    set_scales(grid, whole, format.zero_points, std::vector<float>(best.size(), factor));
    std::vector<double> cost(best.size());
    for (int64_t i = 0; i < tensor.size(); ++i) {
      const size_t g = scale_of(i);
      const double w = data[static_cast<size_t>(i)];
      const double error = value_of(grid, nearest(grid, w, g), g) - w;
      cost[g] += error * error;
    }
    for (size_t g = 0; g < best.size(); ++g) {
      if (cost[g] >= least[g]) continue;
      least[g] = cost[g];
      best[g] = factor;
    }
  }
  set_scales(grid, whole, format.zero_points, best);
  return grid;
}

Tensor round_to_grid(const Tensor& tensor, const Grid& grid) {
  Tensor result(grid.dtype, tensor.dims());
  const auto data = tensor.data<float>();
  const Grid::Lookup scale_of(grid, tensor.dims());
  for (int64_t i = 0; i < tensor.size(); ++i) {
    result.set_double(i, static_cast<double>(nearest(grid, data[static_cast<size_t>(i)], scale_of(i))));
  }
  return result;
}

double grid_sqnr_db(const Tensor& tensor, const Tensor& integers, const Grid& grid) {
  const auto data = tensor.data<float>();
  const Grid::Lookup scale_of(grid, tensor.dims());
  double signal = 0, noise = 0;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const double w = data[static_cast<size_t>(i)];
    const double error = w - value_of(grid, integers.as_int(i), scale_of(i));
    signal += w * w;
    noise += error * error;
  }
  return noise > 0 ? 10 * std::log10(signal / noise) : INFINITY;
}

Tensor scale_tensor(const Grid& grid) { return Tensor::of(grid.dims, grid.scales); }

Tensor zero_point_tensor(const Grid& grid) {
  Tensor tensor(grid.dtype, grid.dims);
  for (size_t i = 0; i < grid.zeros.size(); ++i) tensor.set_double(static_cast<int64_t>(i), static_cast<double>(grid.zeros[i]));
  return tensor;
}

}  // namespace pare
