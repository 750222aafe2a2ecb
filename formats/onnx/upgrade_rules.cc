#include "formats/onnx/upgrade_rules.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "formats/onnx/downgrade.h"

namespace pare::onnx_format::rules {
namespace {

// Removes the attribute and returns its value; fails when it is there with another type.
template <class T>
Result<std::optional<T>> take(LegacyNode& node, std::string_view name) {
  const auto found = std::find_if(node.attributes.begin(), node.attributes.end(),
                                  [&](const NamedAttribute& attribute) { return attribute.name == name; });
  if (found == node.attributes.end()) return std::optional<T>();
  T* value = std::get_if<T>(&found->value);
  if (!value)
    return input_error("attribute '" + std::string(name) + "' has another type than " + node.type + " gives it");
  std::optional<T> taken(std::move(*value));
  node.attributes.erase(found);
  return taken;
}

bool has(const LegacyNode& node, std::string_view name) {
  return std::any_of(node.attributes.begin(), node.attributes.end(),
                     [&](const NamedAttribute& attribute) { return attribute.name == name; });
}

void drop(LegacyNode& node, std::string_view name) {
  std::erase_if(node.attributes, [&](const NamedAttribute& attribute) { return attribute.name == name; });
}

void set(LegacyNode& node, std::string name, Attribute value) {
  drop(node, name);
  node.attributes.push_back({std::move(name), std::move(value)});
}

void set_input(LegacyNode& node, size_t slot, ValueId value) {
  if (node.inputs.size() <= slot) node.inputs.resize(slot + 1, ValueId::none);
  node.inputs[slot] = value;
}

Tensor vector_of(const std::vector<int64_t>& values) {
  return Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values);
}

// Attribute `name` of integers becomes the constant input `slot`.
Result<void> ints_to_input(LegacyNode& node, GraphBuilder& builder, const std::string& name, size_t slot) {
  PARE_ASSIGN(const auto values, take<std::vector<int64_t>>(node, name));
  if (values) set_input(node, slot, builder.constant(builder.base_of(node) + "_" + name, vector_of(*values)));
  return {};
}

// A scalar of input 0's element type, float32 where that is unknown.
Result<void> float_to_input(LegacyNode& node, GraphBuilder& builder, const std::string& name, float value,
                            size_t slot) {
  const DType dtype =
      node.inputs.empty() || node.inputs[0] == ValueId::none ? DType::float32 : builder.type(node.inputs[0]).dtype;
  PARE_ASSIGN(auto scalar, cast(Tensor::scalar(value), dtype == DType::undefined ? DType::float32 : dtype));
  set_input(node, slot, builder.constant(builder.base_of(node) + "_" + name, std::move(scalar)));
  return {};
}

// value, axes -> Unsqueeze(value, axes)
Result<ValueId> unsqueeze(LegacyNode& node, GraphBuilder& builder, ValueId value, std::vector<int64_t> axes) {
  const std::string base = builder.base_of(node);
  const ValueId input = builder.constant(base + "_axes", vector_of(axes));
  return builder.emit("Unsqueeze", {}, {value, input}, base + "_unsqueezed");
}

std::vector<int64_t> count_up(int64_t from, int64_t count) {
  std::vector<int64_t> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), from);
  return values;
}

}  // namespace

// Relu {consumed_inputs = [0]}, Dropout {is_test = 1} -> without them
Result<void> drop_legacy(LegacyNode& node, GraphBuilder&) {
  drop(node, "consumed_inputs");
  drop(node, "is_test");
  return {};
}

// Add {broadcast = 1, axis = 1}(x[N,C,H,W], b[C]) -> Add(x, Unsqueeze(b, [1, 2]))
Result<void> broadcast_axis(LegacyNode& node, GraphBuilder& builder) {
  PARE_ASSIGN(const auto broadcast, take<int64_t>(node, "broadcast"));
  PARE_ASSIGN(const auto axis, take<int64_t>(node, "axis"));
  if (broadcast.value_or(0) == 0 || !axis || node.inputs.size() != 2) return {};
  const auto a = builder.rank(node.inputs[0]), b = builder.rank(node.inputs[1]);
  if (!a || !b) {
    node.reason = "broadcasts along an axis of a tensor of unknown rank";
    return {};
  }
  const int64_t trailing = *a - (*axis < 0 ? *axis + *a : *axis) - *b;
  if (trailing < 0)
    return input_error("axis " + std::to_string(*axis) + " does not place the second input in the first");
  if (trailing == 0) return {};
  PARE_ASSIGN(node.inputs[1], unsqueeze(node, builder, node.inputs[1], count_up(*b, trailing)));
  return {};
}

// PRelu(x[N,C,H,W], slope[C]) -> PRelu(x, Unsqueeze(slope, [1, 2]))
Result<void> prelu_slope(LegacyNode& node, GraphBuilder& builder) {
  if (node.inputs.size() != 2) return {};
  const auto x = builder.rank(node.inputs[0]), slope = builder.rank(node.inputs[1]);
  if (!x || slope != 1 || *x <= 2) return {};
  if (builder.type(node.inputs[1]).shape->front().same(Dim(1))) return {};
  PARE_ASSIGN(node.inputs[1], unsqueeze(node, builder, node.inputs[1], count_up(1, *x - 2)));
  return {};
}

// Gemm {broadcast = 1} -> Gemm
Result<void> gemm_broadcast(LegacyNode& node, GraphBuilder&) {
  drop(node, "broadcast");
  return {};
}

// Cast {to = "FLOAT"} -> Cast {to = 1}
Result<void> cast_name(LegacyNode& node, GraphBuilder&) {
  PARE_ASSIGN(auto text, take<std::string>(node, "to"));
  if (!text) return {};
  std::transform(text->begin(), text->end(), text->begin(), [](unsigned char c) { return std::tolower(c); });
  if (*text == "float") *text = "float32";
  if (*text == "double") *text = "float64";
  const auto dtype = dtype_from_name(*text);
  if (!dtype) return input_error("attribute 'to' is '" + *text + "', which names no element type");
  set(node, "to", static_cast<int64_t>(*dtype));
  return {};
}

// Concat -> Concat {axis = 1}
Result<void> concat_axis(LegacyNode& node, GraphBuilder&) {
  if (!has(node, "axis")) set(node, "axis", int64_t{1});
  return {};
}

// Selu -> Selu {alpha = 1.6732, gamma = 1.0507}
Result<void> selu_defaults(LegacyNode& node, GraphBuilder&) {
  if (!has(node, "alpha")) set(node, "alpha", 1.6732f);
  if (!has(node, "gamma")) set(node, "gamma", 1.0507f);
  return {};
}

// Reshape {shape = s}(x) -> Reshape(x, s)
Result<void> reshape_shape(LegacyNode& node, GraphBuilder& builder) { return ints_to_input(node, builder, "shape", 1); }

// Squeeze {axes = a}(x) -> Squeeze(x, a); Reduce* alike
Result<void> axes_input(LegacyNode& node, GraphBuilder& builder) { return ints_to_input(node, builder, "axes", 1); }

// Split {split = s}(x) -> Split(x, s)
Result<void> split_sizes(LegacyNode& node, GraphBuilder& builder) { return ints_to_input(node, builder, "split", 1); }

// Slice {starts = s, ends = e, axes = a}(x) -> Slice(x, s, e, a)
Result<void> slice_bounds(LegacyNode& node, GraphBuilder& builder) {
  PARE_TRY(ints_to_input(node, builder, "starts", 1));
  PARE_TRY(ints_to_input(node, builder, "ends", 2));
  return ints_to_input(node, builder, "axes", 3);
}

// Pad {pads = p, value = v}(x) -> Pad(x, p, v)
Result<void> pad_amounts(LegacyNode& node, GraphBuilder& builder) {
  PARE_ASSIGN(auto paddings, take<std::vector<int64_t>>(node, "paddings"));
  if (paddings) set(node, "pads", std::move(*paddings));
  PARE_TRY(ints_to_input(node, builder, "pads", 1));
  PARE_ASSIGN(const auto value, take<float>(node, "value"));
  if (value && *value != 0) PARE_TRY(float_to_input(node, builder, "value", *value, 2));
  return {};
}

// Clip {min = a, max = b}(x) -> Clip(x, a, b)
Result<void> clip_bounds(LegacyNode& node, GraphBuilder& builder) {
  PARE_ASSIGN(const auto min, take<float>(node, "min"));
  PARE_ASSIGN(const auto max, take<float>(node, "max"));
  if (min) PARE_TRY(float_to_input(node, builder, "min", *min, 1));
  if (max) PARE_TRY(float_to_input(node, builder, "max", *max, 2));
  return {};
}

// Dropout {ratio = r}(x) -> Dropout(x, r)
Result<void> dropout_ratio(LegacyNode& node, GraphBuilder& builder) {
  PARE_ASSIGN(const auto ratio, take<float>(node, "ratio"));
  if (ratio) set_input(node, 1, builder.constant(builder.base_of(node) + "_ratio", Tensor::scalar(*ratio)));
  return {};
}

// Tile(x, tiles, axis) -> Tile(x, repeats), repeats being tiles at the axis and 1 elsewhere
Result<void> tile_axis(LegacyNode& node, GraphBuilder& builder) {
  if (node.inputs.size() != 3) return {};
  const Tensor* tiles = builder.constant_of(node.inputs[1]);
  const Tensor* axis = builder.constant_of(node.inputs[2]);
  const auto rank = builder.rank(node.inputs[0]);
  if (!tiles || !axis || !rank || tiles->size() != 1 || axis->size() != 1 || tiles->dtype() == DType::string ||
      axis->dtype() == DType::string) {
    node.reason = "repeats along an axis that is not a constant";
    return {};
  }
  const auto at = static_cast<int64_t>(axis->as_double(0));
  if (at < 0 || at >= *rank)
    return input_error("tiles axis " + std::to_string(at) + " of a tensor of rank " + std::to_string(*rank));
  std::vector<int64_t> repeats(static_cast<size_t>(*rank), 1);
  repeats[static_cast<size_t>(at)] = static_cast<int64_t>(tiles->as_double(0));
  node.inputs = {node.inputs[0], builder.constant(builder.base_of(node) + "_repeats", vector_of(repeats))};
  return {};
}

// BatchNormalization {spatial = 1} -> BatchNormalization; with statistics as further outputs -> {training_mode = 1}
Result<void> batch_norm(LegacyNode& node, GraphBuilder& builder) {
  PARE_ASSIGN(const auto spatial, take<int64_t>(node, "spatial"));
  const auto rank = node.inputs.empty() ? std::nullopt : builder.rank(node.inputs[0]);
  if (spatial == 0 && (!rank || *rank > 2)) {
    set(node, "spatial", int64_t{0});
    node.reason = "normalizes every element by itself (spatial = 0)";
    return {};
  }
  while (node.outputs.size() > 1 && node.outputs.back() == ValueId::none) node.outputs.pop_back();
  if (node.outputs.size() > 3) {
    node.reason = "returns the statistics of a batch in a form that opset 14 dropped";
  } else if (node.outputs.size() > 1) {
    set(node, "training_mode", int64_t{1});
  }
  return {};
}

// Softmax {axis = 1}(x[N,C]) -> Softmax(x), the last axis
// Softmax {axis = 1}(x[N,C,H,W]) -> Reshape(Softmax(Flatten {axis = 1}(x)), Shape(x))
Result<void> softmax_coerced(LegacyNode& node, GraphBuilder& builder) {
  PARE_ASSIGN(const auto attribute, take<int64_t>(node, "axis"));
  if (node.inputs.size() != 1 || node.inputs[0] == ValueId::none) return {};
  const ValueId input = node.inputs[0];
  const int64_t axis = attribute.value_or(1);
  const auto rank = builder.rank(input);
  if (rank && (axis < 0 ? axis + *rank : axis) == *rank - 1) return {};
  const std::string base = builder.base_of(node);
  PARE_ASSIGN(const ValueId flat, builder.emit("Flatten", {{"axis", axis}}, {input}, base + "_flat"));
  PARE_ASSIGN(const ValueId result, builder.emit(node.type, {}, {flat}, base + "_rows"));
  const auto dims = builder.type(input).dims();
  ValueId shape = ValueId::none;
  if (dims) {
    shape = builder.constant(base + "_shape", vector_of(*dims));
  } else {
    PARE_ASSIGN(shape, builder.emit("Shape", {}, {input}, base + "_shape"));
  }
  node.type = "Reshape";
  node.attributes.clear();
  node.inputs = {result, shape};
  return {};
}

// LpPool {p = 3.0} -> LpPool {p = 3}
Result<void> whole_order(LegacyNode& node, GraphBuilder&) {
  PARE_ASSIGN(const auto p, take<float>(node, "p"));
  if (!p) return {};
  const auto whole = static_cast<int64_t>(std::clamp(*p, 0.0f, 1e6f));
  if (static_cast<float>(whole) == *p) {
    set(node, "p", whole);
    return {};
  }
  set(node, "p", *p);
  node.reason = "pools by a norm whose order is not a whole number";
  return {};
}

// RoiAlign -> RoiAlign {coordinate_transformation_mode = "output_half_pixel"}
Result<void> roi_whole_pixels(LegacyNode& node, GraphBuilder&) {
  set(node, "coordinate_transformation_mode", std::string("output_half_pixel"));
  node.version = 16;
  return {};
}

// GridSample {mode = "bilinear"} -> GridSample {mode = "linear"}; "bicubic" -> "cubic"
Result<void> grid_modes(LegacyNode& node, GraphBuilder&) {
  PARE_ASSIGN(auto mode, take<std::string>(node, "mode"));
  if (!mode) return {};
  set(node, "mode", *mode == "bilinear" ? std::string("linear") : *mode == "bicubic" ? std::string("cubic") : *mode);
  node.version = 20;
  return {};
}

// com.microsoft.QuantizeLinear -> QuantizeLinear, which took over all that it does
Result<void> as_standard(LegacyNode& node, GraphBuilder&) {
  node.domain.clear();
  node.version = kOldestWritten;
  return {};
}

// Upsample {scales = s, mode = m}(x) -> Resize {mode = m, asymmetric, floor}(x, _, s); from opset 9 scales are an
// input, in opset 1 {height_scale = h, width_scale = w}
Result<void> upsample(LegacyNode& node, GraphBuilder& builder) {
  PARE_ASSIGN(auto scales, take<std::vector<float>>(node, "scales"));
  PARE_ASSIGN(const auto height, take<float>(node, "height_scale"));
  PARE_ASSIGN(const auto width, take<float>(node, "width_scale"));
  if (height && width) scales = {1.0f, 1.0f, *height, *width};
  if (scales) {
    const auto count = static_cast<int64_t>(scales->size());
    set_input(node, 1, builder.constant(builder.base_of(node) + "_scales", Tensor::of<float>({count}, *scales)));
  }
  node.type = "Resize";
  return resize_asymmetric(node, builder);
}

// Resize {mode = m}(x, s) -> Resize {mode = m, coordinate_transformation_mode = "asymmetric", nearest_mode =
// "floor"}(x, _, s)
Result<void> resize_asymmetric(LegacyNode& node, GraphBuilder&) {
  PARE_ASSIGN(const auto mode, take<std::string>(node, "mode"));
  set(node, "mode", mode == "bilinear" ? std::string("linear") : mode.value_or("nearest"));
  set(node, "coordinate_transformation_mode", std::string("asymmetric"));
  set(node, "nearest_mode", std::string("floor"));
  if (node.inputs.size() == 2) node.inputs = {node.inputs[0], ValueId::none, node.inputs[1]};
  node.version = std::max<int64_t>(node.version, 11);
  return {};
}

// Resize(x, roi float[0], scales float[0], sizes) -> Resize(x, _, _, sizes)
Result<void> resize_empty_inputs(LegacyNode& node, GraphBuilder& builder) {
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    const Tensor* constant = builder.constant_of(node.inputs[i]);
    if (constant && constant->size() == 0) node.inputs[i] = ValueId::none;
  }
  return {};
}

// SpaceToDepth {mode = "DCR"} -> SpaceToDepth
Result<void> space_to_depth_mode(LegacyNode& node, GraphBuilder&) {
  std::erase_if(node.attributes, [](const NamedAttribute& attribute) {
    const auto* mode = std::get_if<std::string>(&attribute.value);
    return attribute.name == "mode" && mode && *mode == "DCR";
  });
  return {};
}

// Range {stash_type = 1} -> Range
Result<void> range_stash_type(LegacyNode& node, GraphBuilder&) {
  std::erase_if(node.attributes, [](const NamedAttribute& attribute) {
    const auto* type = std::get_if<int64_t>(&attribute.value);
    return attribute.name == "stash_type" && type && *type == 1;
  });
  return {};
}

// TopK {k = n}(x) -> TopK(x, [n])
Result<void> top_k(LegacyNode& node, GraphBuilder& builder) {
  PARE_ASSIGN(const auto k, take<int64_t>(node, "k"));
  if (k) set_input(node, 1, builder.constant(builder.base_of(node) + "_k", vector_of({*k})));
  node.version = 10;
  return {};
}

// Scatter(x, indices, updates) -> ScatterElements(x, indices, updates)
Result<void> scatter(LegacyNode& node, GraphBuilder&) {
  node.type = "ScatterElements";
  node.version = std::max<int64_t>(node.version, 11);
  return {};
}

// LabelEncoder {classes_strings = c} -> LabelEncoder {keys_strings = c, values_int64s = [0, 1, ...]}, of integers the
// other way round
Result<void> label_encoder(LegacyNode& node, GraphBuilder& builder) {
  PARE_ASSIGN(auto classes, take<std::vector<std::string>>(node, "classes_strings"));
  if (!classes || classes->empty() || node.inputs.empty() || node.inputs[0] == ValueId::none) {
    node.reason = "is a LabelEncoder of version 1 without classes_strings or input";
    return {};
  }
  const DType dtype = builder.type(node.inputs[0]).dtype;
  // Where the input's type is not known, the default that is given tells what comes out.
  const bool from_strings = dtype == DType::string || (dtype == DType::undefined && has(node, "default_int64"));
  const auto numbers = count_up(0, static_cast<int64_t>(classes->size()));
  drop(node, from_strings ? "default_string" : "default_int64");
  set(node, from_strings ? "keys_strings" : "values_strings", *std::move(classes));
  set(node, from_strings ? "values_int64s" : "keys_int64s", numbers);
  node.version = 2;
  return {};
}

// LSTM {output_sequence = 1} -> LSTM: an output without a name is left out
Result<void> output_sequence(LegacyNode& node, GraphBuilder&) {
  drop(node, "output_sequence");
  node.version = 7;
  return {};
}

// DFT {axis = a}(x, n) -> DFT(x, n, a)
Result<void> dft_axis(LegacyNode& node, GraphBuilder& builder) {
  PARE_ASSIGN(const auto axis, take<int64_t>(node, "axis"));
  set_input(node, 2, builder.constant(builder.base_of(node) + "_axis", Tensor::scalar<int64_t>(axis.value_or(1))));
  return {};
}

}  // namespace pare::onnx_format::rules
