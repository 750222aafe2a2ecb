#include "formats/onnx/upgrade.h"

#include <limits>

#include "formats/onnx/upgrade_rules.h"

namespace pare::onnx_format {
namespace {

constexpr int64_t kAlways = std::numeric_limits<int64_t>::max();

// Nodes of `type` ("*" is every type) from opsets before `before` go through `apply`, in the order of the table.
struct Rule {
  std::string_view type;
  int64_t before;
  Result<void> (*apply)(LegacyNode&, GraphBuilder&);
  std::string_view domain = {};
};

constexpr Rule kRules[] = {
    {"*", 7, rules::drop_legacy},
    {"Add", 7, rules::broadcast_axis},
    {"And", 7, rules::broadcast_axis},
    {"Div", 7, rules::broadcast_axis},
    {"Equal", 7, rules::broadcast_axis},
    {"Greater", 7, rules::broadcast_axis},
    {"Less", 7, rules::broadcast_axis},
    {"Mul", 7, rules::broadcast_axis},
    {"Or", 7, rules::broadcast_axis},
    {"Pow", 7, rules::broadcast_axis},
    {"Sub", 7, rules::broadcast_axis},
    {"Xor", 7, rules::broadcast_axis},
    {"PRelu", 7, rules::prelu_slope},
    {"Gemm", 7, rules::gemm_broadcast},
    {"Cast", 6, rules::cast_name},
    {"Concat", 4, rules::concat_axis},
    {"Selu", 6, rules::selu_defaults},
    {"Reshape", 5, rules::reshape_shape},
    {"Squeeze", 13, rules::axes_input},
    {"Unsqueeze", 13, rules::axes_input},
    {"ReduceL1", 18, rules::axes_input},
    {"ReduceL2", 18, rules::axes_input},
    {"ReduceLogSum", 18, rules::axes_input},
    {"ReduceLogSumExp", 18, rules::axes_input},
    {"ReduceMax", 18, rules::axes_input},
    {"ReduceMean", 18, rules::axes_input},
    {"ReduceMin", 18, rules::axes_input},
    {"ReduceProd", 18, rules::axes_input},
    {"ReduceSum", 13, rules::axes_input},
    {"ReduceSumSquare", 18, rules::axes_input},
    {"Split", 13, rules::split_sizes},
    {"Slice", 10, rules::slice_bounds},
    {"Pad", 11, rules::pad_amounts},
    {"Clip", 11, rules::clip_bounds},
    {"Dropout", 12, rules::dropout_ratio},
    {"Tile", 6, rules::tile_axis},
    {"GroupNormalization", 21, rules::group_normalization},
    {"MeanVarianceNormalization", 9, rules::mean_variance},
    {"GRU", 7, rules::output_sequence},
    {"LSTM", 7, rules::output_sequence},
    {"RNN", 7, rules::output_sequence},
    {"BatchNormalization", 14, rules::batch_norm},
    {"Softmax", 13, rules::softmax_coerced},
    {"LogSoftmax", 13, rules::softmax_coerced},
    {"Hardmax", 13, rules::softmax_coerced},
    {"LpPool", 2, rules::whole_order},
    {"GlobalLpPool", 2, rules::whole_order},
    {"RoiAlign", 16, rules::roi_whole_pixels},
    {"GridSample", 20, rules::grid_modes},
    {"QuantizeLinear", kAlways, rules::as_standard, "com.microsoft"},
    {"DequantizeLinear", kAlways, rules::as_standard, "com.microsoft"},
    {"Upsample", kAlways, rules::upsample},
    {"Resize", 11, rules::resize_asymmetric},
    {"Resize", kAlways, rules::resize_empty_inputs},
    {"SpaceToDepth", kAlways, rules::space_to_depth_mode},
    {"Range", kAlways, rules::range_stash_type},
    {"TopK", 10, rules::top_k},
    {"DFT", 20, rules::dft_axis},
    {"Scatter", kAlways, rules::scatter},
    {"LabelEncoder", 2, rules::label_encoder, "ai.onnx.ml"},
    {"Affine", kAlways, rules::affine},
    {"ImageScaler", kAlways, rules::image_scaler},
    {"ScaledTanh", kAlways, rules::scaled_tanh},
    {"ParametricSoftplus", kAlways, rules::parametric_softplus},
    {"Crop", kAlways, rules::crop},
    {"Scan", 9, rules::scan_batch},
};

}  // namespace

Result<void> upgrade(LegacyNode& node, GraphBuilder& builder) {
  for (const Rule& rule : kRules) {
    if (node.domain != rule.domain || node.version >= rule.before || (rule.type != "*" && rule.type != node.type))
      continue;
    PARE_TRY(rule.apply(node, builder));
    if (!node.reason.empty()) return {};
  }
  return {};
}

}  // namespace pare::onnx_format
