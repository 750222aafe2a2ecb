// Inference of pooling, resizing and the exchange of depth and space.
#include "graph/ops/pool.h"

#include <cmath>

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

Result<std::optional<Shape>> pooled_shape(const InferContext& context, const SpatialWindow& window,
                                          const std::vector<int64_t>& kernel_shape) {
  const size_t spatial = kernel_shape.size();
  if (spatial == 0) return input_error("kernel_shape is empty, expected one entry per spatial axis");
  PARE_TRY(check_list("kernel_shape", kernel_shape, spatial, 1));
  PARE_TRY(check_window(window, spatial));
  PARE_TRY(need_rank(context, 0, "X", spatial + 2, spatial + 2));
  const auto& x = context.shape(0);
  if (!x) return std::optional<Shape>();
  const Shape kernel(kernel_shape.begin(), kernel_shape.end());
  PARE_ASSIGN(const Shape extents, window_output(window, {x->begin() + 2, x->end()}, kernel));
  Shape y{(*x)[0], (*x)[1]};
  y.insert(y.end(), extents.begin(), extents.end());
  return std::optional<Shape>(std::move(y));
}

// An input that is there and not an empty tensor (Resize leaves inputs out in both ways).
bool given(const InferContext& context, size_t i) {
  if (!context.has(i)) return false;
  const auto dims = context.type(i).dims();
  return !dims || element_count(*dims) != 0;
}

// The axes that Resize works on, in order, each once.
Result<std::vector<size_t>> resize_axes(const std::vector<int64_t>& axes, size_t rank) {
  std::vector<size_t> resolved;
  if (axes.empty()) {
    for (size_t i = 0; i < rank; ++i) resolved.push_back(i);
    return resolved;
  }
  std::vector<bool> seen(rank, false);
  for (const int64_t axis : axes) {
    PARE_ASSIGN(const int64_t resolved_axis, normalize_axis(axis, static_cast<int64_t>(rank)));
    const auto at = static_cast<size_t>(resolved_axis);
    if (seen[at]) return input_error("axes has " + std::to_string(axis) + " twice, expected distinct axes");
    seen[at] = true;
    resolved.push_back(at);
  }
  return resolved;
}

Result<Dim> scaled(const Dim& in, float scale) {
  if (!(scale > 0) || !std::isfinite(scale)) {
    return input_error("scales has an entry " + std::to_string(scale) + ", expected a number above 0");
  }
  if (scale == 1.0f) return in;
  if (!in.known()) return Dim();
  const float extent = std::floor(static_cast<float>(in.size) * scale);
  if (!(extent < 0x1p62f)) return input_error("the resized extent is too large");
  return Dim(static_cast<int64_t>(extent));
}

Result<void> apply_scales(const InferContext& context, const std::vector<size_t>& axes, Shape& y) {
  const Tensor* scales = context.inputs[2].constant;
  if (scales == nullptr || !is_float(scales->dtype())) {
    for (const size_t axis : axes) y[axis] = Dim();
    return {};
  }
  if (scales->rank() != 1 || scales->size() != static_cast<int64_t>(axes.size())) {
    return input_error("scales has " + std::to_string(scales->size()) + " elements, expected " +
                       std::to_string(axes.size()));
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    PARE_ASSIGN(y[axes[i]], scaled(y[axes[i]], static_cast<float>(scales->as_double(static_cast<int64_t>(i)))));
  }
  return {};
}

Result<void> apply_sizes(const InferContext& context, const std::vector<size_t>& axes, const std::string& policy,
                         Shape& y) {
  const auto sizes = contents_of(context, 3);
  if (!sizes) {
    for (const size_t axis : axes) y[axis] = Dim();
    return {};
  }
  if (sizes->size() != axes.size()) {
    return input_error("sizes has " + std::to_string(sizes->size()) + " elements, expected " +
                       std::to_string(axes.size()));
  }
  std::optional<double> ratio;  // of a policy other than "stretch": the smallest or the largest over the axes
  bool all_known = true;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto number = content_number((*sizes)[i]);
    if (number && *number < 0) {
      return input_error("sizes has an entry " + std::to_string(*number) + ", expected 0 or more");
    }
    const Dim& in = y[axes[i]];
    all_known = all_known && number && in.known() && in.size > 0;
    if (!all_known) continue;
    const double own = static_cast<double>(*number) / static_cast<double>(in.size);
    ratio = !ratio ? own : policy == "not_larger" ? std::min(*ratio, own) : std::max(*ratio, own);
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    Dim& extent = y[axes[i]];
    if (policy == "stretch") {
      extent = content_as_dim((*sizes)[i]);
    } else if (all_known) {
      const double rounded = std::floor(static_cast<double>(extent.size) * *ratio + 0.5);  // half up, as specified
      extent = rounded < 0x1p62 ? Dim(static_cast<int64_t>(rounded)) : Dim();
    } else {
      extent = Dim();
    }
  }
  return {};
}

// The common part of DepthToSpace and SpaceToDepth: a checked block size, squared.
Result<int64_t> block_area(const InferContext& context, int64_t blocksize) {
  PARE_TRY(need_rank(context, 0, "input", 4, 4));
  if (blocksize < 1 || blocksize > INT32_MAX) {
    return input_error("blocksize is " + std::to_string(blocksize) + ", expected 1 or more");
  }
  return blocksize * blocksize;
}

Result<Dim> divided(const Dim& extent, int64_t by, std::string_view what) {
  if (by == 1) return extent;
  if (!extent.known()) return Dim();
  if (extent.size % by != 0) {
    return input_error(std::string(what) + " is " + std::to_string(extent.size) + ", expected a multiple of " +
                       std::to_string(by));
  }
  return Dim(extent.size / by);
}

Result<Dim> multiplied(const Dim& extent, int64_t by) {
  if (by == 1) return extent;
  if (!extent.known()) return Dim();
  const auto product = checked_mul(extent.size, by);
  if (!product) return input_error("an extent of the output overflows");
  return Dim(*product);
}

}  // namespace

Result<void> MaxPool::infer(InferContext& context) const {
  if (storage_order != 0 && storage_order != 1) {
    return input_error("storage_order is " + std::to_string(storage_order) + ", expected 0 or 1");
  }
  PARE_ASSIGN(auto y, pooled_shape(context, {auto_pad, dilations, pads, strides, ceil_mode != 0}, kernel_shape));
  context.set(0, context.type(0).dtype, y);
  context.set(1, DType::int64, std::move(y));
  return {};
}

Result<void> AveragePool::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_ASSIGN(auto y, pooled_shape(context, {auto_pad, dilations, pads, strides, ceil_mode != 0}, kernel_shape));
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

Result<void> GlobalPool::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_rank(context, 0, "X", 2));
  std::optional<Shape> y = context.shape(0);
  for (size_t i = 2; y && i < y->size(); ++i) (*y)[i] = Dim(1);
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

Result<void> Resize::infer(InferContext& context) const {
  PARE_TRY(need_one_of("mode", mode, {"nearest", "linear", "cubic"}));
  PARE_TRY(need_one_of("coordinate_transformation_mode", coordinate_transformation_mode,
                       {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
                        "tf_half_pixel_for_nn", "tf_crop_and_resize"}));
  PARE_TRY(need_one_of("nearest_mode", nearest_mode, {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}));
  PARE_TRY(need_one_of("keep_aspect_ratio_policy", keep_aspect_ratio_policy, {"stretch", "not_larger", "not_smaller"}));
  PARE_TRY(need_dtype(context, 2, "scales", {DType::float32}));
  PARE_TRY(need_rank(context, 2, "scales", 1, 1));
  PARE_TRY(need_dtype(context, 3, "sizes", {DType::int64}));
  PARE_TRY(need_rank(context, 3, "sizes", 1, 1));
  const bool has_scales = given(context, 2);
  const bool has_sizes = given(context, 3);
  if (!has_scales && !has_sizes) return input_error("neither scales nor sizes is given, expected one of them");
  if (has_sizes && context.has(2) && has_scales && context.type(2).dims()) {
    return input_error("both scales and sizes are given, expected one of them");
  }
  std::optional<Shape> y = context.shape(0);
  if (y) {
    PARE_ASSIGN(const std::vector<size_t> resized, resize_axes(axes, y->size()));
    if (coordinate_transformation_mode == "tf_crop_and_resize" && !has_sizes) {
      for (const size_t axis : resized) (*y)[axis] = Dim();  // the region of interest counts too
    } else if (has_sizes) {
      PARE_TRY(apply_sizes(context, resized, keep_aspect_ratio_policy, *y));
    } else {
      PARE_TRY(apply_scales(context, resized, *y));
    }
  }
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

Result<void> DepthToSpace::infer(InferContext& context) const {
  PARE_ASSIGN(const int64_t area, block_area(context, blocksize));
  PARE_TRY(need_one_of("mode", mode, {"DCR", "CRD"}));
  std::optional<Shape> y = context.shape(0);
  if (y) {
    PARE_ASSIGN((*y)[1], divided((*y)[1], area, "the number of channels"));
    PARE_ASSIGN((*y)[2], multiplied((*y)[2], blocksize));
    PARE_ASSIGN((*y)[3], multiplied((*y)[3], blocksize));
  }
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

Result<void> SpaceToDepth::infer(InferContext& context) const {
  PARE_ASSIGN(const int64_t area, block_area(context, blocksize));
  std::optional<Shape> y = context.shape(0);
  if (y) {
    PARE_ASSIGN((*y)[1], multiplied((*y)[1], area));
    PARE_ASSIGN((*y)[2], divided((*y)[2], blocksize, "the height"));
    PARE_ASSIGN((*y)[3], divided((*y)[3], blocksize, "the width"));
  }
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

}  // namespace pare
