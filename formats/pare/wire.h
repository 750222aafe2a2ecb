// protozero, with its preconditions on wire types reported as malformed input: a field of the wrong wire type is a
// fault of the file, not of this program. Include only this, never protozero itself.
#pragma once

#include <protozero/exception.hpp>

#define protozero_assert(condition)                                       \
  do {                                                                    \
    if (!(condition)) throw protozero::unknown_pbf_wire_type_exception(); \
  } while (false)

#include <protozero/pbf_reader.hpp>

namespace pare {

// A field with the wire type it must have, for switches over tag_and_type(): of another type it is an unknown field.
constexpr uint32_t varint(uint32_t field) { return protozero::tag_and_type(field, protozero::pbf_wire_type::varint); }
constexpr uint32_t fixed32(uint32_t field) { return protozero::tag_and_type(field, protozero::pbf_wire_type::fixed32); }
constexpr uint32_t delimited(uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::length_delimited);
}

}  // namespace pare
