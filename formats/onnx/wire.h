// The protobuf wire format of ONNX, as far as messages can be walked without being parsed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace pare::onnx_format {

// The message types of pare_onnx.proto. `leaf` is a string, bytes, packed numbers, or a field that nobody knows.
enum class Kind : uint8_t {
  leaf,
  model,
  graph,
  node,
  attribute,
  tensor,
  sparse,
  value_info,
  type,
  tensor_type,
  element_type,
  map_type,
  shape,
  dimension,
  entry,
  opset,
  function,
  segment,
};

// What a length-delimited field of a message holds. `liftable` says whether the reader looks for lifted elements there:
// what becomes a RawAttribute must stay whole.
struct Child {
  Kind kind = Kind::leaf;
  bool liftable = false;
};
Child child_of(Kind parent, uint32_t field);

using Bytes = std::span<const std::byte>;

struct Field {
  uint32_t number = 0;
  uint32_t wire_type = 0;
  uint64_t value = 0;  // of a varint
  Bytes payload;       // of a length-delimited field
  Bytes whole;         // tag and all
};

// Takes the first field off `bytes`; nullopt when they do not begin with one.
std::optional<Field> take_field(Bytes& bytes);

void put_varint(std::string& out, uint64_t value);
// "tag, length" of a length-delimited field, and "tag, value" of a varint.
void put_head(std::string& out, uint32_t field, uint64_t length);
void put_number(std::string& out, uint32_t field, uint64_t value);
void put_bytes(std::string& out, Bytes bytes);

}  // namespace pare::onnx_format
