// What an operator declares. A struct of graph/ops/ has
//   kName (or, for a family, kind and kNames)    the ONNX operator type
//   kDomain                                      the domain, where it is not ai.onnx
//   kSince                                       lowest opset whose definition reads as the struct does
//   kArity                                       how many inputs and outputs
//   kRequired                                    names of the attributes that have no default, where there are any
//   members named as the ONNX attributes, with their ONNX defaults, each listed once in fields()
//   infer, links                                see infer.h, links.h
//   role                                        see Role below
//   kPointwise                                  true where each element of input 0 gives one of the output by itself
//                                               and further inputs are scalars; left out elsewhere
//   kRandom                                     true where it may draw random numbers: no pass folds it into what was
//                                               drawn once, nor makes two draws one; left out elsewhere
//   range                                       bounds that hold for every output element whatever the input, where there are any
//   containers                                  true where inputs may be sequences or optional values; left out elsewhere
//   resize                                       only where attributes or shape constants count elements (links.h)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/attribute.h"
#include "graph/infer.h"
#include "graph/links.h"

namespace pare {

// What a quantizer needs to know of an operator.
enum class Role : uint8_t {
  computes,    // multiplies by weights and accumulates: integer inputs, weights per channel, int32 bias
  recurs,      // multiplies input 0 by the weights of input 1 and its own state by those of input 2, gates on axis 1 of both
  passes,      // moves or selects values unchanged: all its float inputs and outputs share one scale
  clips,       // output values are input values or bounds of a range: fuses behind what computes; quantize after it
  rescales,    // elementwise or averaging on integers: every input and the output have scales of their own
  float_only,  // no integer form
};

struct OutputRange {
  float low, high;
};

inline constexpr int kMany = 1 << 30;
struct Arity {
  int min_inputs, max_inputs;
  int min_outputs = 1, max_outputs = 1;
};

#define PARE_OP_METHODS                    \
  Result<void> infer(InferContext&) const; \
  void links(LinkContext&) const

#define PARE_NO_FIELDS \
  static void fields(auto&, auto&&) {}

}  // namespace pare
