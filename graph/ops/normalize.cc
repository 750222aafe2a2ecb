// Inference and axis links of normalizations over groups, roots of mean squares and p-norms.
#include "graph/ops/normalize.h"

#include <algorithm>

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

// A vector with one element for each channel of X.
Result<void> need_channels(const InferContext& context, size_t slot, std::string_view name) {
  PARE_TRY(need_rank(context, slot, name, 1, 1));
  if (!context.has(slot) || !context.shape(slot) || !context.shape(0)) return {};
  const auto together =
      unify((*context.shape(0))[1], (*context.shape(slot))[0], "channels of X and elements of " + std::string(name));
  return together ? Result<void>() : Result<void>(together.failure());
}

// Links right-aligned axes of input `slot` that have the extent of input 0's axis.
void link_trailing(LinkContext& context, int slot) {
  const int rank = context.rank(AxisRef::Side::input, 0), own = context.rank(AxisRef::Side::input, slot);
  if (own < 0 || own > rank) return;
  for (int i = 0; i < own; ++i) {
    const int target = i + rank - own;
    const Dim& dim = (*context.inputs[static_cast<size_t>(slot)].shape)[static_cast<size_t>(i)];
    if (dim.same((*context.inputs[0].shape)[static_cast<size_t>(target)])) context.link(in(slot, i), in(0, target));
  }
}

}  // namespace

Result<void> GroupNormalization::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_same_dtype(context, {0, 1, 2}));
  PARE_TRY(need_rank(context, 0, "X", 2));
  PARE_TRY(need_channels(context, 1, "scale"));
  PARE_TRY(need_channels(context, 2, "bias"));
  if (num_groups < 1) return input_error("num_groups is " + std::to_string(num_groups) + ", expected 1 or more");
  if (context.shape(0)) {
    const Dim& channels = (*context.shape(0))[1];
    if (channels.known() && channels.size % num_groups != 0) {
      return input_error("num_groups is " + std::to_string(num_groups) + ", expected a divisor of the " +
                         std::to_string(channels.size) + " channels");
    }
  }
  return infer_same_as_input(context);
}

Result<void> RMSNormalization::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_float(context, 1, "scale"));
  const auto& x = context.shape(0);
  if (x) {
    PARE_TRY(normalize_axis(axis, static_cast<int64_t>(x->size())));
    if (context.shape(1)) PARE_TRY(check_broadcasts_to(*context.shape(1), *x, "scale"));
  }
  // The product with scale has its type.
  const DType dtype = context.type(1).dtype != DType::undefined ? context.type(1).dtype : context.type(0).dtype;
  context.set(0, dtype, x);
  return {};
}

Result<void> LpNormalization::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "input"));
  if (p != 1 && p != 2) return input_error("p is " + std::to_string(p) + ", expected 1 or 2");
  if (context.shape(0)) PARE_TRY(normalize_axis(axis, static_cast<int64_t>(context.shape(0)->size())));
  return infer_same_as_input(context);
}

Result<void> MeanVarianceNormalization::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  if (context.shape(0)) {
    std::vector<bool> seen(context.shape(0)->size(), false);
    for (const int64_t entry : axes) {
      PARE_ASSIGN(const int64_t at, normalize_axis(entry, static_cast<int64_t>(seen.size())));
      if (seen[static_cast<size_t>(at)]) {
        return input_error("axes has " + std::to_string(entry) + " twice, expected distinct axes");
      }
      seen[static_cast<size_t>(at)] = true;
    }
  }
  return infer_same_as_input(context);
}

// Statistics run over the channels of a group and over all that follows.
void GroupNormalization::links(LinkContext& context) const {
  link_same(context);
  const int rank = context.rank(AxisRef::Side::input, 0);
  for (int axis = 1; axis < rank; ++axis) context.fix(in(0, axis));
  if (rank < 2) return;
  for (const int slot : {1, 2}) {
    if (context.rank(AxisRef::Side::input, slot) == 1) context.link(in(slot, 0), in(0, 1));
  }
}

void RMSNormalization::links(LinkContext& context) const {
  link_same(context);
  const int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 1) return;
  const auto at = normalize_axis(axis, rank);
  for (int i = at ? static_cast<int>(*at) : 0; i < rank; ++i) context.fix(in(0, i));
  link_trailing(context, 1);
}

void LpNormalization::links(LinkContext& context) const {
  link_same(context);
  const int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 1) return;
  if (const auto at = normalize_axis(axis, rank)) context.fix(in(0, static_cast<int>(*at)));
}

void MeanVarianceNormalization::links(LinkContext& context) const {
  link_same(context);
  const int rank = context.rank(AxisRef::Side::input, 0);
  if (rank < 1) return;
  for (const int64_t entry : axes) {
    if (const auto at = normalize_axis(entry, rank)) context.fix(in(0, static_cast<int>(*at)));
  }
}

}  // namespace pare
