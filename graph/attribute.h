// A node's attribute, as the text form and the files see it. Operators declare theirs as plain members (see op.h).
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "graph/tensor.h"

namespace pare {

class Graph;
using GraphPtr = std::shared_ptr<const Graph>;

// What this program carries but does not look into: a serialized onnx.AttributeProto (sparse tensors, types, lists of graphs).
struct RawAttribute {
  std::string bytes;
  bool operator==(const RawAttribute&) const = default;
};

using Attribute = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                               std::vector<std::string>, Tensor, GraphPtr, RawAttribute>;

struct NamedAttribute {
  std::string name;
  Attribute value;
};
using Attributes = std::vector<NamedAttribute>;

// Compares graphs by content and floats by bit pattern.
bool equal(const Attribute& a, const Attribute& b);
bool equal(const Attributes& a, const Attributes& b);

}  // namespace pare
