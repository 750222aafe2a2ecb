// Inference and links of operators that draw random numbers.
#include "graph/ops/random.h"

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

Result<void> need_real(DType dtype) {
  if (dtype == DType::undefined || is_float(dtype)) return {};
  return input_error("dtype is " + std::string(name(dtype)) + ", expected a floating-point type");
}

Result<void> infer_drawn(InferContext& context, DType dtype, const std::vector<int64_t>& dims) {
  PARE_TRY(need_real(dtype));
  Shape shape;
  for (const int64_t dim : dims) {
    if (dim < 0) return input_error("shape has an entry " + std::to_string(dim) + ", expected 0 or more");
    shape.push_back(Dim(dim));
  }
  context.set(0, dtype == DType::undefined ? DType::float32 : dtype, std::move(shape));
  return {};
}

Result<void> infer_like(InferContext& context, DType dtype) {
  const DType drawn = dtype == DType::undefined ? context.type(0).dtype : dtype;
  PARE_TRY(need_real(drawn));
  context.set(0, drawn, context.shape(0));
  return {};
}

}  // namespace

Result<void> RandomNormal::infer(InferContext& context) const { return infer_drawn(context, dtype, shape); }
Result<void> RandomUniform::infer(InferContext& context) const { return infer_drawn(context, dtype, shape); }
Result<void> RandomNormalLike::infer(InferContext& context) const { return infer_like(context, dtype); }
Result<void> RandomUniformLike::infer(InferContext& context) const { return infer_like(context, dtype); }

Result<void> Multinomial::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "input"));
  PARE_TRY(need_rank(context, 0, "input", 2, 2));
  if (dtype != DType::int32 && dtype != DType::int64)
    return input_error("dtype is " + std::string(name(dtype)) + ", expected int32 or int64");
  if (sample_size < 0) return input_error("sample_size is " + std::to_string(sample_size) + ", expected 0 or more");
  Shape shape{Dim(), Dim(sample_size)};
  if (context.shape(0)) shape[0] = (*context.shape(0))[0];
  context.set(0, dtype, std::move(shape));
  return {};
}

Result<void> Bernoulli::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "input"));
  context.set(0, dtype == DType::undefined ? context.type(0).dtype : dtype, context.shape(0));
  return {};
}

// Fewer elements would be drawn otherwise: nothing is pruned through a draw, but for what Bernoulli keeps in place.
void RandomNormal::links(LinkContext&) const {}
void RandomUniform::links(LinkContext&) const {}
void RandomNormalLike::links(LinkContext& context) const { link_same(context); }
void RandomUniformLike::links(LinkContext& context) const { link_same(context); }
void Multinomial::links(LinkContext&) const {}
void Bernoulli::links(LinkContext& context) const { link_same(context); }

}  // namespace pare
