// Inference of operators that join, cut, pad and pick elements.
#include <algorithm>
#include <limits>

#include "graph/ops/infer_util.h"
#include "graph/ops/shape.h"
#include "graph/ops/symbolic.h"

namespace pare {
namespace {

Result<size_t> resolve_axis(int64_t axis, const Shape& shape) {
  PARE_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(shape.size())));
  return static_cast<size_t>(at);
}

// Extents along one axis added up.
Result<Dim> sum_of(const Dim& a, const Dim& b) {
  if (a.known() && b.known()) {
    const auto sum = checked_add(a.size, b.size);
    if (!sum) return input_error("an extent of the output overflows");
    return Dim(*sum);
  }
  return content_as_dim(symbolic_sum(a, b));
}

void concat_contents(InferContext& context) {
  std::vector<Dim> joined;
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    const auto part = contents_of(context, i);
    if (!part || joined.size() + part->size() > kMaxContents) return;
    joined.insert(joined.end(), part->begin(), part->end());
  }
  set_contents(context, 0, std::move(joined));
}

// The extents of a Split's parts along its axis.
Result<std::vector<Dim>> split_extents(const Split& op, const InferContext& context, const Dim& whole) {
  const size_t parts = context.outputs.size();
  std::vector<Dim> extents(parts);
  if (context.has(1)) {
    if (op.num_outputs) return input_error("both split and num_outputs are given, expected one of them at most");
    const auto sizes = context.ints(1);
    if (!sizes) return extents;
    if (sizes->size() != parts) {
      return input_error("split has " + std::to_string(sizes->size()) + " elements, expected one per output, " +
                         std::to_string(parts));
    }
    std::optional<int64_t> total = 0;
    for (size_t i = 0; i < parts; ++i) {
      if ((*sizes)[i] < 0) {
        return input_error("split has an entry " + std::to_string((*sizes)[i]) + ", expected 0 or more");
      }
      extents[i] = Dim((*sizes)[i]);
      if (total) total = checked_add(*total, (*sizes)[i]);
    }
    if (!total || (whole.known() && whole.size != *total)) {
      return input_error("split adds up to " + (total ? std::to_string(*total) : std::string("too much")) +
                         ", expected the extent " + to_string(whole));
    }
    return extents;
  }
  if (op.num_outputs && *op.num_outputs != static_cast<int64_t>(parts)) {
    return input_error("num_outputs is " + std::to_string(*op.num_outputs) + ", expected the number of outputs, " +
                       std::to_string(parts));
  }
  if (parts == 1) return std::vector<Dim>{whole};
  const auto count = static_cast<int64_t>(parts);
  if (!whole.known()) {  // equal parts; with num_outputs the last may be smaller
    if (!op.num_outputs) extents.assign(parts, symbolic_quotient(whole, content(count)));
    return extents;
  }
  if (whole.size % count != 0 && !op.num_outputs) {
    return input_error("extent " + std::to_string(whole.size) + " does not split into " + std::to_string(count) +
                       " equal parts, expected a multiple or the sizes");
  }
  const int64_t each = whole.size / count + (whole.size % count != 0 ? 1 : 0);
  for (int64_t i = 0; i < count; ++i) {
    extents[static_cast<size_t>(i)] = Dim(std::clamp<int64_t>(whole.size - i * each, 0, each));
  }
  return extents;
}

// One axis of a Slice, as the specification clamps it.
struct Cut {
  int64_t start, step, count;
};
Cut clamped_cut(int64_t start, int64_t end, int64_t step, int64_t extent) {
  const auto from_end = [extent](int64_t at) { return at < 0 ? std::max<int64_t>(at + extent, -1) : at; };
  if (step > 0) {
    const int64_t a = std::clamp<int64_t>(start < 0 ? std::max<int64_t>(start + extent, 0) : start, 0, extent);
    const int64_t b = std::clamp<int64_t>(end < 0 ? std::max<int64_t>(end + extent, 0) : end, 0, extent);
    return {a, step, b > a ? (b - a - 1) / step + 1 : 0};
  }
  const int64_t a = std::clamp<int64_t>(from_end(start), extent > 0 ? 0 : -1, extent - 1);
  const int64_t b = std::clamp<int64_t>(from_end(end), -1, extent - 1);
  // -(step + 1) cannot overflow where -step could.
  const auto stride = static_cast<uint64_t>(-(step + 1)) + 1;
  return {a, step, a > b ? static_cast<int64_t>(static_cast<uint64_t>(a - b - 1) / stride) + 1 : 0};
}

// Slice's operands for one axis; unknown where nothing is known of them.
struct CutRequest {
  Dim start, end, step = content(1);
};

Dim sliced_extent(const Dim& extent, const CutRequest& request) {
  const auto start = content_number(request.start);
  const auto end = content_number(request.end);
  const auto step = content_number(request.step);
  if (!start || !step) return Dim();
  if (extent.known() && end) return Dim(clamped_cut(*start, *end, *step, extent.size).count);
  // Bounds as the specification clamps them, negative ones counted from the end.
  const auto clamped = [&](const Dim& bound) {
    const auto number = content_number(bound);
    if (number == 0) return content(0);
    if (number && *number >= std::numeric_limits<int32_t>::max()) return extent;
    const Interval range = symbolic_interval(bound);
    if (range.low >= 0) return symbolic_minimum(extent, bound);
    return range.high < 0 ? symbolic_maximum(symbolic_sum(extent, bound), content(0)) : Dim();
  };
  if (*step < 1 || *start == std::numeric_limits<int64_t>::min()) return Dim();
  const Dim stop = clamped(request.end);
  const Dim length =
      *start == 0 ? stop : symbolic_maximum(symbolic_difference(stop, clamped(request.start)), content(0));
  if (*step == 1) return length;
  return symbolic_quotient(symbolic_sum(length, content(*step - 1)), content(*step));
}

// Input i; the smallest integer, a common "to the very beginning", becomes the next one, which means the same here.
std::optional<std::vector<Dim>> slice_operand(const InferContext& context, size_t i) {
  auto elements = contents_of(context, i);
  const auto numbers = elements ? context.ints(i) : std::nullopt;
  for (size_t k = 0; numbers && k < elements->size(); ++k) {
    (*elements)[k] = content(std::max((*numbers)[k], std::numeric_limits<int64_t>::min() + 1));
  }
  return elements;
}

Result<std::optional<std::vector<CutRequest>>> cut_requests(const InferContext& context, const Shape& shape) {
  const auto starts = slice_operand(context, 1);
  const auto ends = slice_operand(context, 2);
  const auto steps = slice_operand(context, 4);
  const auto axes = context.has(3) ? context.ints(3) : std::nullopt;
  std::optional<std::vector<CutRequest>> requests;
  const auto& known = starts ? starts : ends;
  if (!known) return requests;
  const size_t count = known->size();
  for (size_t i = 1; i < 5; ++i) {
    if (!context.has(i) || !context.shape(i) || (*context.shape(i)).size() != 1) continue;
    const Dim& length = (*context.shape(i))[0];
    if (length.known() && length.size != static_cast<int64_t>(count)) {
      return input_error("input " + std::to_string(i) + " has " + std::to_string(length.size) + " elements, expected " +
                         std::to_string(count) + " as starts has");
    }
  }
  if (context.has(3) && (!axes || axes->size() != count)) return requests;
  if (!axes && count > shape.size()) {
    return input_error("starts has " + std::to_string(count) + " elements, expected at most the rank of data, " +
                       std::to_string(shape.size()));
  }
  requests.emplace(shape.size(), CutRequest{content(0), content(std::numeric_limits<int64_t>::max()), content(1)});
  std::vector<bool> seen(shape.size(), false);
  for (size_t i = 0; i < count; ++i) {
    size_t at = i;
    if (axes) {
      PARE_ASSIGN(at, resolve_axis((*axes)[i], shape));
    }
    if (seen[at]) return input_error("axes has " + std::to_string((*axes)[i]) + " twice, expected distinct axes");
    seen[at] = true;
    const auto entry = [i](const std::optional<std::vector<Dim>>& list) {
      return list && i < list->size() ? (*list)[i] : Dim();
    };
    (*requests)[at] = {entry(starts), entry(ends), context.has(4) ? entry(steps) : content(1)};
    if (content_number((*requests)[at].step) == 0) return input_error("steps has an entry 0, expected another step");
  }
  return requests;
}

void slice_contents(InferContext& context, const std::vector<CutRequest>& requests) {
  const auto elements = contents_of(context, 0);
  const auto dims = context.type(0).dims();
  if (!elements || elements->empty() || !dims) return;  // nothing to choose, or extents without bound
  if (element_count(*dims) != static_cast<int64_t>(elements->size())) return;
  // Axis by axis: `chosen` holds the positions of the elements of the axes so far, each standing for a block behind it.
  std::vector<int64_t> chosen{0};
  int64_t block = static_cast<int64_t>(elements->size());
  for (size_t axis = 0; axis < dims->size(); ++axis) {
    const auto start = content_number(requests[axis].start);
    const auto end = content_number(requests[axis].end);
    const auto step = content_number(requests[axis].step);
    if (!start || !end || !step) return;
    const Cut cut = clamped_cut(*start, *end, *step, (*dims)[axis]);
    block = (*dims)[axis] == 0 ? 0 : block / (*dims)[axis];
    std::vector<int64_t> next;
    for (const int64_t base : chosen) {
      for (int64_t i = 0; i < cut.count; ++i) next.push_back(base + (cut.start + i * cut.step) * block);
    }
    chosen = std::move(next);
  }
  std::vector<Dim> result;
  for (const int64_t at : chosen) result.push_back((*elements)[static_cast<size_t>(at)]);
  set_contents(context, 0, std::move(result));
}

// What Pad adds to each axis in front and behind; unknown axes stay nullopt.
using PadAmounts = std::vector<std::optional<std::pair<int64_t, int64_t>>>;
Result<PadAmounts> pad_amounts(const InferContext& context, const Shape& shape) {
  PadAmounts amounts(shape.size());
  const auto pads = context.ints(1);
  const auto axes = context.has(3) ? context.ints(3) : std::nullopt;
  if (!pads || (context.has(3) && !axes)) return amounts;
  const size_t count = axes ? axes->size() : shape.size();
  if (pads->size() != 2 * count) {
    return input_error("pads has " + std::to_string(pads->size()) + " elements, expected " + std::to_string(2 * count));
  }
  for (auto& amount : amounts) amount = {0, 0};
  for (size_t i = 0; i < count; ++i) {
    size_t at = i;
    if (axes) {
      PARE_ASSIGN(at, resolve_axis((*axes)[i], shape));
    }
    amounts[at] = {(*pads)[i], (*pads)[i + count]};
  }
  return amounts;
}

Result<Dim> padded(const Dim& extent, int64_t before, int64_t after) {
  if (before == 0 && after == 0) return extent;
  if (!extent.known()) return content_as_dim(symbolic_sum(extent, symbolic_sum(content(before), content(after))));
  const __int128 result = static_cast<__int128>(extent.size) + before + after;
  if (result < 0 || result > INT64_MAX) {
    return input_error("padding an extent of " + std::to_string(extent.size) + " by " + std::to_string(before) +
                       " and " + std::to_string(after) + " leaves no valid extent, expected 0 or more");
  }
  return Dim(static_cast<int64_t>(result));
}

Result<void> gather_contents(InferContext& context, const Dim& extent) {
  const auto indices = contents_of(context, 1);
  if (!indices) return {};
  for (const Dim& index : *indices) {
    const auto number = content_number(index);
    if (number && extent.known() && (*number < -extent.size || *number >= extent.size)) {
      return input_error("index " + std::to_string(*number) + " is out of range for extent " +
                         std::to_string(extent.size) + ", expected " + std::to_string(-extent.size) + ".." +
                         std::to_string(extent.size - 1));
    }
  }
  const auto elements = contents_of(context, 0);
  if (!elements || context.shape(0)->size() != 1) return {};
  const auto size = static_cast<int64_t>(elements->size());
  std::vector<Dim> chosen;
  for (const Dim& index : *indices) {
    const auto number = content_number(index);
    const bool valid = number && *number >= -size && *number < size;
    chosen.push_back(valid ? (*elements)[static_cast<size_t>(*number < 0 ? *number + size : *number)] : Dim());
  }
  set_contents(context, 0, std::move(chosen));
  return {};
}

}  // namespace

Result<void> Concat::infer(InferContext& context) const {
  for (size_t i = 1; i < context.inputs.size(); ++i) PARE_TRY(need_same_dtype(context, {0, i}));
  const DType dtype = common_dtype(context);
  context.set(0, dtype, std::nullopt);
  std::optional<Shape> result;
  bool complete = true;
  size_t at = 0;
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    if (!context.inputs[i].present) return input_error("input " + std::to_string(i) + " is left out, expected a value");
    const auto& shape = context.shape(i);
    if (!shape) {
      complete = false;
    } else if (!result) {
      PARE_ASSIGN(at, resolve_axis(axis, *shape));
      result = *shape;
    } else {
      PARE_TRY(need_rank(context, i, "input " + std::to_string(i), result->size(), result->size()));
      for (size_t d = 0; d < result->size(); ++d) {
        if (d == at) {
          PARE_ASSIGN((*result)[d], sum_of((*result)[d], (*shape)[d]));
        } else {
          PARE_ASSIGN((*result)[d], unify((*result)[d], (*shape)[d], "extents along axis " + std::to_string(d)));
        }
      }
    }
  }
  if (result && !complete) (*result)[at] = Dim();
  context.set(0, dtype, result);
  if (result && at == 0) concat_contents(context);  // one after the other in row-major order, whatever the rank
  return {};
}

Result<void> Split::infer(InferContext& context) const {
  const DType dtype = context.type(0).dtype;
  PARE_TRY(need_dtype(context, 1, "split", {DType::int64}));
  PARE_TRY(need_rank(context, 1, "split", 1, 1));
  for (size_t i = 0; i < context.outputs.size(); ++i) context.set(i, dtype, std::nullopt);
  if (!context.shape(0)) return {};
  Shape shape = *context.shape(0);
  PARE_ASSIGN(const size_t at, resolve_axis(axis, shape));
  PARE_ASSIGN(const std::vector<Dim> extents, split_extents(*this, context, shape[at]));
  const auto elements = shape.size() == 1 ? contents_of(context, 0) : std::nullopt;
  size_t begin = 0;
  for (size_t i = 0; i < extents.size(); ++i) {
    shape[at] = extents[i];
    context.set(i, dtype, shape);
    const size_t extent = extents[i].known() ? static_cast<size_t>(extents[i].size) : kMaxContents + 1;
    if (!elements || begin + extent > elements->size()) continue;
    const auto first = elements->begin() + static_cast<std::ptrdiff_t>(begin);
    set_contents(context, i, std::vector<Dim>(first, first + static_cast<std::ptrdiff_t>(extent)));
    begin += extent;
  }
  return {};
}

Result<void> Slice::infer(InferContext& context) const {
  const DType dtype = context.type(0).dtype;
  for (size_t i = 1; i < 5; ++i) {
    PARE_TRY(need_dtype(context, i, "input " + std::to_string(i), {DType::int64, DType::int32}));
    PARE_TRY(need_rank(context, i, "input " + std::to_string(i), 1, 1));
  }
  context.set(0, dtype, std::nullopt);
  if (!context.shape(0)) return {};
  Shape shape = *context.shape(0);
  PARE_ASSIGN(const auto requests, cut_requests(context, shape));
  for (size_t i = 0; i < shape.size(); ++i) {
    shape[i] = requests ? sliced_extent(shape[i], (*requests)[i]) : Dim();
  }
  context.set(0, dtype, std::move(shape));
  if (requests) slice_contents(context, *requests);
  return {};
}

Result<void> Pad::infer(InferContext& context) const {
  PARE_TRY(need_one_of("mode", mode, {"constant", "reflect", "edge", "wrap"}));
  PARE_TRY(need_dtype(context, 1, "pads", {DType::int64}));
  PARE_TRY(need_rank(context, 1, "pads", 1, 1));
  PARE_TRY(need_same_dtype(context, {0, 2}));
  PARE_TRY(need_dtype(context, 3, "axes", {DType::int64, DType::int32}));
  const DType dtype = context.type(0).dtype;
  context.set(0, dtype, std::nullopt);
  if (!context.shape(0)) return {};
  Shape shape = *context.shape(0);
  PARE_ASSIGN(const PadAmounts amounts, pad_amounts(context, shape));
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!amounts[i]) {
      shape[i] = Dim();
    } else {
      PARE_ASSIGN(shape[i], padded(shape[i], amounts[i]->first, amounts[i]->second));
    }
  }
  context.set(0, dtype, std::move(shape));
  return {};
}

Result<void> Gather::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 1, "indices", {DType::int64, DType::int32}));
  const DType dtype = context.type(0).dtype;
  context.set(0, dtype, std::nullopt);
  if (!context.shape(0)) return {};
  const Shape& data = *context.shape(0);
  PARE_TRY(need_rank(context, 0, "data", 1));
  PARE_ASSIGN(const size_t at, resolve_axis(axis, data));
  if (context.shape(1)) {
    Shape shape(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(at));
    shape.insert(shape.end(), context.shape(1)->begin(), context.shape(1)->end());
    shape.insert(shape.end(), data.begin() + static_cast<std::ptrdiff_t>(at) + 1, data.end());
    context.set(0, dtype, std::move(shape));
  }
  return gather_contents(context, data[at]);
}

}  // namespace pare
