#include "tests/fuzz/message.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

namespace pare::fuzz {
namespace {

constexpr int kMostDepth = 12;
constexpr size_t kMostMessageBytes = 1 << 20;  // longer runs of bytes are weights

bool read_varint(std::span<const std::byte> bytes, size_t& at, uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
    const auto byte = std::to_integer<uint64_t>(bytes[at++]);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool read_fixed(std::span<const std::byte> bytes, size_t& at, size_t width, uint64_t& value) {
  if (bytes.size() - at < width) return false;
  value = 0;
  std::memcpy(&value, &bytes[at], width);
  at += width;
  return true;
}

bool read_field(std::span<const std::byte> bytes, size_t& at, int depth, Field& field) {
  uint64_t key = 0, length = 0;
  if (!read_varint(bytes, at, key) || key >> 3 == 0 || key >> 32 != 0) return false;
  field.number = static_cast<uint32_t>(key >> 3);
  field.wire = key & 7;
  if (field.wire == 0) return read_varint(bytes, at, field.value);
  if (field.wire == 1) return read_fixed(bytes, at, 8, field.value);
  if (field.wire == 5) return read_fixed(bytes, at, 4, field.value);
  if (field.wire != 2 || !read_varint(bytes, at, length) || length > bytes.size() - at) return false;
  const auto inside = bytes.subspan(at, length);
  at += length;
  if (length > 0 && length <= kMostMessageBytes && depth < kMostDepth) {
    if (auto message = parse_message(inside, depth + 1)) {
      field.message = *std::move(message);
      return true;
    }
  }
  field.bytes.assign(inside.begin(), inside.end());
  return true;
}

void write_varint(std::vector<std::byte>& out, uint64_t value, bool grown = false) {
  for (size_t i = 0; value >= 0x80 || (grown && i < 9); ++i, value >>= 7)
    out.push_back(static_cast<std::byte>((value & 0x7f) | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

void write_bytes(std::vector<std::byte>& out, const void* data, size_t size) {
  const auto* bytes = static_cast<const std::byte*>(data);
  out.insert(out.end(), bytes, bytes + size);
}

void change_number(Field& field, std::mt19937& random) {
  static constexpr uint64_t kNumbers[] = {0,
                                          1,
                                          2,
                                          3,
                                          5,
                                          7,
                                          8,
                                          11,
                                          16,
                                          64,
                                          255,
                                          1u << 16,
                                          (1ull << 31) - 1,
                                          1ull << 31,
                                          1ull << 32,
                                          1ull << 40,
                                          (1ull << 62),
                                          (1ull << 63) - 1,
                                          1ull << 63,
                                          ~0ull,
                                          ~0ull - 1,
                                          ~0ull - 6,
                                          0x7fc00000,
                                          0x7f800000};
  switch (random() % 3) {
    case 0:
      field.value = kNumbers[random() % std::size(kNumbers)];
      break;
    case 1:
      field.value += random() % 2 ? 1 : ~0ull;
      break;
    default:
      field.value ^= 1ull << random() % (field.wire == 5 ? 32 : 40);
  }
}

void change_bytes(Field& field, std::mt19937& random) {
  static const char* const kWords[] = {
      "",     "Conv",  "Loop",       "If",       "Reshape",  "x",      "../../etc/passwd", "ai.onnx.ml", "axis",
      "pads", "value", "SAME_UPPER", "\xff\xfe", "Identity", "Einsum", "Resize",           "LSTM"};
  switch (random() % 4) {
    case 0: {
      const std::string word = kWords[random() % std::size(kWords)];
      field.bytes.clear();
      write_bytes(field.bytes, word.data(), word.size());
      break;
    }
    case 1:
      field.bytes.resize(field.bytes.size() / 2);
      break;
    case 2:
      field.bytes.resize(std::min<size_t>(field.bytes.size() * 2 + 1, 1 << 20));
      break;
    default:
      if (!field.bytes.empty()) field.bytes[random() % field.bytes.size()] = static_cast<std::byte>(random());
  }
}

// Damages the field, or one inside it.
void damage_field(std::vector<Field>& message, size_t at, std::mt19937& random) {
  Field& field = message[at];
  switch (random() % 8) {
    case 0:
      message.erase(message.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    case 1:
      message.insert(message.begin() + static_cast<std::ptrdiff_t>(random() % message.size()), Field(field));
      return;
    case 2:
      std::swap(field, message[random() % message.size()]);
      return;
    case 3:
      field.number = 1 + random() % 21;
      return;
    case 4:
      field.grown = true;
      return;
    default:
      break;
  }
  if (field.wire != 2) return change_number(field, random);
  if (field.message.empty()) return change_bytes(field, random);
  const size_t other = random() % message.size();  // a message in place of its neighbour
  if (message[other].wire == 2) std::swap(field.message, message[other].message);
}

}  // namespace

std::optional<std::vector<Field>> parse_message(std::span<const std::byte> bytes, int depth) {
  std::vector<Field> message;
  for (size_t at = 0; at < bytes.size();) {
    Field field;
    if (!read_field(bytes, at, depth, field)) return std::nullopt;
    message.push_back(std::move(field));
  }
  return message;
}

std::vector<std::byte> write_message(const std::vector<Field>& message) {
  std::vector<std::byte> out;
  for (const Field& field : message) {
    write_varint(out, uint64_t{field.number} << 3 | field.wire);
    if (field.wire == 0) write_varint(out, field.value, field.grown);
    if (field.wire == 1) write_bytes(out, &field.value, 8);
    if (field.wire == 5) write_bytes(out, &field.value, 4);
    if (field.wire != 2) continue;
    const auto inside = field.message.empty() ? field.bytes : write_message(field.message);
    write_varint(out, inside.size(), field.grown);
    write_bytes(out, inside.data(), inside.size());
  }
  return out;
}

void damage(std::vector<Field>& message, std::mt19937& random) {
  if (message.empty()) return;
  const size_t at = random() % message.size();
  if (!message[at].message.empty() && random() % 8 != 0) return damage(message[at].message, random);
  damage_field(message, at, random);
}

}  // namespace pare::fuzz
