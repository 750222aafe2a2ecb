#include "formats/data/bind.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

namespace pare {
namespace {

std::string list(const Dims& dims) {
  std::string text;
  for (int64_t dim : dims) text += (text.empty() ? "" : ",") + std::to_string(dim);
  return "[" + text + "]";
}

// `dims` without the batch axis against a shape without it, axis by axis.
bool agree(const Dims& dims, const Shape& shape) {
  return dims.size() == shape.size() &&
         std::equal(dims.begin(), dims.end(), shape.begin(),
                    [](int64_t dim, const Dim& want) { return !want.known() || want.size == dim; });
}

// The sample in the form of `shape`, or nothing.
std::optional<Dims> fit(const Dims& sample, const Shape& shape) {
  if (agree(sample, shape)) return sample;
  Dims squeezed;
  std::copy_if(sample.begin(), sample.end(), std::back_inserter(squeezed), [](int64_t dim) { return dim != 1; });
  Shape wanted;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(wanted), [](const Dim& dim) { return dim.size != 1; });
  if (agree(squeezed, wanted)) {
    Dims filled;
    size_t next = 0;
    for (const Dim& dim : shape) filled.push_back(dim.size == 1 ? 1 : squeezed[next++]);
    return filled;
  }
  const int64_t count = std::accumulate(sample.begin(), sample.end(), int64_t{1}, std::multiplies<>());
  if (shape.size() == 1 && (!shape[0].known() || shape[0].size == count)) return Dims{count};
  return std::nullopt;
}

std::string advice(const Dims& sample, const Shape& shape) {
  Dims channels_last = sample;
  if (sample.size() == 3) {
    std::rotate(channels_last.begin(), channels_last.end() - 1, channels_last.end());
    if (agree(channels_last, shape)) return "; the channels come last: add a layout step from \"NHWC\" to \"NCHW\"";
    channels_last = sample;
    std::rotate(channels_last.begin(), channels_last.begin() + 1, channels_last.end());
    if (agree(channels_last, shape)) return "; the channels come first: add a layout step from \"NCHW\" to \"NHWC\"";
  }
  return "; choose data of the model's shape";
}

}  // namespace

Result<Binding> bind_samples(const Dims& dims, DType dtype, const InputType& input, const std::string& where) {
  const Dims sample(dims.begin() + 1, dims.end());
  const DType wanted = input.type.dtype == DType::undefined ? dtype : input.type.dtype;
  const bool convertible =
      dtype == wanted || is_float(wanted) || (is_integer(wanted) && (is_integer(dtype) || dtype == DType::boolean));
  if (!convertible) {
    return input_error(where + ": gives " + std::string(name(dtype)) + " elements, but the model's input '" +
                       input.name + "' is " + to_string(input.type) + "; add a cast step or choose data of that type");
  }
  if (!input.type.shape) return Binding{sample, wanted};
  if (input.type.shape->empty()) {
    return input_error(where + ": holds samples of " + list(sample) + ", but the model's input '" + input.name +
                       "' is a scalar");
  }
  const Shape shape(input.type.shape->begin() + 1, input.type.shape->end());
  if (auto fitted = fit(sample, shape)) return Binding{*std::move(fitted), wanted};
  return input_error(where + ": holds samples of " + list(sample) + " (" + std::string(name(dtype)) +
                     "), but the model's input '" + input.name + "' is " + to_string(input.type) +
                     advice(sample, shape));
}

Result<Tensor> bound(Tensor batch, const Binding& binding, const std::string& where) {
  Dims dims = binding.sample;
  dims.insert(dims.begin(), batch.dims()[0]);
  if (dims != batch.dims()) batch = batch.reshaped(std::move(dims));
  if (batch.dtype() == binding.dtype) return batch;
  if (is_integer(binding.dtype) && batch.dtype() != DType::boolean) {
    // Widening never fails; narrowing is checked value by value.
    const int width = bits(binding.dtype);
    const bool is_signed = is_signed_integer(binding.dtype);
    const int64_t high =
        width == 64 ? std::numeric_limits<int64_t>::max() : (int64_t{1} << (is_signed ? width - 1 : width)) - 1;
    const int64_t low = !is_signed    ? 0
                        : width == 64 ? std::numeric_limits<int64_t>::min()
                                      : -(int64_t{1} << (width - 1));
    for (int64_t i = 0; i < batch.size(); ++i) {
      const int64_t value = batch.as_int(i);
      if (value < low || value > high) {
        return input_error(where + ": holds " + std::to_string(value) + ", which the model's " +
                           std::string(name(binding.dtype)) + " input cannot");
      }
    }
  }
  return cast(batch, binding.dtype);
}

Result<void> check_numbers(const Tensor& batch, std::span<const int64_t> rows, const std::string& where) {
  if (!is_float(batch.dtype()) || rows.empty()) return {};
  const auto fail = [&](int64_t element) {
    const int64_t row = element / (batch.size() / static_cast<int64_t>(rows.size()));
    return input_error(where + ": sample " + std::to_string(rows[static_cast<size_t>(row)]) +
                       " holds a NaN; expected numbers");
  };
  if (batch.dtype() == DType::float32) {
    const auto values = batch.data<float>();
    const auto nan = std::find_if(values.begin(), values.end(), [](float x) { return x != x; });
    if (nan != values.end()) return fail(nan - values.begin());
    return {};
  }
  for (int64_t i = 0; i < batch.size(); ++i)
    if (std::isnan(batch.as_double(i))) return fail(i);
  return {};
}

}  // namespace pare
