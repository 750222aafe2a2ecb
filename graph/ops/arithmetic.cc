// Inference and links of element-wise operators with attributes, running sums and determinants; Einsum's stand in
// einsum.cc.
#include "graph/ops/arithmetic.h"

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

Result<void> need_number(const InferContext& context, size_t i, std::string_view what) {
  const DType dtype = context.type(i).dtype;
  if (dtype == DType::undefined || is_float(dtype) || is_integer(dtype)) return {};
  return input_error(std::string(what) + " is " + std::string(name(dtype)) + ", expected a number type");
}

// One element of a Mod of integers as it stands in contents; the result has the sign of the divisor, or with fmod that
// of the dividend.
Dim remainder(const Dim& a, const Dim& b, bool fmod) {
  const auto x = content_number(a), y = content_number(b);
  if (!x || !y || *y == 0) return Dim();
  if (*y == -1) return content(0);
  const int64_t rest = *x % *y;
  return content(!fmod && rest != 0 && (rest < 0) != (*y < 0) ? rest + *y : rest);
}

// Every axis but one.
void link_but(LinkContext& context, int64_t along) {
  const int rank = context.rank(AxisRef::Side::input, 0);
  for (int axis = 0; axis < rank; ++axis)
    if (axis != (along < 0 ? along + rank : along)) context.link(in(0, axis), out(0, axis));
}

}  // namespace

Result<void> Mod::infer(InferContext& context) const {
  if (fmod != 0 && fmod != 1) return input_error("fmod is " + std::to_string(fmod) + ", expected 0 or 1");
  PARE_TRY(need_number(context, 0, "A"));
  PARE_TRY(need_same_dtype(context, {0, 1}));
  PARE_TRY(infer_broadcast(context, DType::undefined));
  const auto a = contents_of(context, 0), b = contents_of(context, 1);
  if (!a || !b || a->empty() || b->empty()) return {};
  if (a->size() != b->size() && a->size() != 1 && b->size() != 1) return {};
  std::vector<Dim> rests;
  for (size_t i = 0; i < std::max(a->size(), b->size()); ++i)
    rests.push_back(remainder((*a)[a->size() == 1 ? 0 : i], (*b)[b->size() == 1 ? 0 : i], fmod != 0));
  set_contents(context, 0, std::move(rests));
  return {};
}
void Mod::links(LinkContext& context) const { link_broadcast(context); }

Result<void> BitShift::infer(InferContext& context) const {
  PARE_TRY(need_one_of("direction", direction, {"LEFT", "RIGHT"}));
  PARE_TRY(need_integer(context, 0, "X"));
  PARE_TRY(need_same_dtype(context, {0, 1}));
  return infer_broadcast(context, DType::undefined);
}
void BitShift::links(LinkContext& context) const { link_broadcast(context); }

Result<void> IsInf::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  context.set(0, DType::boolean, context.shape(0));
  return {};
}
void IsInf::links(LinkContext& context) const { link_same(context); }

Result<void> Shrink::infer(InferContext& context) const {
  PARE_TRY(need_number(context, 0, "input"));
  return infer_same_as_input(context);
}
void Shrink::links(LinkContext& context) const { link_same(context); }

Result<void> Swish::infer(InferContext& context) const { return infer_float_pointwise(context); }
void Swish::links(LinkContext& context) const { link_same(context); }

Result<void> SwiGLU::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "A"));
  PARE_TRY(need_same_dtype(context, {0, 1}));
  std::optional<Shape> shape = context.shape(0) ? context.shape(0) : context.shape(1);
  if (context.shape(0) && context.shape(1)) {
    PARE_TRY(need_rank(context, 1, "B", shape->size(), shape->size()));
    for (size_t i = 0; i < shape->size(); ++i) {
      PARE_ASSIGN((*shape)[i],
                  unify((*shape)[i], (*context.shape(1))[i], "extents of A and B along axis " + std::to_string(i)));
    }
  }
  context.set(0, common_dtype(context), std::move(shape));
  return {};
}
void SwiGLU::links(LinkContext& context) const {
  link_same(context, 0);
  link_same(context, 1);
}

Result<void> CastLike::infer(InferContext& context) const {
  PARE_TRY(need_one_of("round_mode", round_mode, {"up", "down", "nearest"}));
  const DType dtype = context.type(1).dtype;
  context.set(0, dtype, context.shape(0));
  if (dtype == DType::int64 && is_integer(context.type(0).dtype)) pass_contents(context);
  return {};
}
void CastLike::links(LinkContext& context) const { link_same(context); }

Result<void> BitCast::infer(InferContext& context) const {
  const DType from = context.type(0).dtype;
  if (to == DType::undefined || to == DType::string)
    return input_error("attribute 'to' is " + std::string(name(to)) + ", expected a type of numbers");
  if (from != DType::undefined && bits(from) != bits(to))
    return input_error("input is " + std::string(name(from)) + " of " + std::to_string(bits(from)) +
                       " bits, but 'to' is " + std::string(name(to)) + " of " + std::to_string(bits(to)) +
                       ", expected as many");
  context.set(0, to, context.shape(0));
  return {};
}
void BitCast::links(LinkContext& context) const { link_same(context); }

Result<void> Cumulative::infer(InferContext& context) const {
  PARE_TRY(need_number(context, 0, "x"));
  PARE_TRY(need_dtype(context, 1, "axis", {DType::int64, DType::int32}));
  PARE_TRY(need_rank(context, 1, "axis", 0, 1));
  const auto axis = context.ints(1);
  if (axis && axis->size() == 1 && context.shape(0))
    PARE_TRY(normalize_axis(axis->front(), static_cast<int64_t>(context.shape(0)->size())));
  return infer_same_as_input(context);
}
void Cumulative::links(LinkContext& context) const {
  if (context.has(1) && context.constants[1] && context.constants[1]->size() == 1)
    link_but(context, context.constants[1]->as_int(0));
}

Result<void> Hardmax::infer(InferContext& context) const {
  PARE_TRY(infer_float_pointwise(context));
  if (context.shape(0)) PARE_TRY(normalize_axis(axis, static_cast<int64_t>(context.shape(0)->size())));
  return {};
}
void Hardmax::links(LinkContext& context) const { link_but(context, axis); }

Result<void> Det::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "X"));
  PARE_TRY(need_rank(context, 0, "X", 2));
  context.set(0, context.type(0).dtype, std::nullopt);
  if (!context.shape(0)) return {};
  Shape shape = *context.shape(0);
  PARE_TRY(unify(shape[shape.size() - 1], shape[shape.size() - 2], "the last two extents of X"));
  shape.resize(shape.size() - 2);
  context.set(0, context.type(0).dtype, std::move(shape));
  return {};
}
void Det::links(LinkContext& context) const {
  for (int axis = 0; axis + 2 < context.rank(AxisRef::Side::input, 0); ++axis) context.link(in(0, axis), out(0, axis));
}

}  // namespace pare
