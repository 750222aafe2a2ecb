// Resizing of pictures as Pillow computes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

enum class Filter : uint8_t { nearest, box, bilinear, bicubic, lanczos };
std::optional<Filter> filter_from_name(std::string_view name);  // "area" is box

// The planes of axes `height_axis` and `width_axis` (adjacent or not) of a uint8 or float32 array, resized to the
// extents given. Convolution with the filter stretched by the reduction, so that nothing aliases (`antialias` false:
// not stretched); horizontally, then vertically. For uint8 both passes work on integers with 22 fractional bits and
// round to uint8 in between, as Pillow's ImagingResample does; nearest takes the pixel under the centre. Other types
// fail.
struct Resample {
  size_t height_axis = 2, width_axis = 3;
  int64_t height = 0, width = 0;
  Filter filter = Filter::bilinear;
  bool antialias = true;
};
Result<Tensor> resample(const Tensor& picture, const Resample& options);

}  // namespace pare
