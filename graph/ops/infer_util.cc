#include "graph/ops/infer_util.h"

#include <algorithm>
#include <limits>

#include "graph/ops/symbolic.h"

namespace pare {
namespace {

std::string text(int64_t number) { return std::to_string(number); }

}  // namespace

Dim content(int64_t number) {
  Dim element;
  if (number >= 0) {
    element.size = number;
  } else if (number > std::numeric_limits<int64_t>::min()) {
    element.size = number - 1;
  }
  return element;
}

std::optional<int64_t> content_number(const Dim& element) {
  if (element.size >= 0) return element.size;
  if (element.size < -1 && element.symbol.empty()) return element.size + 1;
  return std::nullopt;
}

Dim content_as_dim(const Dim& element) { return element.size < -1 ? Dim() : element; }

std::optional<std::vector<Dim>> contents_of(const InferContext& context, size_t i) {
  if (!context.has(i)) return std::nullopt;
  const Known& known = context.inputs[i];
  if (known.contents) return known.contents;
  const Tensor* constant = known.constant;
  if (constant == nullptr || constant->size() > static_cast<int64_t>(kMaxContents)) return std::nullopt;
  if (!is_integer(constant->dtype()) && constant->dtype() != DType::boolean) return std::nullopt;
  std::vector<Dim> elements;
  for (const int64_t number : constant->ints()) elements.push_back(content(number));
  return elements;
}

void set_contents(InferContext& context, size_t output, std::optional<std::vector<Dim>> contents) {
  if (output >= context.outputs.size() || !contents || contents->size() > kMaxContents) return;
  Known& known = context.outputs[output];
  if (!is_integer(known.type.dtype) && known.type.dtype != DType::boolean) return;
  if (!known.type.shape) return;
  const auto count = static_cast<int64_t>(contents->size());
  if (known.type.shape->size() == 1 && !known.type.shape->front().known()) known.type.shape->front() = Dim(count);
  const auto dims = known.type.dims();
  if (dims && element_count(*dims) == count) known.contents = std::move(contents);
}

void pass_contents(InferContext& context) { set_contents(context, 0, contents_of(context, 0)); }

Result<void> need_present(const InferContext& context, std::initializer_list<size_t> inputs) {
  for (const size_t i : inputs)
    if (!context.has(i)) return input_error("leaves out input " + std::to_string(i) + ", which it needs");
  return {};
}

Result<void> need_rank(const InferContext& context, size_t i, std::string_view name, size_t low, size_t high) {
  if (!context.has(i) || !context.shape(i)) return {};
  const size_t rank = context.shape(i)->size();
  if (rank >= low && rank <= high) return {};
  std::string expected = std::to_string(low);
  if (high == SIZE_MAX) {
    expected += " or more";
  } else if (high != low) {
    expected += " to " + std::to_string(high);
  }
  return input_error(std::string(name) + " has rank " + std::to_string(rank) + ", expected " + expected);
}

Result<void> need_float(const InferContext& context, size_t i, std::string_view name) {
  if (!context.has(i) || context.type(i).dtype == DType::undefined || is_float(context.type(i).dtype)) return {};
  return input_error(std::string(name) + " is " + std::string(pare::name(context.type(i).dtype)) +
                     ", expected a floating-point type");
}

Result<void> need_integer(const InferContext& context, size_t i, std::string_view name) {
  if (!context.has(i) || context.type(i).dtype == DType::undefined || is_integer(context.type(i).dtype)) return {};
  return input_error(std::string(name) + " is " + std::string(pare::name(context.type(i).dtype)) +
                     ", expected an integer type");
}

Result<void> need_dtype(const InferContext& context, size_t i, std::string_view name,
                        std::initializer_list<DType> accepted) {
  if (!context.has(i) || context.type(i).dtype == DType::undefined) return {};
  std::string expected;
  for (const DType dtype : accepted) {
    if (context.type(i).dtype == dtype) return {};
    expected += (expected.empty() ? "" : " or ") + std::string(pare::name(dtype));
  }
  return input_error(std::string(name) + " is " + std::string(pare::name(context.type(i).dtype)) + ", expected " +
                     expected);
}

Result<void> need_same_dtype(const InferContext& context, std::initializer_list<size_t> inputs) {
  std::optional<size_t> first;
  for (const size_t i : inputs) {
    if (!context.has(i) || context.type(i).dtype == DType::undefined) continue;
    if (!first) {
      first = i;
    } else if (context.type(i).dtype != context.type(*first).dtype) {
      return input_error("input " + std::to_string(i) + " is " + std::string(name(context.type(i).dtype)) +
                         " while input " + std::to_string(*first) + " is " +
                         std::string(name(context.type(*first).dtype)) + ", expected one element type");
    }
  }
  return {};
}

DType common_dtype(const InferContext& context) {
  for (const Known& input : context.inputs) {
    if (input.present && input.type.dtype != DType::undefined) return input.type.dtype;
  }
  return DType::undefined;
}

Result<void> need_one_of(std::string_view attribute, std::string_view value,
                         std::initializer_list<std::string_view> accepted) {
  std::string expected;
  for (const std::string_view option : accepted) {
    if (value == option) return {};
    expected += (expected.empty() ? "" : ", ") + std::string(option);
  }
  return input_error(std::string(attribute) + " is '" + std::string(value.substr(0, 40)) + "', expected one of " +
                     expected);
}

Result<Dim> unify(const Dim& a, const Dim& b, std::string_view what) {
  if (a.known() && b.known() && a.size != b.size) {
    return input_error(std::string(what) + ": " + text(a.size) + " against " + text(b.size) + ", expected to agree");
  }
  if (a.known()) return a;
  if (b.known()) return b;
  return a.unknown() ? b : a;
}

std::optional<int64_t> checked_mul(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::nullopt : std::optional(product);
}

std::optional<int64_t> checked_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::nullopt : std::optional(sum);
}

Shape unknown_shape(size_t rank) { return Shape(rank); }

Result<void> check_broadcasts_to(const Shape& from, const Shape& to, std::string_view name) {
  if (from.size() > to.size()) {
    return input_error(std::string(name) + " has rank " + std::to_string(from.size()) + ", expected at most " +
                       std::to_string(to.size()));
  }
  for (size_t i = 0; i < from.size(); ++i) {
    const Dim& a = from[from.size() - 1 - i];
    const Dim& b = to[to.size() - 1 - i];
    if (a.known() && a.size != 1 && b.known() && a.size != b.size) {
      return input_error(std::string(name) + " has extent " + text(a.size) + " where " + text(b.size) +
                         " is needed, expected that or 1");
    }
  }
  return {};
}

// A shape given as contents: every number must be 0 or more.
Result<Shape> shape_from(const std::vector<Dim>& contents) {
  Shape shape;
  for (const Dim& element : contents) {
    const auto number = content_number(element);
    if (number && *number < 0) {
      return input_error("the shape has an entry " + std::to_string(*number) + ", expected 0 or more");
    }
    shape.push_back(element);
  }
  return shape;
}

// The rank that the shape input i (a vector) asks for, as an unknown shape.
std::optional<Shape> blind_shape(const InferContext& context, size_t i) {
  const auto& vector = context.shape(i);
  if (!vector || vector->size() != 1 || !(*vector)[0].known() ||
      (*vector)[0].size > static_cast<int64_t>(kMaxContents)) {
    return std::nullopt;
  }
  return unknown_shape(static_cast<size_t>((*vector)[0].size));
}

Result<void> need_shape_vector(const InferContext& context, size_t i, std::string_view name) {
  PARE_TRY(need_dtype(context, i, name, {DType::int64}));
  PARE_TRY(need_rank(context, i, name, 1, 1));
  const auto& shape = context.has(i) ? context.shape(i) : std::nullopt;
  if (shape && (*shape)[0].known() && (*shape)[0].size > static_cast<int64_t>(kMaxContents)) {
    return unsupported(std::string(name) + " asks for rank " + std::to_string((*shape)[0].size) +
                       ", expected at most " + std::to_string(kMaxContents));
  }
  return {};
}

Result<void> check_list(std::string_view name, const std::vector<int64_t>& values, size_t size, int64_t low) {
  if (values.empty()) return {};
  if (values.size() != size) {
    return input_error(std::string(name) + " has " + text(static_cast<int64_t>(values.size())) + " entries, expected " +
                       text(static_cast<int64_t>(size)));
  }
  for (const int64_t value : values) {
    if (value < low) {
      return input_error(std::string(name) + " has an entry " + text(value) + ", expected " + text(low) + " or more");
    }
    if (value > std::numeric_limits<int32_t>::max()) {
      return input_error(std::string(name) + " has an entry " + text(value) + ", expected less than 2^31");
    }
  }
  return {};
}

Result<void> check_window(const SpatialWindow& window, size_t spatial) {
  PARE_TRY(need_one_of("auto_pad", window.auto_pad, {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"}));
  PARE_TRY(check_list("dilations", window.dilations, spatial, 1));
  PARE_TRY(check_list("strides", window.strides, spatial, 1));
  return check_list("pads", window.pads, 2 * spatial, 0);
}

namespace {

struct Axis {
  int64_t kernel, stride, pad_begin, pad_end;
  bool same, ceil_mode;
};

// (input + room) / stride + 1 of an input that is at least as large as the kernel: room < 0 may be left to it.
Dim window_formula(const Dim& input, int64_t room, int64_t stride) {
  // A multiple of the stride that makes the dividend provably no less than 0 is taken back behind the division.
  const int64_t shift = room < 0 ? -(room / stride) + 1 : 0;
  const Dim steps = symbolic_quotient(symbolic_sum(input, content(room + shift * stride)), content(stride));
  return symbolic_sum(steps, content(1 - shift));
}

// The formulas of the ONNX specification of Conv and MaxPool.
Result<Dim> window_extent(const Dim& input, const Axis& axis) {
  if (axis.same) {
    if (axis.stride == 1) return input;
    if (!input.known()) return symbolic_quotient(symbolic_sum(input, Dim(axis.stride - 1)), Dim(axis.stride));
    return Dim(input.size / axis.stride + (input.size % axis.stride != 0 ? 1 : 0));
  }
  const int64_t pads = axis.pad_begin + axis.pad_end;
  if (!input.known()) {
    if (axis.stride == 1 && pads == axis.kernel - 1) return input;
    if (axis.ceil_mode) return Dim();
    return window_formula(input, pads - axis.kernel, axis.stride);
  }
  const auto padded = checked_add(input.size, pads);
  if (!padded || *padded < axis.kernel) {
    return input_error("the kernel covers " + text(axis.kernel) + " elements, but the padded input has " +
                       text(padded.value_or(input.size)) + "; expected at least as many");
  }
  const int64_t room = *padded - axis.kernel;
  int64_t output = room / axis.stride + 1;
  // A window that would start in the padding at the end does not count.
  if (axis.ceil_mode && room % axis.stride != 0 && output * axis.stride < input.size + axis.pad_begin) ++output;
  return Dim(output);
}

}  // namespace

Result<Shape> window_output(const SpatialWindow& window, const Shape& input, const Shape& kernel) {
  const size_t spatial = input.size();
  const bool same = window.auto_pad == "SAME_UPPER" || window.auto_pad == "SAME_LOWER";
  const bool explicit_pads = window.auto_pad == "NOTSET" && !window.pads.empty();
  Shape output;
  for (size_t i = 0; i < spatial; ++i) {
    if (!kernel[i].known() && !same) {
      output.push_back(Dim());
      continue;
    }
    const int64_t dilation = window.dilations.empty() ? 1 : window.dilations[i];
    const int64_t taps = kernel[i].known() ? kernel[i].size : 1;
    if (taps < 1) return input_error("the kernel has extent " + text(taps) + ", expected 1 or more");
    const auto span = checked_mul(taps - 1, dilation);
    if (!span || *span == std::numeric_limits<int64_t>::max()) {
      return input_error("kernel extent " + text(taps) + " with dilation " + text(dilation) + " is too large");
    }
    const Axis axis{*span + 1,
                    window.strides.empty() ? 1 : window.strides[i],
                    explicit_pads ? window.pads[i] : 0,
                    explicit_pads ? window.pads[i + spatial] : 0,
                    same,
                    window.ceil_mode && window.auto_pad == "NOTSET"};
    PARE_ASSIGN(Dim extent, window_extent(input[i], axis));
    output.push_back(std::move(extent));
  }
  return output;
}

}  // namespace pare
