// Sliding windows: the geometry that convolutions and pools share, resolved from attributes and operand dims.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "graph/result.h"
#include "graph/type.h"

namespace pare {

// Up to three spatial axes; missing leading ones have extent 1. Output element o along an axis looks at input elements
// o * stride - pad_begin + k * dilation for k in [0, kernel).
struct SlidingWindow {
  struct Axis {
    int64_t in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;
  };
  int rank = 0;  // spatial axes of the operator
  int64_t batch = 1, channels = 1;
  std::array<Axis, 3> axis;

  int64_t in_size() const { return axis[0].in * axis[1].in * axis[2].in; }
  int64_t out_size() const { return axis[0].out * axis[1].out * axis[2].out; }
  int64_t kernel_size() const { return axis[0].kernel * axis[1].kernel * axis[2].kernel; }
  // [batch, channels, spatial out...]
  Dims out_dims(int64_t channels) const;
};

struct WindowAttributes {
  const std::string& auto_pad;  // NOTSET, VALID, SAME_UPPER, SAME_LOWER
  const std::vector<int64_t>& dilations;
  const std::vector<int64_t>& pads;
  const std::vector<int64_t>& strides;
  bool ceil_mode = false;
};

// Convolutions and pools: `in` is [N, C, spatial...]. With ceil_mode the last window must start inside the input or its
// begin padding. Fails on ranks beyond 5 and on windows that do not fit.
Result<SlidingWindow> make_window(const WindowAttributes& attributes, const Dims& in, const std::vector<int64_t>& kernel);

// Transposed: in[i] spreads to out[i * stride - pad_begin + k * dilation].
Result<SlidingWindow> make_transposed_window(const WindowAttributes& attributes, const Dims& in,
                                      const std::vector<int64_t>& kernel, const std::vector<int64_t>& output_padding,
                                      const std::vector<int64_t>& output_shape);

// out += f(input offset, kernel offset) for each cell of the window at output position (d, h, w) that lies in the
// input.
template <class F>
void for_each_cell(const SlidingWindow& window, int64_t d, int64_t h, int64_t w, F&& f) {
  const auto& [z, y, x] = window.axis;
  for (int64_t i = 0; i < z.kernel; ++i) {
    const int64_t zi = d * z.stride - z.pad_begin + i * z.dilation;
    if (zi < 0 || zi >= z.in) continue;
    for (int64_t j = 0; j < y.kernel; ++j) {
      const int64_t yi = h * y.stride - y.pad_begin + j * y.dilation;
      if (yi < 0 || yi >= y.in) continue;
      for (int64_t k = 0; k < x.kernel; ++k) {
        const int64_t xi = w * x.stride - x.pad_begin + k * x.dilation;
        if (xi < 0 || xi >= x.in) continue;
        f((zi * y.in + yi) * x.in + xi, (i * y.kernel + j) * x.kernel + k);
      }
    }
  }
}

// f(o, d, h, w) for every output position.
template <class F>
void for_each_position(const SlidingWindow& window, F&& f) {
  const auto& [z, y, x] = window.axis;
  int64_t o = 0;
  for (int64_t d = 0; d < z.out; ++d)
    for (int64_t h = 0; h < y.out; ++h)
      for (int64_t w = 0; w < x.out; ++w) f(o++, d, h, w);
}

}  // namespace pare
