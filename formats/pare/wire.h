// protozero, with its preconditions on wire types reported as malformed input: a field of the wrong wire type is a
// fault of the file, not of this program. Include only this, never protozero itself.
#pragma once

#include <protozero/exception.hpp>

#define protozero_assert(condition)                                       \
  do {                                                                    \
    if (!(condition)) throw protozero::unknown_pbf_wire_type_exception(); \
  } while (false)

#include <protozero/pbf_reader.hpp>
