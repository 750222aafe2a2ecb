// Damaged files: bytes flipped, cut and moved, and for Protobuf messages fields swapped, repeated, dropped, renumbered,
// numbers made huge or negative, varints grown. The same source of numbers gives the same damage.
#pragma once

#include <random>
#include <vector>

#include "graph/graph.h"

namespace pare::fuzz {

using FileBytes = std::vector<std::byte>;

// Any file.
FileBytes mutate_bytes(FileBytes bytes, std::mt19937& random);
// A Protobuf message, such as an .onnx file; lengths around the damage are mended, so that it is reached.
FileBytes mutate_message(const FileBytes& bytes, std::mt19937& random);
// A .pare file: its manifest as a message, with the checksum mended; or any byte.
FileBytes mutate_pare(const FileBytes& bytes, std::mt19937& random);
// Lines and numbers of a text.
FileBytes mutate_text(const FileBytes& bytes, std::mt19937& random);
// By the extension of the file, or bytes alone; either half of the time.
FileBytes mutate_file(const FileBytes& bytes, const std::string& extension, std::mt19937& random);

}  // namespace pare::fuzz
