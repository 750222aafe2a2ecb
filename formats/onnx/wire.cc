#include "formats/onnx/wire.h"

namespace pare::onnx_format {
namespace {

struct Row {
  Kind parent;
  uint32_t field;
  Child child;
};

constexpr Row kRows[] = {
    {Kind::model, 7, {Kind::graph, true}},
    {Kind::model, 8, {Kind::opset}},
    {Kind::model, 14, {Kind::entry}},
    {Kind::model, 25, {Kind::function, true}},
    {Kind::graph, 1, {Kind::node, true}},
    {Kind::graph, 5, {Kind::tensor, true}},
    {Kind::graph, 11, {Kind::value_info}},
    {Kind::graph, 12, {Kind::value_info}},
    {Kind::graph, 13, {Kind::value_info}},
    {Kind::graph, 15, {Kind::sparse, true}},
    {Kind::graph, 16, {Kind::entry}},
    {Kind::node, 5, {Kind::attribute, true}},
    {Kind::node, 9, {Kind::entry}},
    {Kind::attribute, 5, {Kind::tensor, true}},
    {Kind::attribute, 6, {Kind::graph, true}},
    {Kind::attribute, 10, {Kind::tensor}},
    {Kind::attribute, 11, {Kind::graph}},
    {Kind::attribute, 14, {Kind::type}},
    {Kind::attribute, 15, {Kind::type}},
    {Kind::attribute, 22, {Kind::sparse}},
    {Kind::attribute, 23, {Kind::sparse}},
    {Kind::tensor, 3, {Kind::segment}},
    {Kind::tensor, 13, {Kind::entry}},
    {Kind::sparse, 1, {Kind::tensor, true}},
    {Kind::sparse, 2, {Kind::tensor, true}},
    {Kind::value_info, 2, {Kind::type}},
    {Kind::type, 1, {Kind::tensor_type}},
    {Kind::type, 4, {Kind::element_type}},
    {Kind::type, 5, {Kind::map_type}},
    {Kind::type, 8, {Kind::tensor_type}},
    {Kind::type, 9, {Kind::element_type}},
    {Kind::tensor_type, 2, {Kind::shape}},
    {Kind::element_type, 1, {Kind::type}},
    {Kind::map_type, 2, {Kind::type}},
    {Kind::shape, 1, {Kind::dimension}},
    {Kind::function, 7, {Kind::node, true}},
    {Kind::function, 9, {Kind::opset}},
    {Kind::function, 11, {Kind::attribute, true}},
    {Kind::function, 12, {Kind::value_info}},
};

std::optional<uint64_t> take_varint(Bytes& bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < 10 && i < bytes.size(); ++i) {
    const auto byte = std::to_integer<uint64_t>(bytes[i]);
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      bytes = bytes.subspan(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace

Child child_of(Kind parent, uint32_t field) {
  for (const Row& row : kRows) {
    if (row.parent == parent && row.field == field) return row.child;
  }
  return {};
}

std::optional<Field> take_field(Bytes& bytes) {
  Bytes rest = bytes;
  const auto tag = take_varint(rest);
  if (!tag || *tag >> 3 == 0 || *tag >> 32 != 0) return std::nullopt;
  Field field{static_cast<uint32_t>(*tag >> 3), static_cast<uint32_t>(*tag & 7), 0, {}, {}};
  uint64_t length = 0;
  switch (field.wire_type) {
    case 0: {
      const auto value = take_varint(rest);
      if (!value) return std::nullopt;
      field.value = *value;
      break;
    }
    case 1:
      length = 8;
      break;
    case 2: {
      const auto value = take_varint(rest);
      if (!value) return std::nullopt;
      length = *value;
      break;
    }
    case 3:  // the begin and the end of a group: its fields follow as if they were this message's
    case 4:
      break;
    case 5:
      length = 4;
      break;
    default:
      return std::nullopt;
  }
  if (length > rest.size()) return std::nullopt;
  if (field.wire_type == 2) field.payload = rest.first(static_cast<size_t>(length));
  rest = rest.subspan(static_cast<size_t>(length));
  field.whole = bytes.first(bytes.size() - rest.size());
  bytes = rest;
  return field;
}

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_head(std::string& out, uint32_t field, uint64_t length) {
  put_varint(out, uint64_t{field} << 3 | 2);
  put_varint(out, length);
}

void put_number(std::string& out, uint32_t field, uint64_t value) {
  put_varint(out, uint64_t{field} << 3);
  put_varint(out, value);
}

void put_bytes(std::string& out, Bytes bytes) { out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()); }

}  // namespace pare::onnx_format
