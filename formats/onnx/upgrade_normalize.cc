// Normalizations as older opsets had them.
#include "formats/onnx/upgrade_rules.h"

namespace pare::onnx_format::rules {
namespace {

int64_t int_of(const LegacyNode& node, std::string_view name, int64_t fallback) {
  for (const NamedAttribute& attribute : node.attributes) {
    const auto* value = std::get_if<int64_t>(&attribute.value);
    if (attribute.name == name && value) return *value;
  }
  return fallback;
}

// One element per group -> one per channel: Reshape(Expand(Reshape(value, [G, 1]), [G, C / G]), [C])
Result<ValueId> per_channel(ValueId value, int64_t groups, int64_t channels, const std::string& base,
                            GraphBuilder& builder) {
  const auto shape = [&](std::vector<int64_t> dims, const std::string& name) {
    return builder.constant(base + name, Tensor::of<int64_t>({static_cast<int64_t>(dims.size())}, dims));
  };
  PARE_ASSIGN(const ValueId column, builder.emit("Reshape", {}, {value, shape({groups, 1}, "_column")}, base));
  PARE_ASSIGN(const ValueId wide,
              builder.emit("Expand", {}, {column, shape({groups, channels / groups}, "_wide")}, base));
  return builder.emit("Reshape", {}, {wide, shape({channels}, "_channels")}, base);
}

}  // namespace

// GroupNormalization {num_groups = G}(x, scale[G], bias[G]) -> GroupNormalization {num_groups = G}(x, scale[C],
// bias[C])
Result<void> group_normalization(LegacyNode& node, GraphBuilder& builder) {
  const int64_t groups = int_of(node, "num_groups", 0);
  const bool whole = node.inputs.size() == 3 && node.inputs[0] != ValueId::none && node.inputs[1] != ValueId::none &&
                     node.inputs[2] != ValueId::none;
  const auto& shape = whole ? builder.type(node.inputs[0]).shape : std::nullopt;
  const int64_t channels = shape && shape->size() >= 2 ? (*shape)[1].size : -1;
  if (groups < 1 || channels < 1 || channels % groups != 0) {
    node.reason = "has one scale per group, which takes a known number of channels that its groups divide";
    return {};
  }
  const std::string base = builder.base_of(node);
  PARE_ASSIGN(node.inputs[1], per_channel(node.inputs[1], groups, channels, base + "_scale", builder));
  PARE_ASSIGN(node.inputs[2], per_channel(node.inputs[2], groups, channels, base + "_bias", builder));
  node.version = 21;
  return {};
}

// MeanVarianceNormalization {across_channels = 1} -> {axes = [0, 1, 2, 3]}, without it [0, 2, 3];
// {normalize_variance = 0}(x) -> Sub(x, ReduceMean(x, axes))
Result<void> mean_variance(LegacyNode& node, GraphBuilder& builder) {
  const bool across = int_of(node, "across_channels", 0) != 0, variance = int_of(node, "normalize_variance", 1) != 0;
  const std::vector<int64_t> axes = across ? std::vector<int64_t>{0, 1, 2, 3} : std::vector<int64_t>{0, 2, 3};
  node.attributes.clear();
  node.version = 13;
  if (variance) {
    node.attributes.push_back({"axes", axes});
    return {};
  }
  if (node.inputs.size() != 1 || node.inputs[0] == ValueId::none) return {};
  const std::string base = builder.base_of(node);
  const ValueId list = builder.constant(base + "_axes", Tensor::of<int64_t>({static_cast<int64_t>(axes.size())}, axes));
  PARE_ASSIGN(const ValueId mean, builder.emit("ReduceMean", {}, {node.inputs[0], list}, base + "_mean"));
  node.type = "Sub";
  node.inputs.push_back(mean);
  return {};
}

}  // namespace pare::onnx_format::rules
