// Stored bytes of a .pare file to the bytes of a tensor or of the manifest.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "formats/pare/layout.h"
#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

// CRC-32 as in zlib, gzip and PNG; of bytes that follow those which gave `before`.
uint32_t crc32_of(std::span<const std::byte> bytes, uint32_t before = 0);

// Undoes `encoding` (not plain). `width` is the size of an element in bytes. The stored bytes must inflate to exactly
// `raw_bytes`, which must lie within `max_expansion`; what is large beside its stored form is inflated once only to
// count before memory is taken for it.
Result<std::shared_ptr<Buffer>> decode(file_layout::Encoding encoding, std::span<const std::byte> stored,
                                       uint64_t raw_bytes, size_t width, uint64_t max_expansion);

}  // namespace pare
