// Operators that the first opsets had as experiments and later ones dropped; old exporters wrote them.
#include "formats/onnx/upgrade_rules.h"

namespace pare::onnx_format::rules {
namespace {

const Attribute* find(const LegacyNode& node, std::string_view name) {
  for (const NamedAttribute& attribute : node.attributes) {
    if (attribute.name == name) return &attribute.value;
  }
  return nullptr;
}

// The attribute, or `fallback` when it is left out; fails when it has another type.
template <class T>
Result<T> given(const LegacyNode& node, std::string_view name, T fallback) {
  const Attribute* attribute = find(node, name);
  if (!attribute) return fallback;
  if (const T* value = std::get_if<T>(attribute)) return *value;
  return input_error("attribute '" + std::string(name) + "' has another type than " + node.type + " gives it");
}

Tensor vector_of(const std::vector<int64_t>& values) {
  return Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values);
}

void become(LegacyNode& node, std::string type, std::vector<ValueId> inputs) {
  node.type = std::move(type);
  node.attributes.clear();
  node.inputs = std::move(inputs);
}

Result<void> check_input(const LegacyNode& node) {
  if (node.inputs.size() == 1 && node.inputs[0] != ValueId::none) return {};
  return input_error(node.type + " has " + std::to_string(node.inputs.size()) + " inputs, expected one");
}

// {alpha = a, beta = b}(x) -> a curve(b x)
Result<void> scaled_curve(LegacyNode& node, GraphBuilder& builder, const std::string& curve) {
  PARE_TRY(check_input(node));
  PARE_ASSIGN(const float alpha, given(node, "alpha", 1.0f));
  PARE_ASSIGN(const float beta, given(node, "beta", 1.0f));
  const std::string base = builder.base_of(node);
  const ValueId inner = builder.constant(base + "_beta", Tensor::scalar(beta));
  PARE_ASSIGN(const ValueId scaled, builder.emit("Mul", {}, {node.inputs[0], inner}, base + "_scaled"));
  PARE_ASSIGN(const ValueId result, builder.emit(curve, {}, {scaled}, base + "_curve"));
  become(node, "Mul", {result, builder.constant(base + "_alpha", Tensor::scalar(alpha))});
  return {};
}

}  // namespace

// Affine {alpha = a, beta = b}(x) -> Add(Mul(x, a), b)
Result<void> affine(LegacyNode& node, GraphBuilder& builder) {
  PARE_TRY(check_input(node));
  PARE_ASSIGN(const float alpha, given(node, "alpha", 1.0f));
  PARE_ASSIGN(const float beta, given(node, "beta", 0.0f));
  const std::string base = builder.base_of(node);
  const ValueId scale = builder.constant(base + "_alpha", Tensor::scalar(alpha));
  PARE_ASSIGN(const ValueId scaled, builder.emit("Mul", {}, {node.inputs[0], scale}, base + "_scaled"));
  become(node, "Add", {scaled, builder.constant(base + "_beta", Tensor::scalar(beta))});
  return {};
}

// ImageScaler {scale = s, bias = b}(x[N,C,H,W]) -> Add(Mul(x, s), b[C,1,1])
Result<void> image_scaler(LegacyNode& node, GraphBuilder& builder) {
  PARE_TRY(check_input(node));
  PARE_ASSIGN(const float scale, given(node, "scale", 1.0f));
  PARE_ASSIGN(const auto bias, given(node, "bias", std::vector<float>()));
  const std::string base = builder.base_of(node);
  const ValueId factor = builder.constant(base + "_scale", Tensor::scalar(scale));
  PARE_ASSIGN(const ValueId scaled, builder.emit("Mul", {}, {node.inputs[0], factor}, base + "_scaled"));
  const Tensor offsets =
      bias.empty() ? Tensor::scalar(0.0f) : Tensor::of<float>({static_cast<int64_t>(bias.size()), 1, 1}, bias);
  become(node, "Add", {scaled, builder.constant(base + "_bias", offsets)});
  return {};
}

// ScaledTanh {alpha = a, beta = b}(x) -> Mul(Tanh(Mul(x, b)), a)
Result<void> scaled_tanh(LegacyNode& node, GraphBuilder& builder) { return scaled_curve(node, builder, "Tanh"); }

// ParametricSoftplus {alpha = a, beta = b}(x) -> Mul(Softplus(Mul(x, b)), a)
Result<void> parametric_softplus(LegacyNode& node, GraphBuilder& builder) {
  return scaled_curve(node, builder, "Softplus");
}

// Crop {border = [l, t, r, b]}(x[N,C,H,W]) -> Slice(x, [t, l], [H - b, W - r], [2, 3]); with {scale = [h, w]} the ends
// are t + h and l + w
Result<void> crop(LegacyNode& node, GraphBuilder& builder) {
  PARE_TRY(check_input(node));
  PARE_ASSIGN(const auto border, given(node, "border", std::vector<int64_t>()));
  PARE_ASSIGN(const auto scale, given(node, "scale", std::vector<int64_t>()));
  constexpr int64_t kMost = int64_t{1} << 31;
  const auto fits = [](int64_t value) { return value >= 0 && value < kMost; };
  bool sound = border.size() == 4 && (scale.empty() || scale.size() == 2);
  for (const int64_t value : border) sound = sound && fits(value);
  for (const int64_t value : scale) sound = sound && fits(value);
  if (!sound) return input_error("attributes 'border' and 'scale' of Crop must be four and two counts of elements");
  const int64_t left = border[0], top = border[1], right = border[2], bottom = border[3];
  constexpr int64_t kToTheEnd = kMost;
  const std::vector<int64_t> ends = scale.empty()
                                        ? std::vector<int64_t>{bottom ? -bottom : kToTheEnd, right ? -right : kToTheEnd}
                                        : std::vector<int64_t>{top + scale[0], left + scale[1]};
  const std::string base = builder.base_of(node);
  const ValueId from = builder.constant(base + "_starts", vector_of({top, left}));
  const ValueId to = builder.constant(base + "_ends", vector_of(ends));
  const ValueId axes = builder.constant(base + "_axes", vector_of({2, 3}));
  become(node, "Slice", {node.inputs[0], from, to, axes});
  node.version = std::max<int64_t>(node.version, 10);
  return {};
}

}  // namespace pare::onnx_format::rules
