// How the samples of an array become the batches that a model's input takes.
#pragma once

#include <span>
#include <string>

#include "formats/data/dataset.h"
#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

// The dims after axis 0, and the element type, that samples are given.
struct Binding {
  Dims sample;
  DType dtype = DType::undefined;
};

// Fits batches [N, ...] of `dims` and `dtype` to the model's input, by the rules of open_dataset. `where` names the
// array.
Result<Binding> bind_samples(const Dims& dims, DType dtype, const InputType& input, const std::string& where);

// The batch reshaped and converted; fails (input) where an integer does not fit the type.
Result<Tensor> bound(Tensor batch, const Binding& binding, const std::string& where);

// Fails (input) where one of the rows of a batch holds a NaN, naming its row in the data.
Result<void> check_numbers(const Tensor& batch, std::span<const int64_t> rows, const std::string& where);

}  // namespace pare
