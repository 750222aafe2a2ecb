// A Protobuf message without its schema, as a tree: to damage one field and mend the lengths around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace pare::fuzz {

struct Field {
  uint32_t number = 0;
  uint32_t wire = 0;             // 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes
  uint64_t value = 0;            // of wires 0, 1, 5
  std::vector<std::byte> bytes;  // of wire 2, unless it is a message
  std::vector<Field> message;    // of wire 2, where the bytes read as one
  bool grown = false;            // a varint in ten bytes
};

// nullopt where the bytes are no message. What could be a message inside is taken for one.
std::optional<std::vector<Field>> parse_message(std::span<const std::byte> bytes, int depth = 0);
std::vector<std::byte> write_message(const std::vector<Field>& message);
// One change at one place of the tree.
void damage(std::vector<Field>& message, std::mt19937& random);

}  // namespace pare::fuzz
