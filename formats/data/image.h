// Pictures in JPEG and PNG files.
#pragma once

#include <span>
#include <string>

#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

// uint8 [1, 3, H, W], RGB, whatever the file holds (grey becomes three equal channels, transparency is dropped, 16 bits
// become 8). JPEG is decoded by libjpeg-turbo with its accurate DCT, PNG by libspng: both as Pillow does. Fails (input)
// on anything else, on damage and truncation, and on more than 100 million pixels. `where` starts each message.
Result<Tensor> decode_image(std::span<const std::byte> bytes, const std::string& where);
Result<Tensor> read_image(const std::string& path);

}  // namespace pare
