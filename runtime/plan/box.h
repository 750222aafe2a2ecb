// Copies between strided boxes, and values that are strided views of others.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "runtime/plan/plan.h"

namespace pare {

// out[out_offset + sum i_k * out_strides[k]] = in[in_offset + sum i_k * in_strides[k]] for all i below dims.
struct Box {
  int in = -1, out = -1;  // plan values
  Dims dims;
  std::vector<int64_t> in_strides, out_strides;
  int64_t in_offset = 0, out_offset = 0;
};

// Elements between neighbours along each ONNX axis, for values in that order.
std::vector<int64_t> strides_in(const Dims& dims, Order order);
// Sorts axes so that the output is written forwards, drops axes of one, merges axes that lie behind each other.
void simplify(Box& box);
// Of a simplified box: both sides are one run.
bool is_one_run(const Box& box);
// Elements of `width` bytes (1, 2, 4 or 8); both sides begin at their offsets already.
void copy_box(const Box& box, int64_t width, const std::byte* in, std::byte* out);
void copy_line(int64_t width, const std::byte* in, int64_t in_stride, std::byte* out, int64_t out_stride,
               int64_t count);

// The strides of a view of `from` dims seen under `to` dims of the same count; none where that takes a copy.
std::optional<std::vector<int64_t>> reshaped_strides(const Dims& from, const std::vector<int64_t>& strides,
                                                     const Dims& to);

}  // namespace pare
