#include "runtime/plan/box.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace pare {
namespace {

template <class T>
void copy_elements(const std::byte* in, int64_t in_stride, std::byte* out, int64_t out_stride, int64_t count) {
  const T* from = reinterpret_cast<const T*>(in);
  T* to = reinterpret_cast<T*>(out);
  for (int64_t i = 0; i < count; ++i) to[i * out_stride] = from[i * in_stride];
}

// Two axes, the output contiguous along the second and the input along the first: in blocks that the cache holds.
template <class T>
void copy_crossed(const Box& box, size_t axis, const std::byte* in, std::byte* out) {
  constexpr int64_t kBlock = 16;
  const T* from = reinterpret_cast<const T*>(in);
  T* to = reinterpret_cast<T*>(out);
  const int64_t rows = box.dims[axis], columns = box.dims[axis + 1];
  const int64_t in_column = box.in_strides[axis + 1], out_row = box.out_strides[axis];
  for (int64_t r = 0; r < rows; r += kBlock)
    for (int64_t c = 0; c < columns; c += kBlock)
      for (int64_t i = r; i < std::min(r + kBlock, rows); ++i)
        for (int64_t k = c; k < std::min(c + kBlock, columns); ++k) to[i * out_row + k] = from[k * in_column + i];
}

bool crossed(const Box& box, size_t axis) {
  return axis + 2 == box.dims.size() && box.in_strides[axis] == 1 && box.out_strides[axis + 1] == 1 &&
         box.in_strides[axis + 1] > 1;
}

void copy_crossed(const Box& box, size_t axis, int64_t width, const std::byte* in, std::byte* out) {
  switch (width) {
    case 1:
      return copy_crossed<uint8_t>(box, axis, in, out);
    case 2:
      return copy_crossed<uint16_t>(box, axis, in, out);
    case 4:
      return copy_crossed<uint32_t>(box, axis, in, out);
    default:
      return copy_crossed<uint64_t>(box, axis, in, out);
  }
}

void copy_axis(const Box& box, size_t axis, int64_t width, const std::byte* in, std::byte* out) {
  if (box.dims.empty()) return std::memcpy(out, in, static_cast<size_t>(width)), void();
  const int64_t from = box.in_strides[axis], to = box.out_strides[axis];
  if (axis + 1 == box.dims.size()) return copy_line(width, in, from, out, to, box.dims[axis]);
  if (crossed(box, axis)) return copy_crossed(box, axis, width, in, out);
  for (int64_t i = 0; i < box.dims[axis]; ++i)
    copy_axis(box, axis + 1, width, in + i * from * width, out + i * to * width);
}

}  // namespace

std::vector<int64_t> strides_in(const Dims& dims, Order order) {
  const size_t rank = dims.size();
  std::vector<size_t> axes;  // from the fastest
  if (order == Order::channels_last && rank >= 3) {
    axes.push_back(1);
    for (size_t i = rank; i-- > 2;) axes.push_back(i);
    axes.push_back(0);
  } else {
    for (size_t i = rank; i-- > 0;) axes.push_back(i);
  }
  std::vector<int64_t> strides(rank, 1);
  int64_t at = 1;
  for (const size_t axis : axes) {
    strides[axis] = at;
    at *= dims[axis];
  }
  return strides;
}

void simplify(Box& box) {
  std::vector<size_t> axes;
  for (size_t i = 0; i < box.dims.size(); ++i)
    if (box.dims[i] != 1) axes.push_back(i);
  std::stable_sort(axes.begin(), axes.end(),
                   [&](size_t a, size_t b) { return box.out_strides[a] > box.out_strides[b]; });
  Box merged = box;
  merged.dims.clear();
  merged.in_strides.clear();
  merged.out_strides.clear();
  for (const size_t axis : axes) {
    const int64_t size = box.dims[axis], from = box.in_strides[axis], to = box.out_strides[axis];
    if (!merged.dims.empty() && merged.in_strides.back() == from * size && merged.out_strides.back() == to * size) {
      merged.dims.back() *= size;
      merged.in_strides.back() = from;
      merged.out_strides.back() = to;
      continue;
    }
    merged.dims.push_back(size);
    merged.in_strides.push_back(from);
    merged.out_strides.push_back(to);
  }
  box = std::move(merged);
}

bool is_one_run(const Box& box) {
  return box.dims.empty() || (box.dims.size() == 1 && box.in_strides[0] == 1 && box.out_strides[0] == 1);
}

void copy_line(int64_t width, const std::byte* in, int64_t in_stride, std::byte* out, int64_t out_stride,
               int64_t count) {
  if (in_stride == 1 && out_stride == 1) {
    std::memcpy(out, in, static_cast<size_t>(count * width));
    return;
  }
  switch (width) {
    case 1:
      return copy_elements<uint8_t>(in, in_stride, out, out_stride, count);
    case 2:
      return copy_elements<uint16_t>(in, in_stride, out, out_stride, count);
    case 4:
      return copy_elements<uint32_t>(in, in_stride, out, out_stride, count);
    default:
      return copy_elements<uint64_t>(in, in_stride, out, out_stride, count);
  }
}

void copy_box(const Box& box, int64_t width, const std::byte* in, std::byte* out) { copy_axis(box, 0, width, in, out); }

std::optional<std::vector<int64_t>> reshaped_strides(const Dims& from, const std::vector<int64_t>& strides,
                                                     const Dims& to) {
  struct Run {
    int64_t size, stride;
  };
  std::vector<Run> runs;  // axes that lie behind each other, joined
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] == 1) continue;
    if (!runs.empty() && runs.back().stride == strides[i] * from[i])
      runs.back() = {runs.back().size * from[i], strides[i]};
    else
      runs.push_back({from[i], strides[i]});
  }
  std::vector<int64_t> result(to.size(), 1);
  for (size_t i = to.size(); i-- > 0;) {
    if (to[i] == 1) continue;
    if (runs.empty() || to[i] == 0 || runs.back().size % to[i] != 0) return std::nullopt;
    result[i] = runs.back().stride;
    runs.back() = {runs.back().size / to[i], runs.back().stride * to[i]};
    if (runs.back().size == 1) runs.pop_back();
  }
  return result;
}

}  // namespace pare
