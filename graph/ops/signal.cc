// Inference and links of windows and transforms of signals.
#include "graph/ops/signal.h"

#include <algorithm>

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

Result<void> need_scalar(const InferContext& context, size_t i, std::string_view name) {
  PARE_TRY(need_rank(context, i, name, 0, 1));
  return need_dtype(context, i, name, {DType::int64, DType::int32});
}

// The number in an integer scalar, where it is known.
std::optional<int64_t> number_in(const InferContext& context, size_t i) {
  const auto numbers = context.has(i) ? context.ints(i) : std::nullopt;
  return numbers && numbers->size() == 1 ? std::optional(numbers->front()) : std::nullopt;
}

Result<void> need_output_type(DType dtype) {
  if (is_float(dtype) || is_integer(dtype)) return {};
  return input_error("output_datatype is " + std::string(name(dtype)) + ", expected a number type");
}

// 1 or 2 parts of a complex number on the last axis.
Result<void> need_parts(const Dim& dim, std::string_view name) {
  if (!dim.known() || dim.size == 1 || dim.size == 2) return {};
  return input_error("the last extent of " + std::string(name) + " is " + std::to_string(dim.size) +
                     ", expected 1 (real) or 2 (complex)");
}

// The axis of a DFT, where it is known.
Result<std::optional<size_t>> transformed_axis(const InferContext& context, size_t rank) {
  const auto number = context.has(2) ? number_in(context, 2) : std::optional<int64_t>(-2);
  if (!number) return std::optional<size_t>();
  PARE_ASSIGN(const int64_t axis, normalize_axis(*number, static_cast<int64_t>(rank)));
  if (axis == static_cast<int64_t>(rank) - 1)
    return input_error("axis is the last one, which holds the parts of a complex number");
  return std::optional(static_cast<size_t>(axis));
}

}  // namespace

Result<void> Window::infer(InferContext& context) const {
  PARE_TRY(need_scalar(context, 0, "size"));
  PARE_TRY(need_output_type(output_datatype));
  const auto size = contents_of(context, 0);
  Dim extent = size && size->size() == 1 ? size->front() : Dim();
  if (const auto number = content_number(extent); number && *number < 0)
    return input_error("size is " + std::to_string(*number) + ", expected 0 or more");
  context.set(0, output_datatype, Shape{std::move(extent)});
  return {};
}
void Window::links(LinkContext&) const {}

Result<void> DFT::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "input"));
  PARE_TRY(need_scalar(context, 1, "dft_length"));
  PARE_TRY(need_scalar(context, 2, "axis"));
  PARE_TRY(need_rank(context, 0, "input", 2));
  const DType dtype = context.type(0).dtype;
  context.set(0, dtype, std::nullopt);
  if (!context.shape(0)) return {};
  Shape shape = *context.shape(0);
  PARE_TRY(need_parts(shape.back(), "input"));
  shape.back() = Dim(inverse != 0 && onesided != 0 ? 1 : 2);
  PARE_ASSIGN(const auto axis, transformed_axis(context, shape.size()));
  if (!axis) {
    std::fill(shape.begin(), shape.end() - 1, Dim());
    context.set(0, dtype, std::move(shape));
    return {};
  }
  Dim& extent = shape[*axis];
  const auto given = context.has(1) ? number_in(context, 1) : std::nullopt;
  if (given && *given < 1) return input_error("dft_length is " + std::to_string(*given) + ", expected 1 or more");
  if (given) {
    extent = Dim(*given);
  } else if (context.has(1)) {
    extent = Dim();
  } else if (inverse != 0 && onesided != 0) {
    if (extent.known() && extent.size < 2)
      return input_error("the one-sided spectrum has " + std::to_string(extent.size) + " bins, expected 2 or more");
    extent = extent.known() && extent.size < INT64_MAX / 2 ? Dim(2 * (extent.size - 1)) : Dim();
  }
  if (onesided != 0 && inverse == 0) extent = extent.known() ? Dim(extent.size / 2 + 1) : Dim();
  context.set(0, dtype, std::move(shape));
  return {};
}

// Every axis that is not transformed is itself.
void DFT::links(LinkContext& context) const {
  const int rank = context.rank(AxisRef::Side::input, 0);
  if (context.has(2) && !context.constants[2]) return;
  const int64_t axis = context.has(2) ? context.constants[2]->as_int(0) : -2;
  for (int i = 0; i + 1 < rank; ++i)
    if (i != (axis < 0 ? axis + rank : axis)) context.link(in(0, i), out(0, i));
}

Result<void> STFT::infer(InferContext& context) const {
  PARE_TRY(need_float(context, 0, "signal"));
  PARE_TRY(need_rank(context, 0, "signal", 2, 3));
  PARE_TRY(need_scalar(context, 1, "frame_step"));
  PARE_TRY(need_rank(context, 2, "window", 1, 1));
  PARE_TRY(need_scalar(context, 3, "frame_length"));
  Shape shape{Dim(), Dim(), Dim(), Dim(2)};
  Dim length, frame;
  if (context.shape(0)) {
    if (context.shape(0)->size() == 3) PARE_TRY(need_parts(context.shape(0)->back(), "signal"));
    shape[0] = (*context.shape(0))[0];
    length = (*context.shape(0))[1];
  }
  const auto given = number_in(context, 3);
  if (given) {
    frame = Dim(std::max<int64_t>(*given, 0));
  } else if (context.has(2) && context.shape(2)) {
    frame = context.shape(2)->front();
  } else if (!context.has(2) && !context.has(3)) {
    frame = length;
  }
  const auto step = number_in(context, 1);
  if (step && *step < 1) return input_error("frame_step is " + std::to_string(*step) + ", expected 1 or more");
  if (frame.known() && (frame.size < 1 || (length.known() && frame.size > length.size)))
    return input_error("frame_length is " + std::to_string(frame.size) + ", expected 1 to the signal's " +
                       to_string(length));
  if (frame.known() && length.known() && step) shape[1] = Dim((length.size - frame.size) / *step + 1);
  if (onesided == 0) shape[2] = frame;
  if (onesided != 0 && frame.known()) shape[2] = Dim(frame.size / 2 + 1);
  context.set(0, context.type(0).dtype, std::move(shape));
  return {};
}
void STFT::links(LinkContext& context) const { context.link(in(0, 0), out(0, 0)); }

Result<void> MelWeightMatrix::infer(InferContext& context) const {
  PARE_TRY(need_output_type(output_datatype));
  Shape shape(2);
  for (size_t i = 0; i < 3; ++i) {
    PARE_TRY(need_scalar(context, i, "input " + std::to_string(i)));
    const auto number = number_in(context, i);
    if (number && *number < 1)
      return input_error("input " + std::to_string(i) + " is " + std::to_string(*number) + ", expected 1 or more");
    if (number && i == 0) shape[1] = Dim(*number);
    if (number && i == 1) shape[0] = Dim(*number / 2 + 1);
  }
  context.set(0, output_datatype, std::move(shape));
  return {};
}
void MelWeightMatrix::links(LinkContext&) const {}

}  // namespace pare
