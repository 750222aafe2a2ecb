// Elementwise conversion, as ONNX Cast defines it where it defines it.
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "graph/minifloat.h"
#include "graph/packed.h"
#include "graph/tensor.h"

namespace pare {
namespace {

bool is_number(DType dtype) { return is_float(dtype) || is_integer(dtype) || dtype == DType::boolean; }

// Truncates towards zero and saturates (the specification leaves out-of-range values open); NaN gives 0.
template <class T>
T truncated(double value) {
  if (std::isnan(value)) return 0;
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(value);
}

template <class T>
void copy_as_double(const Tensor& from, std::span<double> to) {
  const auto values = from.data<T>();
  for (size_t i = 0; i < to.size(); ++i) to[i] = static_cast<double>(values[i]);
}

template <class T>
void store_floats(std::span<const double> from, Tensor& to) {
  auto values = to.mutable_data<T>();
  for (size_t i = 0; i < from.size(); ++i) values[i] = static_cast<T>(from[i]);
}

std::vector<double> doubles(const Tensor& tensor) {
  std::vector<double> values(static_cast<size_t>(tensor.size()));
  if (tensor.dtype() == DType::float32) {
    copy_as_double<float>(tensor, values);
  } else if (tensor.dtype() == DType::float64) {
    copy_as_double<double>(tensor, values);
  } else {
    for (size_t i = 0; i < values.size(); ++i) values[i] = tensor.as_double(static_cast<int64_t>(i));
  }
  return values;
}

// `low` bits of each value, two's complement: what ONNX asks of integer to integer.
void store_low_bits(const std::vector<int64_t>& from, Tensor& to) {
  const int width = bits(to.dtype());
  const auto out = to.mutable_bytes();
  if (width >= 8) {
    const auto bytes = static_cast<size_t>(width) / 8;
    for (size_t i = 0; i < from.size(); ++i) {
      const auto value = static_cast<uint64_t>(from[i]);
      for (size_t b = 0; b < bytes; ++b) out[i * bytes + b] = static_cast<std::byte>(value >> (8 * b) & 0xffu);
    }
    return;
  }
  for (size_t i = 0; i < from.size(); ++i)
    set_packed_element(out.data(), width, static_cast<int64_t>(i), static_cast<unsigned>(from[i] & 0xff));
}

Tensor from_doubles(std::span<const double> values, DType to, const Dims& dims) {
  Tensor result(to, dims);
  if (to == DType::float32) {
    store_floats<float>(values, result);
  } else if (to == DType::float64) {
    store_floats<double>(values, result);
  } else if (to == DType::int64) {
    auto out = result.mutable_data<int64_t>();
    for (size_t i = 0; i < values.size(); ++i) out[i] = truncated<int64_t>(values[i]);
  } else if (to == DType::uint64) {
    auto out = result.mutable_data<uint64_t>();
    for (size_t i = 0; i < values.size(); ++i) out[i] = truncated<uint64_t>(values[i]);
  } else if (is_integer(to) && bits(to) < 8) {  // wraps, as in ONNX's own test data
    std::vector<int64_t> whole(values.size());
    for (size_t i = 0; i < values.size(); ++i) whole[i] = truncated<int64_t>(values[i]);
    store_low_bits(whole, result);
  } else {
    const bool truncates = is_integer(to);
    for (size_t i = 0; i < values.size(); ++i) {
      result.set_double(static_cast<int64_t>(i), truncates ? std::trunc(values[i]) : values[i]);
    }
  }
  return result;
}

std::string number_text(const Tensor& tensor, int64_t i) {
  std::array<char, 512> text{};
  std::to_chars_result end{};
  if (!is_float(tensor.dtype())) {
    end = tensor.dtype() == DType::uint64
              ? std::to_chars(text.data(), text.data() + text.size(), static_cast<uint64_t>(tensor.as_int(i)))
              : std::to_chars(text.data(), text.data() + text.size(), tensor.as_int(i));
    return {text.data(), end.ptr};
  }
  const double value = tensor.as_double(i);
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "INF" : "-INF";
  const double magnitude = std::fabs(value);
  const bool plain = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e16);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  end = tensor.dtype() == DType::float64
            ? std::to_chars(text.data(), text.data() + text.size(), value, format)
            : std::to_chars(text.data(), text.data() + text.size(), static_cast<float>(value), format);
  return {text.data(), end.ptr};
}

Result<double> parse_number(const std::string& text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  const size_t last = text.find_last_not_of(" \t\r\n");
  if (begin != std::string::npos) {
    if (text[begin] == '+') ++begin;
    double value = 0;  // from_chars reads "inf" and "nan" in any case
    const auto end = std::from_chars(text.data() + begin, text.data() + last + 1, value);
    if (end.ptr == text.data() + last + 1) {
      if (end.ec == std::errc()) return value;
      if (end.ec == std::errc::result_out_of_range) return std::strtod(text.c_str() + begin, nullptr);
    }
  }
  return input_error("cannot convert the string \"" + text.substr(0, 40) + "\" to a number");
}

Result<Tensor> cast_strings(const Tensor& tensor, DType to) {
  std::vector<double> values;
  for (const std::string& text : tensor.string_values()) {
    PARE_ASSIGN(const double value, parse_number(text));
    values.push_back(value);
  }
  return from_doubles(values, to, tensor.dims());
}

}  // namespace

Result<Tensor> cast(const Tensor& tensor, DType to, bool saturate, PowerRounding rounding) {
  const bool power = to == DType::float8e8m0;
  const bool usual = saturate && (!power || rounding == PowerRounding::up);
  if (usual || !is_float(to) || bits(to) != 8) return cast(tensor, to);
  PARE_ASSIGN(const Tensor wide, cast(tensor, tensor.dtype() == DType::float64 ? DType::float64 : DType::float32));
  Tensor result(to, tensor.dims());
  const auto out = result.mutable_bytes();
  for (int64_t i = 0; i < wide.size(); ++i) {
    const double value = wide.as_double(i);
    out[static_cast<size_t>(i)] =
        static_cast<std::byte>(power ? encode_power(value, rounding, saturate) : encode_minifloat(to, value, saturate));
  }
  return result;
}

Result<Tensor> cast(const Tensor& tensor, DType to) {
  const DType from = tensor.dtype();
  if (from == to) return tensor;
  const bool from_known = is_number(from) || from == DType::string;
  const bool to_known = is_number(to) || to == DType::string;
  if (!from_known || !to_known) {
    return unsupported("no conversion from " + std::string(name(from)) + " to " + std::string(name(to)));
  }
  if (to != DType::string && !tensor_bytes(to, tensor.dims())) {
    return input_error("a tensor of " + std::to_string(tensor.size()) + " elements is too large for " +
                       std::string(name(to)));
  }
  if (from == DType::string) return cast_strings(tensor, to);
  if (to == DType::string) {
    std::vector<std::string> values;
    for (int64_t i = 0; i < tensor.size(); ++i) values.push_back(number_text(tensor, i));
    return Tensor::strings(tensor.dims(), values);
  }
  if (!is_float(from) && is_integer(to)) {
    Tensor result(to, tensor.dims());
    store_low_bits(tensor.ints(), result);
    return result;
  }
  return from_doubles(doubles(tensor), to, tensor.dims());
}

}  // namespace pare
