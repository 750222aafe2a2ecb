// LibTorch, as far as training needs it: tensors and autograd, not the module and optimizer classes.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "graph/tensor.h"

namespace pare {

// How values are held while training: floats of any width and integers narrower than 32 bits (quantized values among
// them) in `real`; 32- and 64-bit integers and bool as they are.
at::ScalarType torch_type(DType dtype, at::ScalarType real);

// A copy. Fails (unsupported) for strings and complex numbers.
Result<at::Tensor> to_torch(const Tensor& tensor, at::ScalarType real);

// A copy, converted to `dtype` (narrower integers: rounded to nearest even, saturated).
Tensor from_torch(const at::Tensor& tensor, DType dtype);

inline Dims dims_of(const at::Tensor& tensor) { return tensor.sizes().vec(); }

}  // namespace pare
