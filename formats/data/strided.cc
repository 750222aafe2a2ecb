#include "formats/data/strided.h"

#include <cstring>
#include <numeric>

namespace pare {

void gather_strided(const Dims& dims, const Dims& strides, size_t width, const std::byte* in, std::byte* out) {
  const int rank = static_cast<int>(dims.size());
  const int64_t count = std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
  Dims index(dims.size(), 0);
  int64_t from = 0;
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(out + static_cast<size_t>(i) * width, in + static_cast<size_t>(from) * width, width);
    for (int a = rank - 1; a >= 0; --a) {
      const size_t axis = static_cast<size_t>(a);
      from += strides[axis];
      if (++index[axis] < dims[axis]) break;
      from -= strides[axis] * dims[axis];
      index[axis] = 0;
    }
  }
}

}  // namespace pare
