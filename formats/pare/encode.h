// Tensor bytes to their smallest stored form.
#pragma once

#include <span>
#include <string>

#include "formats/pare/layout.h"
#include "graph/tensor.h"

namespace pare {

struct Encoded {
  file_layout::Encoding encoding = file_layout::Encoding::plain;
  std::string bytes;  // empty when plain: the tensor's own bytes are stored
};

// The smallest of the encodings by measuring; plain where none saves 1 part in 64. Transforms are compared at a fast
// zstd level on at most a megabyte from the middle; the best is then compressed at a high level.
Encoded encode_smallest(const Tensor& tensor);

// One zstd frame, padded with a skippable frame (RFC 8878, 3.1.2) where it would inflate beyond `max_expansion`.
std::string compress(std::span<const std::byte> raw, int level, uint64_t max_expansion);

}  // namespace pare
