#include "distill/augment.h"

#include <algorithm>
#include <vector>

namespace pare {
namespace {

struct Window {
  int64_t down, right;  // the new pixel (y, x) is the old one at (y + down, x + right)
  bool mirror;
};

void move_plane(const float* from, float* to, int64_t height, int64_t width, const Window& window) {
  std::fill(to, to + height * width, 0.0f);
  for (int64_t y = 0; y < height; ++y) {
    const int64_t source = y + window.down;
    if (source < 0 || source >= height) continue;
    const int64_t begin = std::max<int64_t>(0, -window.right);
    const int64_t end = std::min(width, width - window.right);
    const float* row = from + source * width + window.right;
    for (int64_t x = begin; x < end; ++x) to[y * width + (window.mirror ? width - 1 - x : x)] = row[x];
  }
}

}  // namespace

void augment_images(Tensor& images, int padding, bool flip, Random& random) {
  assert(images.rank() == 4);
  const Dims& dims = images.dims();
  const int64_t plane = dims[2] * dims[3];
  auto pixels = images.mutable_data<float>();
  std::vector<float> moved(static_cast<size_t>(plane));
  for (int64_t n = 0; n < dims[0]; ++n) {
    Window window{0, 0, false};
    if (padding > 0) window = {random.below(2 * padding + 1) - padding, random.below(2 * padding + 1) - padding, false};
    if (flip) window.mirror = random.next() >> 63;
    for (int64_t c = 0; c < dims[1]; ++c) {
      float* from = pixels.data() + (n * dims[1] + c) * plane;
      move_plane(from, moved.data(), dims[2], dims[3], window);
      std::copy(moved.begin(), moved.end(), from);
    }
  }
}

}  // namespace pare
