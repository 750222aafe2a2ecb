// Operators that order elements, or whose result has as many as their data say: NonZero, TopK, Unique,
// NonMaxSuppression. https://onnx.ai/onnx/operators.
#include <cmath>
#include <numeric>

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

// The order of elements: numbers by value with NaN above all others, strings by their bytes.
template <class T>
bool before(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>)
    if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
  return a < b;
}

// Calls f(values) with random access to the elements of any type that has an order; false if it has none.
template <class F>
Result<bool> with_ordered(const Tensor& x, F&& f) {
  if (x.dtype() == DType::string) {
    const auto values = x.string_values();
    f(values);
    return true;
  }
  Tensor keys = x;
  if (is_float(x.dtype()) && bits(x.dtype()) < 32) {
    PARE_ASSIGN(keys, cast(x, DType::float32));
  }
  const auto go = [&]<class T>() { f(keys.data<T>()); };
  return dispatch(keys.dtype(), Numbers{}, go) || dispatch(keys.dtype(), Types<bool>{}, go);
}

Result<std::vector<int64_t>> nonzero_elements(const Tensor& x) {
  std::vector<int64_t> found;
  if (x.dtype() == DType::string) {
    const auto values = x.string_values();
    for (size_t i = 0; i < values.size(); ++i)
      if (!values[i].empty()) found.push_back(static_cast<int64_t>(i));
    return found;
  }
  if (!is_float(x.dtype()) && !is_integer(x.dtype()) && x.dtype() != DType::boolean) return no_kernel(x.dtype());
  for (int64_t i = 0; i < x.size(); ++i)
    if (x.as_double(i) != 0) found.push_back(i);
  return found;
}

// Slices of x along an axis: element (o, i) of slice s.
struct Slices {
  int64_t outer, count, inner;
  int64_t at(int64_t s, int64_t o, int64_t i) const { return (o * count + s) * inner + i; }
};

// -1, 0 or 1 as slice a is before, the same as or behind slice b, element by element.
template <class V>
int compare(const V& values, const Slices& slices, int64_t a, int64_t b) {
  for (int64_t o = 0; o < slices.outer; ++o) {
    for (int64_t i = 0; i < slices.inner; ++i) {
      const auto& left = values[static_cast<size_t>(slices.at(a, o, i))];
      const auto& right = values[static_cast<size_t>(slices.at(b, o, i))];
      if (before(left, right)) return -1;
      if (before(right, left)) return 1;
    }
  }
  return 0;
}

struct Groups {
  std::vector<int64_t> first;    // the first slice of each group
  std::vector<int64_t> counts;   // its slices
  std::vector<int64_t> inverse;  // the group of each slice
};

template <class V>
Groups group(const V& values, const Slices& slices, bool sorted) {
  std::vector<int64_t> order = iota(slices.count);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return compare(values, slices, a, b) < 0; });
  Groups groups;
  groups.inverse.resize(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || compare(values, slices, order[i - 1], order[i]) != 0) {
      groups.first.push_back(order[i]);
      groups.counts.push_back(0);
    }
    ++groups.counts.back();
    groups.inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(groups.first.size()) - 1;
  }
  if (sorted) return groups;
  std::vector<int64_t> by_first = iota(static_cast<int64_t>(groups.first.size()));
  const auto entry = [](std::vector<int64_t>& list, int64_t i) -> int64_t& { return list[static_cast<size_t>(i)]; };
  std::sort(by_first.begin(), by_first.end(),
            [&](int64_t a, int64_t b) { return entry(groups.first, a) < entry(groups.first, b); });
  Groups moved{groups.first, groups.counts, groups.inverse};
  std::vector<int64_t> rank(by_first.size());
  for (size_t i = 0; i < by_first.size(); ++i) {
    moved.first[i] = entry(groups.first, by_first[i]);
    moved.counts[i] = entry(groups.counts, by_first[i]);
    entry(rank, by_first[i]) = static_cast<int64_t>(i);
  }
  for (int64_t& of : moved.inverse) of = entry(rank, of);
  return moved;
}

struct Box {
  float top, left, bottom, right;
  float area() const { return (bottom - top) * (right - left); }
};

Box box_at(std::span<const float> boxes, int64_t i, bool center) {
  const float* p = boxes.data() + i * 4;
  if (center) return {p[1] - p[3] / 2, p[0] - p[2] / 2, p[1] + p[3] / 2, p[0] + p[2] / 2};
  return {std::min(p[0], p[2]), std::min(p[1], p[3]), std::max(p[0], p[2]), std::max(p[1], p[3])};
}

// Intersection over union; 0 where either box is empty.
float overlap(const Box& a, const Box& b) {
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0 && width > 0 && a.area() > 0 && b.area() > 0)) return 0;
  const float shared = height * width;
  return shared / (a.area() + b.area() - shared);
}

// The boxes of one batch entry that one class keeps, best first.
std::vector<int64_t> suppress(std::span<const Box> boxes, const float* scores, int64_t most, float threshold,
                              std::optional<float> least) {
  std::vector<int64_t> order;
  for (int64_t i = 0; i < static_cast<int64_t>(boxes.size()); ++i)
    if (!least || scores[i] > *least) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return before(scores[b], scores[a]); });
  std::vector<int64_t> kept;
  for (const int64_t i : order) {
    if (static_cast<int64_t>(kept.size()) >= most) break;
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](int64_t k) {
      return overlap(boxes[static_cast<size_t>(i)], boxes[static_cast<size_t>(k)]) > threshold;
    });
    if (!covered) kept.push_back(i);
  }
  return kept;
}

// A scalar or one-element input, or the default.
Result<double> optional_scalar(const KernelContext& context, size_t i, double otherwise) {
  if (!context.has(i) || context.inputs[i].size() == 0) return otherwise;
  if (context.inputs[i].size() != 1)
    return input_error("input " + std::to_string(i) + " must be one number, found " +
                       to_string(context.inputs[i].type()));
  return context.inputs[i].as_double(0);
}

}  // namespace

Result<void> run(const NonZero&, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const auto found, nonzero_elements(x));
  const auto count = static_cast<int64_t>(found.size());
  PARE_ASSIGN(Tensor y, allocate(DType::int64, {x.rank(), count}));
  auto out = y.mutable_data<int64_t>();
  const auto strides = strides_of(x.dims());
  for (size_t axis = 0; axis < x.dims().size(); ++axis)
    for (size_t i = 0; i < found.size(); ++i) out[axis * found.size() + i] = found[i] / strides[axis] % x.dims()[axis];
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const TopK& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(const size_t axis, axis_of(op.axis, x.dims().size()));
  if (context.inputs[1].dtype() != DType::int64 || context.inputs[1].size() != 1)
    return input_error("K must be one int64, found " + to_string(context.inputs[1].type()));
  const int64_t k = context.inputs[1].as_int(0), size = x.dims()[axis];
  if (k < 0 || k > size)
    return input_error("K is " + std::to_string(k) + ", expected 0 to the extent " + std::to_string(size));
  Dims dims = x.dims();
  dims[axis] = k;
  ElementMover values(x, x.dtype(), dims, nullptr);
  PARE_TRY(values.allocate());
  PARE_ASSIGN(Tensor indices, allocate(DType::int64, dims));
  auto index_out = indices.mutable_data<int64_t>();
  const int64_t outer = product(dims, 0, axis), inner = product(dims, axis + 1, dims.size());
  const auto go = [&](const auto& keys) {
    for (int64_t line = 0; line < outer * inner; ++line) {
      const int64_t in_base = line / inner * size * inner + line % inner;
      const int64_t out_base = line / inner * k * inner + line % inner;
      const auto key = [&](int64_t i) -> const auto& { return keys[static_cast<size_t>(in_base + i * inner)]; };
      std::vector<int64_t> order = iota(size);
      std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int64_t a, int64_t b) {
        const auto& left = op.largest != 0 ? key(b) : key(a);
        const auto& right = op.largest != 0 ? key(a) : key(b);
        return before(left, right) || (!before(right, left) && a < b);
      });
      for (int64_t i = 0; i < k; ++i) {
        const int64_t from = order[static_cast<size_t>(i)];
        values.move(out_base + i * inner, in_base + from * inner);
        index_out[static_cast<size_t>(out_base + i * inner)] = from;
      }
    }
  };
  PARE_ASSIGN(const bool known, with_ordered(x, go));
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = values.take();
  context.outputs[1] = std::move(indices);
  return {};
}

Result<void> run(const Unique& op, KernelContext& context) {
  const Tensor flat = context.inputs[0].reshaped({context.inputs[0].size()});
  const Tensor& x = op.axis ? context.inputs[0] : flat;
  PARE_ASSIGN(const size_t axis, axis_of(op.axis.value_or(0), x.dims().size()));
  const Slices slices{product(x.dims(), 0, axis), x.dims()[axis], product(x.dims(), axis + 1, x.dims().size())};
  Groups groups;
  PARE_ASSIGN(const bool known,
              with_ordered(x, [&](const auto& values) { groups = group(values, slices, op.sorted != 0); }));
  if (!known) return no_kernel(x.dtype());
  std::vector<std::vector<int64_t>> maps;
  for (const int64_t dim : x.dims()) maps.push_back(iota(dim));
  maps[axis] = groups.first;
  PARE_ASSIGN(context.outputs[0], select(x, maps));
  const std::array<const std::vector<int64_t>*, 3> lists{&groups.first, &groups.inverse, &groups.counts};
  for (size_t i = 0; i < lists.size() && i + 1 < context.outputs.size(); ++i)
    context.outputs[i + 1] = Tensor::of<int64_t>({static_cast<int64_t>(lists[i]->size())}, *lists[i]);
  return {};
}

Result<void> run(const NonMaxSuppression& op, KernelContext& context) {
  const Tensor& boxes = context.inputs[0];
  const Tensor& scores = context.inputs[1];
  if (boxes.dtype() != DType::float32 || scores.dtype() != DType::float32 || boxes.rank() != 3 || scores.rank() != 3 ||
      boxes.dims()[2] != 4 || boxes.dims()[0] != scores.dims()[0] || boxes.dims()[1] != scores.dims()[2])
    return input_error("takes float32 boxes [batches,boxes,4] and scores [batches,classes,boxes], found " +
                       to_string(boxes.type()) + " and " + to_string(scores.type()));
  const int64_t batches = scores.dims()[0], classes = scores.dims()[1], count = scores.dims()[2];
  PARE_ASSIGN(const double most, optional_scalar(context, 2, 0));
  PARE_ASSIGN(const double threshold, optional_scalar(context, 3, 0));
  PARE_ASSIGN(const double least, optional_scalar(context, 4, 0));
  const bool bounded = context.has(4) && context.inputs[4].size() == 1;
  const auto limit = static_cast<int64_t>(std::clamp<double>(most, 0, static_cast<double>(count)));
  std::vector<int64_t> selected;
  for (int64_t b = 0; b < batches; ++b) {
    std::vector<Box> list;
    for (int64_t i = 0; i < count; ++i)
      list.push_back(box_at(boxes.data<float>(), b * count + i, op.center_point_box != 0));
    for (int64_t c = 0; c < classes; ++c) {
      const auto kept =
          suppress(list, scores.data<float>().data() + (b * classes + c) * count, limit, static_cast<float>(threshold),
                   bounded ? std::optional(static_cast<float>(least)) : std::nullopt);
      for (const int64_t i : kept) selected.insert(selected.end(), {b, c, i});
    }
  }
  context.outputs[0] = Tensor::of<int64_t>({static_cast<int64_t>(selected.size() / 3), 3}, selected);
  return {};
}

}  // namespace pare
