// Inference and links of sampling, pooling and unfolding of spatial axes.
#include "graph/ops/spatial.h"

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

Result<void> check_order(int64_t p) {
  if (p >= 1) return {};
  return input_error("p is " + std::to_string(p) + ", expected 1 or more");
}

// Extents of input i from axis 2 on.
Shape spatial_of(const InferContext& context, size_t i) {
  return {context.shape(i)->begin() + 2, context.shape(i)->end()};
}

Result<std::optional<Shape>> unpooled_shape(const InferContext& context, const MaxUnpool& op) {
  const size_t spatial = op.kernel_shape.size();
  PARE_TRY(need_rank(context, 0, "X", spatial + 2, spatial + 2));
  PARE_TRY(need_rank(context, 1, "I", spatial + 2, spatial + 2));
  if (context.has(2)) {
    PARE_TRY(need_shape_vector(context, 2, "output_shape"));
    const auto asked = contents_of(context, 2);
    if (!asked) return std::optional<Shape>(unknown_shape(spatial + 2));
    if (asked->size() != spatial + 2)
      return input_error("output_shape has " + std::to_string(asked->size()) + " elements, expected " +
                         std::to_string(spatial + 2));
    PARE_ASSIGN(Shape shape, shape_from(*asked));
    return std::optional<Shape>(std::move(shape));
  }
  if (!context.shape(0)) return std::optional<Shape>(unknown_shape(spatial + 2));
  Shape y = *context.shape(0);
  for (size_t i = 0; i < spatial; ++i) {
    Dim& extent = y[2 + i];
    if (!extent.known()) {
      extent = Dim();
      continue;
    }
    const auto reach = checked_mul(extent.size - 1, op.strides.empty() ? 1 : op.strides[i]);
    const int64_t pads = op.pads.empty() ? 0 : op.pads[i] + op.pads[spatial + i];
    const auto size = reach ? checked_add(*reach, op.kernel_shape[i] - pads) : std::nullopt;
    if (!size || *size < 0) return input_error("pads are larger than the output, expected smaller ones");
    extent = Dim(*size);
  }
  return std::optional<Shape>(std::move(y));
}

// Input i has one row of `columns` numbers per region.
Result<void> need_regions(const InferContext& context, size_t i, int64_t columns) {
  PARE_TRY(need_rank(context, i, "rois", 2, 2));
  if (!context.shape(i)) return {};
  const auto agreed = unify((*context.shape(i))[1], Dim(columns), "the numbers of each region of rois");
  return agreed ? Result<void>() : agreed.failure();
}

Result<void> check_extent(int64_t value, std::string_view name) {
  if (value >= 1 && value <= INT32_MAX) return {};
  return input_error(std::string(name) + " is " + std::to_string(value) + ", expected 1 to " +
                     std::to_string(INT32_MAX));
}

// The first `axes` axes of input 0 are those of output 0.
void link_leading(LinkContext& context, int axes) {
  if (context.rank(AxisRef::Side::input, 0) < axes || context.rank(AxisRef::Side::output, 0) < axes) return;
  for (int axis = 0; axis < axes; ++axis) context.link(in(0, axis), out(0, axis));
}

}  // namespace

Result<void> LpPool::infer(InferContext& context) const {
  PARE_TRY(check_order(p));
  PARE_TRY(need_float(context, 0, "X"));
  const size_t spatial = kernel_shape.size();
  if (spatial == 0) return input_error("kernel_shape is empty, expected one entry per spatial axis");
  PARE_TRY(check_list("kernel_shape", kernel_shape, spatial, 1));
  const SpatialWindow window{auto_pad, dilations, pads, strides, ceil_mode != 0};
  PARE_TRY(check_window(window, spatial));
  PARE_TRY(need_rank(context, 0, "X", spatial + 2, spatial + 2));
  Shape y = unknown_shape(spatial + 2);
  if (const auto& x = context.shape(0)) {
    PARE_ASSIGN(const Shape extents,
                window_output(window, spatial_of(context, 0), Shape(kernel_shape.begin(), kernel_shape.end())));
    y = {(*x)[0], (*x)[1]};
    y.insert(y.end(), extents.begin(), extents.end());
  }
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

Result<void> GlobalLpPool::infer(InferContext& context) const {
  PARE_TRY(check_order(p));
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_rank(context, 0, "X", 3));
  std::optional<Shape> y = context.shape(0);
  for (size_t i = 2; y && i < y->size(); ++i) (*y)[i] = Dim(1);
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

Result<void> MaxUnpool::infer(InferContext& context) const {
  const size_t spatial = kernel_shape.size();
  if (spatial == 0) return input_error("kernel_shape is empty, expected one entry per spatial axis");
  PARE_TRY(check_list("kernel_shape", kernel_shape, spatial, 1));
  PARE_TRY(check_list("strides", strides, spatial, 1));
  PARE_TRY(check_list("pads", pads, 2 * spatial, 0));
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_dtype(context, 1, "I", {DType::int64}));
  PARE_ASSIGN(auto y, unpooled_shape(context, *this));
  if (context.shape(0) && context.shape(1)) {
    for (size_t i = 0; i < spatial + 2; ++i)
      PARE_TRY(unify((*context.shape(0))[i], (*context.shape(1))[i], "extents of X and I"));
  }
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

Result<void> MaxRoiPool::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_rank(context, 0, "X", 4, 4));
  PARE_TRY(need_regions(context, 1, 5));
  if (pooled_shape.size() != 2)
    return input_error("pooled_shape has " + std::to_string(pooled_shape.size()) + " entries, expected 2");
  for (const int64_t extent : pooled_shape) PARE_TRY(check_extent(extent, "an entry of pooled_shape"));
  context.set(0, context.type(0).dtype,
              Shape{context.shape(1) ? context.shape(1)->front() : Dim(),
                    context.shape(0) ? (*context.shape(0))[1] : Dim(), Dim(pooled_shape[0]), Dim(pooled_shape[1])});
  return {};
}

Result<void> RoiAlign::infer(InferContext& context) const {
  PARE_TRY(need_one_of("mode", mode, {"avg", "max"}));
  PARE_TRY(need_one_of("coordinate_transformation_mode", coordinate_transformation_mode,
                       {"half_pixel", "output_half_pixel"}));
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_same_dtype(context, {0, 1}));
  PARE_TRY(need_dtype(context, 2, "batch_indices", {DType::int64}));
  PARE_TRY(need_rank(context, 0, "X", 4, 4));
  PARE_TRY(need_regions(context, 1, 4));
  PARE_TRY(need_rank(context, 2, "batch_indices", 1, 1));
  PARE_TRY(check_extent(output_height, "output_height"));
  PARE_TRY(check_extent(output_width, "output_width"));
  if (sampling_ratio < 0)
    return input_error("sampling_ratio is " + std::to_string(sampling_ratio) + ", expected 0 or more");
  const Dim rows = context.shape(1) ? context.shape(1)->front() : Dim();
  PARE_ASSIGN(const Dim regions,
              unify(rows, context.shape(2) ? context.shape(2)->front() : Dim(), "the rows of rois and batch_indices"));
  context.set(0, context.type(0).dtype,
              Shape{regions, context.shape(0) ? (*context.shape(0))[1] : Dim(), Dim(output_height), Dim(output_width)});
  return {};
}

Result<void> GridSample::infer(InferContext& context) const {
  PARE_TRY(need_one_of("mode", mode, {"linear", "nearest", "cubic"}));
  PARE_TRY(need_one_of("padding_mode", padding_mode, {"zeros", "border", "reflection"}));
  PARE_TRY(need_float(context, 1, "grid"));
  PARE_TRY(need_rank(context, 0, "X", 3));
  PARE_TRY(need_rank(context, 1, "grid", 3));
  const auto& x = context.shape(0);
  const auto& grid = context.shape(1);
  if (!x && !grid) {
    context.set(0, context.type(0).dtype, std::nullopt);
    return {};
  }
  const size_t rank = x ? x->size() : grid->size();
  PARE_TRY(need_rank(context, 1, "grid", rank, rank));
  Shape y = unknown_shape(rank);
  if (x) y = {(*x)[0], (*x)[1]};
  y.resize(rank);
  if (grid) {
    PARE_ASSIGN(y[0], unify(y[0], (*grid)[0], "the batch of X and of grid"));
    PARE_TRY(unify(grid->back(), Dim(static_cast<int64_t>(rank) - 2), "the coordinates of each point of grid"));
    for (size_t i = 2; i < rank; ++i) y[i] = (*grid)[i - 1];
  }
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

Result<void> AffineGrid::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "theta"));
  PARE_TRY(need_rank(context, 0, "theta", 3, 3));
  PARE_TRY(need_shape_vector(context, 1, "size"));
  const auto size = contents_of(context, 1);
  if (!size) {
    context.set(0, context.type(0).dtype, std::nullopt);
    return {};
  }
  if (size->size() != 4 && size->size() != 5)
    return input_error("size has " + std::to_string(size->size()) + " elements, expected 4 or 5");
  PARE_ASSIGN(const Shape data, shape_from(*size));
  Shape y{data[0]};
  const auto spatial = static_cast<int64_t>(data.size()) - 2;
  if (const auto& theta = context.shape(0)) {
    PARE_ASSIGN(y[0], unify(y[0], (*theta)[0], "the batch of theta and of size"));
    PARE_TRY(unify((*theta)[1], Dim(spatial), "the rows of theta"));
    PARE_TRY(unify((*theta)[2], Dim(spatial + 1), "the columns of theta"));
  }
  y.insert(y.end(), data.begin() + 2, data.end());
  y.push_back(Dim(spatial));
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

Result<void> Col2Im::infer(InferContext& context) const {
  PARE_TRY(need_rank(context, 0, "input", 3, 3));
  PARE_TRY(need_shape_vector(context, 1, "image_shape"));
  PARE_TRY(need_shape_vector(context, 2, "block_shape"));
  const auto image = contents_of(context, 1), block = contents_of(context, 2);
  std::optional<Shape> y;
  if (image) {
    PARE_ASSIGN(const Shape extents, shape_from(*image));
    const size_t spatial = extents.size();
    PARE_TRY(check_list("dilations", dilations, spatial, 1));
    PARE_TRY(check_list("strides", strides, spatial, 1));
    PARE_TRY(check_list("pads", pads, 2 * spatial, 0));
    if (block && block->size() != spatial)
      return input_error("block_shape has " + std::to_string(block->size()) +
                         " elements, expected those of image_shape, " + std::to_string(spatial));
    y = unknown_shape(2);
    y->insert(y->end(), extents.begin(), extents.end());
    if (context.shape(0)) (*y)[0] = context.shape(0)->front();
  }
  if (y && block && context.shape(0) && (*context.shape(0))[1].known()) {
    std::optional<int64_t> area = 1;
    for (const Dim& element : *block) {
      const auto extent = content_number(element);
      if (extent && *extent < 1)
        return input_error("block_shape has an entry " + std::to_string(*extent) + ", expected 1 or more");
      area = area && extent ? checked_mul(*area, *extent) : std::nullopt;
    }
    const int64_t columns = (*context.shape(0))[1].size;
    if (area && columns % *area != 0)
      return input_error("axis 1 of input is " + std::to_string(columns) + ", expected a multiple of " +
                         std::to_string(*area) + ", the elements of a block");
    if (area) (*y)[1] = Dim(columns / *area);
  }
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

Result<void> DeformConv::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_same_dtype(context, {0, 1, 2, 3, 4}));
  if (group < 1 || offset_group < 1)
    return input_error("group is " + std::to_string(group) + " and offset_group " + std::to_string(offset_group) +
                       ", expected 1 or more");
  PARE_TRY(need_rank(context, 0, "X", 3));
  PARE_TRY(need_rank(context, 3, "B", 1, 1));
  const auto& x = context.shape(0);
  const auto& w = context.shape(1);
  if (!x || !w) {
    context.set(0, context.type(0).dtype, x ? std::optional<Shape>(unknown_shape(x->size())) : std::nullopt);
    return {};
  }
  for (const size_t i : {1, 2, 4})
    PARE_TRY(need_rank(context, i, i == 1 ? "W" : i == 2 ? "offset" : "mask", x->size(), x->size()));
  const SpatialWindow window{"NOTSET", dilations, pads, strides};
  PARE_TRY(check_window(window, x->size() - 2));
  PARE_TRY(check_list("kernel_shape", kernel_shape, x->size() - 2, 1));
  const Shape kernel = spatial_of(context, 1);
  for (size_t i = 0; i < kernel_shape.size(); ++i)
    PARE_TRY(unify(kernel[i], Dim(kernel_shape[i]), "kernel_shape and W along axis " + std::to_string(i + 2)));
  PARE_ASSIGN(const Shape extents, window_output(window, spatial_of(context, 0), kernel));
  Shape y{(*x)[0], (*w)[0]};
  if (context.has(3) && context.shape(3))
    PARE_TRY(unify((*w)[0], context.shape(3)->front(), "the filters of W and the elements of B"));
  y.insert(y.end(), extents.begin(), extents.end());
  for (const size_t i : {2, 4}) {
    if (!context.has(i) || !context.shape(i)) continue;
    PARE_ASSIGN(y[0], unify(y[0], context.shape(i)->front(), "the batch of X, offset and mask"));
    for (size_t axis = 2; axis < y.size(); ++axis) {
      PARE_ASSIGN(y[axis], unify(y[axis], (*context.shape(i))[axis], "the output and the offsets or mask"));
    }
  }
  context.set(0, context.type(0).dtype, std::move(y));
  return {};
}

void LpPool::links(LinkContext& context) const { link_leading(context, 2); }
void GlobalLpPool::links(LinkContext& context) const { link_leading(context, 2); }
void MaxUnpool::links(LinkContext&) const {}  // the indices count elements of the whole tensor

void MaxRoiPool::links(LinkContext& context) const {
  context.link(in(0, 1), out(0, 1));
  context.link(in(1, 0), out(0, 0));
}

void RoiAlign::links(LinkContext& context) const {
  context.link(in(0, 1), out(0, 1));
  context.link(in(1, 0), out(0, 0));
  context.link(in(2, 0), out(0, 0));
}

void GridSample::links(LinkContext& context) const {
  link_leading(context, 2);
  if (context.rank(AxisRef::Side::input, 1) > 0) context.link(in(1, 0), out(0, 0));
}

void AffineGrid::links(LinkContext&) const {}  // `size` counts every axis

void Col2Im::links(LinkContext& context) const { link_leading(context, 1); }

void DeformConv::links(LinkContext& context) const {
  link_leading(context, 1);
  context.link(in(2, 0), in(0, 0));
  if (context.has(4)) context.link(in(4, 0), in(0, 0));
  if (group == 1) {
    context.link(in(1, 0), out(0, 1));
    if (context.has(3)) context.link(in(3, 0), out(0, 1));
    if (offset_group == 1) context.link(in(0, 1), in(1, 1));
  }
}

}  // namespace pare
