// Axis links and resizing of pooling and spatial resizing. Spatial axes appear in no link and so are fixed.
#include "graph/ops/pool.h"

namespace pare {
namespace {

void link_batch_and_channels(LinkContext& context, int output = 0) {
  if (context.rank(AxisRef::Side::input, 0) < 2 || context.rank(AxisRef::Side::output, output) < 2) return;
  context.link(in(0, 0), out(output, 0));
  context.link(in(0, 1), out(output, 1));
}

void link_batch(LinkContext& context) {
  if (context.rank(AxisRef::Side::input, 0) < 1 || context.rank(AxisRef::Side::output, 0) < 1) return;
  context.link(in(0, 0), out(0, 0));
}

}  // namespace

// The indices of output 1 count elements of the whole tensor.
void MaxPool::links(LinkContext& context) const {
  link_batch_and_channels(context);
  if (context.outputs.size() < 2 || context.outputs[1].dtype == DType::undefined) return;
  link_batch_and_channels(context, 1);
  if (context.rank(AxisRef::Side::input, 0) >= 2) {
    context.fix(in(0, 0));
    context.fix(in(0, 1));
  }
}

void AveragePool::links(LinkContext& context) const { link_batch_and_channels(context); }

void GlobalPool::links(LinkContext& context) const { link_batch_and_channels(context); }

void Resize::links(LinkContext& context) const {
  if (coordinate_transformation_mode == "tf_crop_and_resize") return;
  int rank = context.rank(AxisRef::Side::input, 0);
  if (rank != context.rank(AxisRef::Side::output, 0)) return;
  for (int axis = 0; axis < 2 && axis < rank; ++axis) {
    auto at = static_cast<size_t>(axis);
    if ((*context.inputs[0].shape)[at].same((*context.outputs[0].shape)[at])) context.link(in(0, axis), out(0, axis));
  }
}

// Sizes, where given, count the channels too.
void Resize::resize(ResizeContext& context) {
  const Tensor* sizes = context.constant(3);
  if (sizes == nullptr || sizes->size() == 0) return;
  Tensor mended = *sizes;
  for (int64_t i = 0; i < mended.size(); ++i) {
    int axis = static_cast<int>(axes.empty() ? i : axes[static_cast<size_t>(i)]);
    if (axis < 0) axis += context.rank(AxisRef::Side::input, 0);
    if (const auto* kept = context.kept(out(0, axis))) mended.set_double(i, static_cast<double>(kept->size()));
  }
  if (!(mended == *sizes)) context.set_constant(3, std::move(mended));
}

void DepthToSpace::links(LinkContext& context) const { link_batch(context); }
void SpaceToDepth::links(LinkContext& context) const { link_batch(context); }

}  // namespace pare
