// The rules of upgrade.cc, one function per change between opsets. Each comment shows before and after.
#pragma once

#include "formats/onnx/upgrade.h"

namespace pare::onnx_format::rules {

#define PARE_UPGRADE_RULE(NAME) Result<void> NAME(LegacyNode& node, GraphBuilder& builder)
PARE_UPGRADE_RULE(drop_legacy);
PARE_UPGRADE_RULE(broadcast_axis);
PARE_UPGRADE_RULE(prelu_slope);
PARE_UPGRADE_RULE(gemm_broadcast);
PARE_UPGRADE_RULE(cast_name);
PARE_UPGRADE_RULE(concat_axis);
PARE_UPGRADE_RULE(selu_defaults);
PARE_UPGRADE_RULE(reshape_shape);
PARE_UPGRADE_RULE(axes_input);
PARE_UPGRADE_RULE(split_sizes);
PARE_UPGRADE_RULE(slice_bounds);
PARE_UPGRADE_RULE(pad_amounts);
PARE_UPGRADE_RULE(clip_bounds);
PARE_UPGRADE_RULE(dropout_ratio);
PARE_UPGRADE_RULE(tile_axis);
PARE_UPGRADE_RULE(batch_norm);
PARE_UPGRADE_RULE(output_sequence);
PARE_UPGRADE_RULE(group_normalization);
PARE_UPGRADE_RULE(mean_variance);
PARE_UPGRADE_RULE(softmax_coerced);
PARE_UPGRADE_RULE(whole_order);
PARE_UPGRADE_RULE(roi_whole_pixels);
PARE_UPGRADE_RULE(grid_modes);
PARE_UPGRADE_RULE(as_standard);
PARE_UPGRADE_RULE(upsample);
PARE_UPGRADE_RULE(resize_asymmetric);
PARE_UPGRADE_RULE(resize_empty_inputs);
PARE_UPGRADE_RULE(space_to_depth_mode);
PARE_UPGRADE_RULE(range_stash_type);
PARE_UPGRADE_RULE(top_k);
PARE_UPGRADE_RULE(dft_axis);
PARE_UPGRADE_RULE(scatter);
PARE_UPGRADE_RULE(label_encoder);
PARE_UPGRADE_RULE(affine);
PARE_UPGRADE_RULE(image_scaler);
PARE_UPGRADE_RULE(scaled_tanh);
PARE_UPGRADE_RULE(parametric_softplus);
PARE_UPGRADE_RULE(crop);
PARE_UPGRADE_RULE(scan_batch);
#undef PARE_UPGRADE_RULE

}  // namespace pare::onnx_format::rules
