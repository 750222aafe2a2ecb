// Decision trees (ai.onnx.ml).
#pragma once

#include "graph/ops/common.h"

namespace pare {

// X -> Y
struct TreeEnsemble {
  static constexpr std::string_view kName = "TreeEnsemble";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 5;
  static constexpr Arity kArity{1, 1};
  static constexpr std::array<std::string_view, 10> kRequired{
      "leaf_targetids", "leaf_weights", "nodes_falseleafs", "nodes_falsenodeids", "nodes_featureids",
      "nodes_modes",    "nodes_splits", "nodes_trueleafs",  "nodes_truenodeids",  "tree_roots"};
  int64_t aggregate_function = 1;
  std::vector<int64_t> leaf_targetids;
  Tensor leaf_weights;
  std::optional<Tensor> membership_values;
  std::optional<int64_t> n_targets;
  std::vector<int64_t> nodes_falseleafs;
  std::vector<int64_t> nodes_falsenodeids;
  std::vector<int64_t> nodes_featureids;
  std::optional<Tensor> nodes_hitrates;
  std::vector<int64_t> nodes_missing_value_tracks_true;
  Tensor nodes_modes;
  Tensor nodes_splits;
  std::vector<int64_t> nodes_trueleafs;
  std::vector<int64_t> nodes_truenodeids;
  int64_t post_transform = 0;
  std::vector<int64_t> tree_roots;
  static void fields(auto& s, auto&& f) {
    f("aggregate_function", s.aggregate_function);
    f("leaf_targetids", s.leaf_targetids);
    f("leaf_weights", s.leaf_weights);
    f("membership_values", s.membership_values);
    f("n_targets", s.n_targets);
    f("nodes_falseleafs", s.nodes_falseleafs);
    f("nodes_falsenodeids", s.nodes_falsenodeids);
    f("nodes_featureids", s.nodes_featureids);
    f("nodes_hitrates", s.nodes_hitrates);
    f("nodes_missing_value_tracks_true", s.nodes_missing_value_tracks_true);
    f("nodes_modes", s.nodes_modes);
    f("nodes_splits", s.nodes_splits);
    f("nodes_trueleafs", s.nodes_trueleafs);
    f("nodes_truenodeids", s.nodes_truenodeids);
    f("post_transform", s.post_transform);
    f("tree_roots", s.tree_roots);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y, Z
struct TreeEnsembleClassifier {
  static constexpr std::string_view kName = "TreeEnsembleClassifier";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1, 2, 2};
  std::vector<float> base_values;
  std::optional<Tensor> base_values_as_tensor;
  std::vector<int64_t> class_ids;
  std::vector<int64_t> class_nodeids;
  std::vector<int64_t> class_treeids;
  std::vector<float> class_weights;
  std::optional<Tensor> class_weights_as_tensor;
  std::vector<int64_t> classlabels_int64s;
  std::vector<std::string> classlabels_strings;
  std::vector<int64_t> nodes_falsenodeids;
  std::vector<int64_t> nodes_featureids;
  std::vector<float> nodes_hitrates;
  std::optional<Tensor> nodes_hitrates_as_tensor;
  std::vector<int64_t> nodes_missing_value_tracks_true;
  std::vector<std::string> nodes_modes;
  std::vector<int64_t> nodes_nodeids;
  std::vector<int64_t> nodes_treeids;
  std::vector<int64_t> nodes_truenodeids;
  std::vector<float> nodes_values;
  std::optional<Tensor> nodes_values_as_tensor;
  std::string post_transform = "NONE";
  static void fields(auto& s, auto&& f) {
    f("base_values", s.base_values);
    f("base_values_as_tensor", s.base_values_as_tensor);
    f("class_ids", s.class_ids);
    f("class_nodeids", s.class_nodeids);
    f("class_treeids", s.class_treeids);
    f("class_weights", s.class_weights);
    f("class_weights_as_tensor", s.class_weights_as_tensor);
    f("classlabels_int64s", s.classlabels_int64s);
    f("classlabels_strings", s.classlabels_strings);
    f("nodes_falsenodeids", s.nodes_falsenodeids);
    f("nodes_featureids", s.nodes_featureids);
    f("nodes_hitrates", s.nodes_hitrates);
    f("nodes_hitrates_as_tensor", s.nodes_hitrates_as_tensor);
    f("nodes_missing_value_tracks_true", s.nodes_missing_value_tracks_true);
    f("nodes_modes", s.nodes_modes);
    f("nodes_nodeids", s.nodes_nodeids);
    f("nodes_treeids", s.nodes_treeids);
    f("nodes_truenodeids", s.nodes_truenodeids);
    f("nodes_values", s.nodes_values);
    f("nodes_values_as_tensor", s.nodes_values_as_tensor);
    f("post_transform", s.post_transform);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X -> Y
struct TreeEnsembleRegressor {
  static constexpr std::string_view kName = "TreeEnsembleRegressor";
  static constexpr std::string_view kDomain = "ai.onnx.ml";
  static constexpr int kSince = 1;
  static constexpr Arity kArity{1, 1};
  std::string aggregate_function = "SUM";
  std::vector<float> base_values;
  std::optional<Tensor> base_values_as_tensor;
  std::optional<int64_t> n_targets;
  std::vector<int64_t> nodes_falsenodeids;
  std::vector<int64_t> nodes_featureids;
  std::vector<float> nodes_hitrates;
  std::optional<Tensor> nodes_hitrates_as_tensor;
  std::vector<int64_t> nodes_missing_value_tracks_true;
  std::vector<std::string> nodes_modes;
  std::vector<int64_t> nodes_nodeids;
  std::vector<int64_t> nodes_treeids;
  std::vector<int64_t> nodes_truenodeids;
  std::vector<float> nodes_values;
  std::optional<Tensor> nodes_values_as_tensor;
  std::string post_transform = "NONE";
  std::vector<int64_t> target_ids;
  std::vector<int64_t> target_nodeids;
  std::vector<int64_t> target_treeids;
  std::vector<float> target_weights;
  std::optional<Tensor> target_weights_as_tensor;
  static void fields(auto& s, auto&& f) {
    f("aggregate_function", s.aggregate_function);
    f("base_values", s.base_values);
    f("base_values_as_tensor", s.base_values_as_tensor);
    f("n_targets", s.n_targets);
    f("nodes_falsenodeids", s.nodes_falsenodeids);
    f("nodes_featureids", s.nodes_featureids);
    f("nodes_hitrates", s.nodes_hitrates);
    f("nodes_hitrates_as_tensor", s.nodes_hitrates_as_tensor);
    f("nodes_missing_value_tracks_true", s.nodes_missing_value_tracks_true);
    f("nodes_modes", s.nodes_modes);
    f("nodes_nodeids", s.nodes_nodeids);
    f("nodes_treeids", s.nodes_treeids);
    f("nodes_truenodeids", s.nodes_truenodeids);
    f("nodes_values", s.nodes_values);
    f("nodes_values_as_tensor", s.nodes_values_as_tensor);
    f("post_transform", s.post_transform);
    f("target_ids", s.target_ids);
    f("target_nodeids", s.target_nodeids);
    f("target_treeids", s.target_treeids);
    f("target_weights", s.target_weights);
    f("target_weights_as_tensor", s.target_weights_as_tensor);
  }
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

}  // namespace pare

#define PARE_ML_TREES_OPS(X) X(TreeEnsemble) X(TreeEnsembleClassifier) X(TreeEnsembleRegressor)
