// The type in a serialized onnx.AttributeProto, which graph/ carries as it came (RawAttribute).
#pragma once

#include <optional>
#include <string_view>

#include "graph/type.h"

namespace pare {

// Element type and container; nullopt where the bytes give no tensor, sequence of tensors, or optional of one of them.
std::optional<Type> attribute_type(std::string_view bytes);

}  // namespace pare
