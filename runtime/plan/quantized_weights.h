// Integer constants behind DequantizeLinear, which products take as they are.
#pragma once

#include <optional>
#include <vector>

#include "runtime/plan/builder.h"

namespace pare {

// One scale and zero point for each row of [..., columns].
struct QuantizedRows {
  Tensor data;                      // int8 or uint8, narrower ones widened
  std::vector<float> scale;         // by row
  std::vector<int32_t> zero_point;  // by row; none: zeros
};
// None where the value is no such constant (float32, positive finite scales), or where its scale changes along a row.
std::optional<QuantizedRows> quantized_rows(const Builder& builder, ValueId value);

// As 8 bits of the same sign; none where the tensor is no integer of at most 8 bits.
std::optional<Tensor> as_bytes(const Tensor& tensor);

}  // namespace pare
