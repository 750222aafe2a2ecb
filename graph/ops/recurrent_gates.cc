#include "graph/ops/recurrent_gates.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>

#include "graph/ops/infer_util.h"

namespace pare {
namespace {

using Kind = GateFunction::Kind;

// A parameter without a default is one that the function does not take.
struct Described {
  std::string_view name;
  Kind kind;
  std::optional<float> alpha = {};
  std::optional<float> beta = {};
};
constexpr std::array<Described, 11> kDescribed{{
    {"Affine", Kind::Affine, 1.0f, 0.0f},
    {"Elu", Kind::Elu, 1.0f},
    {"HardSigmoid", Kind::HardSigmoid, 0.2f, 0.5f},
    {"LeakyRelu", Kind::LeakyRelu, 0.01f},
    {"Relu", Kind::Relu},
    {"ScaledTanh", Kind::ScaledTanh, 1.0f, 1.0f},
    {"Sigmoid", Kind::Sigmoid},
    {"Softplus", Kind::Softplus},
    {"Softsign", Kind::Softsign},
    {"Tanh", Kind::Tanh},
    {"ThresholdedRelu", Kind::ThresholdedRelu, 1.0f},
}};

// Exporters differ in the case of the names.
bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

struct Parameters {
  const std::vector<float>& values;
  size_t next = 0;
  float take(const std::optional<float>& fallback) {
    if (!fallback) return 0.0f;
    return next < values.size() ? values[next++] : *fallback;
  }
};

template <class O>
Result<Recurrence> resolve(const O& op, int gates, const std::vector<std::string>& defaults) {
  PARE_TRY(need_one_of("direction", op.direction, {"forward", "reverse", "bidirectional"}));
  if (op.layout != 0 && op.layout != 1) {
    return input_error("layout is " + std::to_string(op.layout) + ", expected 0 or 1");
  }
  if (op.clip && !(*op.clip >= 0)) {
    return input_error("clip is " + std::to_string(*op.clip) + ", expected 0 or more");
  }
  Recurrence result{.gates = gates, .functions = static_cast<int>(defaults.size()), .batch_first = op.layout == 1};
  result.reverse =
      op.direction == "bidirectional" ? std::vector<bool>{false, true} : std::vector<bool>{op.direction == "reverse"};
  std::vector<std::string> names = op.activations;
  const size_t needed = defaults.size() * result.reverse.size();
  while (op.activations.empty() && names.size() < needed) names.insert(names.end(), defaults.begin(), defaults.end());
  if (names.size() < needed) {
    return input_error("activations has " + std::to_string(names.size()) + " entries, expected " +
                       std::to_string(needed) + " for direction '" + op.direction + "'");
  }
  Parameters alpha{op.activation_alpha}, beta{op.activation_beta};
  for (size_t i = 0; i < needed; ++i) {
    const auto found = std::find_if(kDescribed.begin(), kDescribed.end(),
                                    [&](const Described& d) { return same_name(d.name, names[i]); });
    if (found == kDescribed.end()) {
      return input_error("activations has '" + names[i] + "', expected one of the functions that ONNX lists for it");
    }
    result.applied.push_back({found->kind, alpha.take(found->alpha), beta.take(found->beta)});
  }
  return result;
}

}  // namespace

double GateFunction::operator()(double x) const {
  const double a = static_cast<double>(alpha), b = static_cast<double>(beta);
  switch (kind) {
    case Kind::Affine:
      return a * x + b;
    case Kind::Elu:
      return x >= 0 ? x : a * std::expm1(x);
    case Kind::HardSigmoid:
      return std::min(std::max(a * x + b, 0.0), 1.0);
    case Kind::LeakyRelu:
      return x >= 0 ? x : a * x;
    case Kind::Relu:
      return std::max(x, 0.0);
    case Kind::ScaledTanh:
      return a * std::tanh(b * x);
    case Kind::Sigmoid:
      return 1 / (1 + std::exp(-x));
    case Kind::Softplus:
      return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
    case Kind::Softsign:
      return x / (1 + std::fabs(x));
    case Kind::Tanh:
      return std::tanh(x);
    case Kind::ThresholdedRelu:
      return x >= a ? x : 0.0;
  }
  return x;
}

Result<Recurrence> recurrence(const LSTM& op) { return resolve(op, 4, {"Sigmoid", "Tanh", "Tanh"}); }
Result<Recurrence> recurrence(const GRU& op) { return resolve(op, 3, {"Sigmoid", "Tanh"}); }
Result<Recurrence> recurrence(const RNN& op) { return resolve(op, 1, {"Tanh"}); }

}  // namespace pare
