// The shapes of the fast kernels from windows.
#pragma once

#include <optional>
#include <string>

#include "runtime/fast/float_kernels.h"
#include "runtime/kernels/window.h"

namespace pare {

// None where the fast kernels do not go: three spatial axes, negative padding.
std::optional<ConvShape> conv_shape(const SlidingWindow& window, int64_t out_channels, int64_t groups);
// What packed weights depend on.
std::string shape_key(const ConvShape& shape);

}  // namespace pare
