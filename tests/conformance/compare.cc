#include "tests/conformance/compare.h"

#include <cmath>

namespace pare::conformance {
namespace {

constexpr double kRelative = 1e-3;  // the ONNX backend test runner's
constexpr double kAbsolute = 1e-5;

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.8g", value);
  return text;
}

constexpr double kBfloat16Step = 1.0 / 128;  // older test data truncates to bfloat16 where ONNX rounds

bool close(double found, double expected, double relative) {
  if (std::isnan(expected)) return std::isnan(found);
  if (std::isinf(expected) || std::isinf(found)) return found == expected;
  return std::abs(found - expected) <= kAbsolute + relative * std::abs(expected);
}

std::string number_difference(const Tensor& found, const Tensor& expected) {
  const double relative = expected.dtype() == DType::bfloat16 ? kBfloat16Step : kRelative;
  int64_t wrong = 0, first = -1;
  for (int64_t i = 0; i < expected.size(); ++i) {
    const bool equal = is_float(expected.dtype()) ? close(found.as_double(i), expected.as_double(i), relative)
                                                  : found.as_double(i) == expected.as_double(i);
    if (equal) continue;
    if (wrong++ == 0) first = i;
  }
  if (wrong == 0) return {};
  return std::to_string(wrong) + " of " + std::to_string(expected.size()) + " elements differ, the first at " +
         std::to_string(first) + ": " + shown(found.as_double(first)) + " instead of " +
         shown(expected.as_double(first));
}

std::string sequence_difference(const std::vector<Tensor>& found, const std::vector<Tensor>& expected) {
  if (found.size() != expected.size())
    return std::to_string(found.size()) + " tensors instead of " + std::to_string(expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    const std::string text = difference(found[i], expected[i]);
    if (!text.empty()) return "tensor " + std::to_string(i) + ": " + text;
  }
  return {};
}

}  // namespace

std::string difference(const Tensor& found, const Tensor& expected) {
  if (found.container() == Container::sequence && expected.container() == Container::sequence)
    return sequence_difference(found.elements(), expected.elements());
  if (found.container() != expected.container())
    return to_string(found.type()) + " instead of " + to_string(expected.type());
  if (found.dtype() != expected.dtype() || found.dims() != expected.dims()) {
    return to_string(found.type()) + " instead of " + to_string(expected.type());
  }
  const bool exact = expected.dtype() == DType::string || expected.dtype() == DType::complex64 ||
                     expected.dtype() == DType::complex128 || expected.dtype() == DType::int64 ||
                     expected.dtype() == DType::uint64;
  if (exact) return found == expected ? "" : "elements differ";
  return number_difference(found, expected);
}

}  // namespace pare::conformance
