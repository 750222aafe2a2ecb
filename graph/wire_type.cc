#include "graph/wire_type.h"

#include <cstdint>

namespace pare {
namespace {

// Field numbers of onnx.proto.
constexpr uint32_t kAttributeType = 14;
constexpr uint32_t kTensor = 1, kSequence = 4, kOptional = 9;  // of TypeProto
constexpr uint32_t kElement = 1;                               // of each of the three

struct Field {
  uint32_t number = 0;
  uint64_t value = 0;      // of a varint
  std::string_view bytes;  // of a length-delimited field
};

std::optional<uint64_t> take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

std::optional<Field> take_field(std::string_view& bytes) {
  const auto tag = take_varint(bytes);
  if (!tag) return std::nullopt;
  Field field;
  field.number = static_cast<uint32_t>(*tag >> 3);
  const auto skip = [&](uint64_t count) {
    if (count > bytes.size()) return false;
    field.bytes = bytes.substr(0, count);
    bytes.remove_prefix(count);
    return true;
  };
  switch (*tag & 7) {
    case 0: {
      const auto value = take_varint(bytes);
      field.value = value.value_or(0);
      return value ? std::optional(field) : std::nullopt;
    }
    case 1:
      return skip(8) ? std::optional(field) : std::nullopt;
    case 2: {
      const auto length = take_varint(bytes);
      return length && skip(*length) ? std::optional(field) : std::nullopt;
    }
    case 5:
      return skip(4) ? std::optional(field) : std::nullopt;
    default:
      return std::nullopt;
  }
}

// The last field of that number.
std::optional<Field> find_field(std::string_view bytes, uint32_t number) {
  std::optional<Field> found;
  while (!bytes.empty()) {
    const auto field = take_field(bytes);
    if (!field) return std::nullopt;
    if (field->number == number) found = field;
  }
  return found;
}

std::optional<Type> read_tensor_type(std::string_view type) {
  const auto tensor = find_field(type, kTensor);
  const auto element = tensor ? find_field(tensor->bytes, kElement) : std::nullopt;
  const auto dtype =
      element && element->value < 64 ? dtype_from_number(static_cast<int64_t>(element->value)) : std::nullopt;
  return dtype ? std::optional(Type{*dtype, std::nullopt}) : std::nullopt;
}

std::optional<std::string_view> element_of(std::string_view type, uint32_t container) {
  const auto outer = find_field(type, container);
  const auto element = outer ? find_field(outer->bytes, kElement) : std::nullopt;
  return element ? std::optional(element->bytes) : std::nullopt;
}

}  // namespace

std::optional<Type> attribute_type(std::string_view bytes) {
  const auto field = find_field(bytes, kAttributeType);
  if (!field) return std::nullopt;
  std::string_view type = field->bytes;
  const auto optional = element_of(type, kOptional);
  if (optional) type = *optional;
  const auto sequence = element_of(type, kSequence);
  auto read = read_tensor_type(sequence.value_or(type));
  if (!read) return std::nullopt;
  if (sequence) read->container = optional ? Container::optional_sequence : Container::sequence;
  if (optional && !sequence) read->container = Container::optional;
  return read;
}

}  // namespace pare
