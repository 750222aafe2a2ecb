// Tree ensembles. Expected values: onnxruntime 1.32, and where it has no kernel or departs from the
// specification, the formulas of the latter.
#include <cmath>

#include "tests/ops/ml_case.h"

namespace pare::test {
namespace {

// Tree 0: x0 mode 0 -> leaf, else x1 mode .5 -> leaf, else leaf; tree 1: x0 mode .5 -> leaf, else leaf. The same in the
// form of TreeEnsemble: x0 .5 -> leaf 0, else a test of x1; and a tree of one leaf.
const std::string kTree =
    "nodes_treeids = [0, 0, 0, 0, 0, 1, 1, 1], nodes_nodeids = [0, 1, 2, 3, 4, 0, 1, 2], nodes_featureids = [0, 0, 1, "
    "0, 0, 0, 0, 0]";
const std::string kSplits =
    "nodes_values = [0.0, 0.0, 0.5, 0.0, 0.0, 0.5, 0.0, 0.0], nodes_truenodeids = [1, 0, 3, 0, 0, 1, 0, 0], "
    "nodes_falsenodeids = [2, 0, 4, 0, 0, 2, 0, 0]";
const std::string kTargets = "target_treeids = [0, 0, 0, 1, 1], target_nodeids = [1, 3, 4, 1, 2]";
const std::string kClasses = "class_treeids = [0, 0, 0, 1, 1], class_nodeids = [1, 3, 4, 1, 2]";
const std::string kLeqGt =
    "nodes_modes = [\"BRANCH_LEQ\", \"LEAF\", \"BRANCH_GT\", \"LEAF\", \"LEAF\", \"BRANCH_LEQ\", \"LEAF\", \"LEAF\"]";
const std::string kRoots = "tree_roots = [0, 2], nodes_featureids = [0, 1, 0]";
const std::string kBranches =
    "nodes_truenodeids = [0, 1, 3], nodes_trueleafs = [1, 1, 1], nodes_falsenodeids = [1, 2, 3], nodes_falseleafs = "
    "[0, 1, 1], leaf_targetids = [0, 1, 0, 1]";
const std::string kMargins = "_weights = [-0.6, 0.3, 0.25, 0.5, 0.2]";
const MlInput kTable{"float32[6,2]", {-2, 0.5, 0, -1, 0.400000006, 2, 0.5, 0, 3, 1, NAN, NAN}};
const MlInput kMembers{"float32[5,2]", {0, 1, 1, 1, 1, 2, 1, 3, NAN, 2}};

}  // namespace

void add_ml_trees(std::vector<Case>& list) {
  list.push_back(ml_case(
      "TreeEnsembleClassifier", "two.NONE", {kTable},
      "post_transform = \"NONE\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kClasses +
          ", class_ids = [0, 0, 0, 0, 0], class_weights = [0.1, 0.3, 0.25, 0.5, 0.2], classlabels_int64s = [7, 9]",
      {0.399999976, 0.600000024, 0.399999976, 0.600000024, 0.199999988, 0.800000012, 0.25, 0.75, 0.5, 0.5, 0.550000012,
       0.449999988},
      {.first = "z"}));
  list.push_back(ml_case("TreeEnsembleClassifier", "two.margins.NONE", {kTable},
                         "post_transform = \"NONE\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kClasses +
                             ", class_ids = [0, 0, 0, 0, 0], class" + kMargins + ", classlabels_int64s = [7, 9]",
                         {0.100000024, -0.100000024, 0.100000024, -0.100000024, -0.800000012, 0.800000012, -0.75, 0.75,
                          -0.5, 0.5, -0.449999988, 0.449999988},
                         {.first = "z"}));
  list.push_back(ml_case(
      "TreeEnsembleClassifier", "two.LOGISTIC", {kTable},
      "post_transform = \"LOGISTIC\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kClasses +
          ", class_ids = [0, 0, 0, 0, 0], class_weights = [0.1, 0.3, 0.25, 0.5, 0.2], classlabels_int64s = [7, 9]",
      {0.354343712, 0.645656288, 0.354343712, 0.645656288, 0.310025513, 0.689974487, 0.320821285, 0.679178715,
       0.377540648, 0.622459352, 0.389360726, 0.610639274},
      {.first = "z"}));
  list.push_back(ml_case("TreeEnsembleClassifier", "two.margins.LOGISTIC", {kTable},
                         "post_transform = \"LOGISTIC\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kClasses +
                             ", class_ids = [0, 0, 0, 0, 0], class" + kMargins + ", classlabels_int64s = [7, 9]",
                         {0.524979174, 0.475020826, 0.524979174, 0.475020826, 0.310025513, 0.689974487, 0.320821285,
                          0.679178715, 0.377540648, 0.622459352, 0.389360726, 0.610639274},
                         {.first = "z"}));
  list.push_back(ml_case(
      "TreeEnsembleClassifier", "two.labels", {kTable},
      kTree + ", " + kLeqGt + ", " + kSplits + ", " + kClasses +
          ", class_ids = [0, 0, 0, 0, 0], class_weights = [0.1, 0.3, 0.25, 0.5, 0.2], classlabels_int64s = [7, 9]",
      {9, 9, 9, 9, 7, 7}, {.first = "y"}));
  list.push_back(ml_case("TreeEnsembleClassifier", "two.margins.labels", {kTable},
                         kTree + ", " + kLeqGt + ", " + kSplits + ", " + kClasses +
                             ", class_ids = [0, 0, 0, 0, 0], class" + kMargins + ", classlabels_int64s = [7, 9]",
                         {7, 7, 9, 9, 9, 9}, {.first = "y"}));
  list.push_back(ml_case(
      "TreeEnsembleClassifier", "second", {kTable},
      kTree + ", " + kLeqGt + ", " + kSplits + ", " + kClasses +
          ", class_ids = [1, 1, 1, 1, 1], class_weights = [0.1, 0.3, 0.25, 0.5, 0.2], classlabels_int64s = [7, 9]",
      {0, 0.600000024, 0, 0.600000024, 0, 0.800000012, 0, 0.75, 0, 0.5, 0, 0.449999988}, {.first = "z"}));
  list.push_back(ml_case(
      "TreeEnsembleClassifier", "two.base", {kTable},
      "base_values = [0.25], post_transform = \"LOGISTIC\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " +
          kClasses +
          ", class_ids = [0, 0, 0, 0, 0], class_weights = [0.1, 0.3, 0.25, 0.5, 0.2], classlabels_int64s = [7, 9]",
      {0.299432814, 0.700567186, 0.299432814, 0.700567186, 0.25922513, 0.74077487, 0.268941402, 0.731058598,
       0.320821285, 0.679178715, 0.331812263, 0.668187737},
      {.first = "z"}));
  list.push_back(ml_case("TreeEnsembleClassifier", "three.NONE", {kTable},
                         "post_transform = \"NONE\", base_values = [0.5, 0.25, 0.125], " + kTree + ", " + kLeqGt +
                             ", " + kSplits + ", " + kClasses +
                             ", class_ids = [0, 1, 2, 1, 0], class_weights = [0.1, 0.3, 0.25, 0.5, 0.2], "
                             "classlabels_strings = [\"a\", \"b\", \"c\"]",
                         {0.600000024, 0.75, 0.125, 0.600000024, 0.75, 0.125, 0.5, 1.04999995, 0.125, 0.5, 0.75, 0.375,
                          0.699999988, 0.550000012, 0.125, 0.699999988, 0.25, 0.375},
                         {.first = "z"}));
  list.push_back(ml_case("TreeEnsembleClassifier", "three.SOFTMAX", {kTable},
                         "post_transform = \"SOFTMAX\", base_values = [0.5, 0.25, 0.125], " + kTree + ", " + kLeqGt +
                             ", " + kSplits + ", " + kClasses +
                             ", class_ids = [0, 1, 2, 1, 0], class_weights = [0.1, 0.3, 0.25, 0.5, 0.2], "
                             "classlabels_strings = [\"a\", \"b\", \"c\"]",
                         {0.359231621, 0.417367607, 0.223400787, 0.359231621, 0.417367607, 0.223400787, 0.292351305,
                          0.506718755, 0.20092991, 0.315803885, 0.405500203, 0.278695941, 0.412641227, 0.355163604,
                          0.232195213, 0.423700869, 0.270163596, 0.306135476},
                         {.first = "z"}));
  list.push_back(ml_case("TreeEnsembleClassifier", "three.LOGISTIC", {kTable},
                         "post_transform = \"LOGISTIC\", base_values = [0.5, 0.25, 0.125], " + kTree + ", " + kLeqGt +
                             ", " + kSplits + ", " + kClasses +
                             ", class_ids = [0, 1, 2, 1, 0], class_weights = [0.1, 0.3, 0.25, 0.5, 0.2], "
                             "classlabels_strings = [\"a\", \"b\", \"c\"]",
                         {0.645656288, 0.679178715, 0.531209409, 0.645656288, 0.679178715, 0.531209409, 0.622459352,
                          0.74077487, 0.531209409, 0.622459352, 0.679178715, 0.592666626, 0.668187737, 0.634135604,
                          0.531209409, 0.668187737, 0.562176526, 0.592666626},
                         {.first = "z"}));
  list.push_back(ml_case("TreeEnsembleClassifier", "three.SOFTMAX_ZERO", {kTable},
                         "post_transform = \"SOFTMAX_ZERO\", base_values = [0.5, 0.25, 0.125], " + kTree + ", " +
                             kLeqGt + ", " + kSplits + ", " + kClasses +
                             ", class_ids = [0, 1, 2, 1, 0], class_weights = [0.1, 0.3, 0.25, 0.5, 0.2], "
                             "classlabels_strings = [\"a\", \"b\", \"c\"]",
                         {0.359231621, 0.417367607, 0.223400787, 0.359231621, 0.417367607, 0.223400787, 0.292351305,
                          0.506718755, 0.20092991, 0.315803885, 0.405500203, 0.278695941, 0.412641227, 0.355163604,
                          0.232195213, 0.423700869, 0.270163596, 0.306135476},
                         {.first = "z"}));
  list.push_back(ml_case("TreeEnsembleClassifier", "three.labels", {kTable},
                         "base_values = [0.5, 0.25, 0.125], " + kTree + ", " + kLeqGt + ", " + kSplits + ", " +
                             kClasses +
                             ", class_ids = [0, 1, 2, 1, 0], class_weights = [0.1, 0.3, 0.25, 0.5, 0.2], "
                             "classlabels_strings = [\"a\", \"b\", \"c\"]",
                         {1, 1, 1, 1, 0, 0}, {.first = "l"}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_LEQ", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_LEQ\", \"LEAF\", \"BRANCH_LEQ\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_LEQ\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", " + kTargets + ", target_ids = [0, 0, 0, 0, 0], target" + kMargins +
                             ", n_targets = 1",
                         {-0.100000024, -0.100000024, 0.75, 0.800000012, 0.449999988, 0.449999988}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_LEQ.missing", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_LEQ\", \"LEAF\", \"BRANCH_LEQ\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_LEQ\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", nodes_missing_value_tracks_true = [1, 1, 1, 1, 1, 1, 1, 1], " + kTargets +
                             ", target_ids = [0, 0, 0, 0, 0], target" + kMargins + ", n_targets = 1",
                         {-0.100000024, -0.100000024, 0.75, 0.800000012, 0.449999988, -0.100000024}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_LT", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_LT\", \"LEAF\", \"BRANCH_LT\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_LT\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", " + kTargets + ", target_ids = [0, 0, 0, 0, 0], target" + kMargins +
                             ", n_targets = 1",
                         {-0.100000024, 0.800000012, 0.75, 0.5, 0.449999988, 0.449999988}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_LT.missing", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_LT\", \"LEAF\", \"BRANCH_LT\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_LT\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", nodes_missing_value_tracks_true = [1, 1, 1, 1, 1, 1, 1, 1], " + kTargets +
                             ", target_ids = [0, 0, 0, 0, 0], target" + kMargins + ", n_targets = 1",
                         {-0.100000024, 0.800000012, 0.75, 0.5, 0.449999988, -0.100000024}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_GTE", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_GTE\", \"LEAF\", \"BRANCH_GTE\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_GTE\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", " + kTargets + ", target_ids = [0, 0, 0, 0, 0], target" + kMargins +
                             ", n_targets = 1",
                         {0.5, -0.400000036, -0.400000036, -0.100000024, -0.100000024, 0.449999988}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_GTE.missing", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_GTE\", \"LEAF\", \"BRANCH_GTE\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_GTE\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", nodes_missing_value_tracks_true = [1, 1, 1, 1, 1, 1, 1, 1], " + kTargets +
                             ", target_ids = [0, 0, 0, 0, 0], target" + kMargins + ", n_targets = 1",
                         {0.5, -0.400000036, -0.400000036, -0.100000024, -0.100000024, -0.100000024}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_GT", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_GT\", \"LEAF\", \"BRANCH_GT\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_GT\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", " + kTargets + ", target_ids = [0, 0, 0, 0, 0], target" + kMargins +
                             ", n_targets = 1",
                         {0.449999988, 0.449999988, -0.400000036, -0.400000036, -0.100000024, 0.449999988}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_GT.missing", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_GT\", \"LEAF\", \"BRANCH_GT\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_GT\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", nodes_missing_value_tracks_true = [1, 1, 1, 1, 1, 1, 1, 1], " + kTargets +
                             ", target_ids = [0, 0, 0, 0, 0], target" + kMargins + ", n_targets = 1",
                         {0.449999988, 0.449999988, -0.400000036, -0.400000036, -0.100000024, -0.100000024}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_EQ", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_EQ\", \"LEAF\", \"BRANCH_EQ\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_EQ\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", " + kTargets + ", target_ids = [0, 0, 0, 0, 0], target" + kMargins +
                             ", n_targets = 1",
                         {0.5, -0.400000036, 0.449999988, 0.75, 0.449999988, 0.449999988}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_EQ.missing", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_EQ\", \"LEAF\", \"BRANCH_EQ\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_EQ\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", nodes_missing_value_tracks_true = [1, 1, 1, 1, 1, 1, 1, 1], " + kTargets +
                             ", target_ids = [0, 0, 0, 0, 0], target" + kMargins + ", n_targets = 1",
                         {0.5, -0.400000036, 0.449999988, 0.75, 0.449999988, -0.100000024}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_NEQ", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_NEQ\", \"LEAF\", \"BRANCH_NEQ\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_NEQ\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", " + kTargets + ", target_ids = [0, 0, 0, 0, 0], target" + kMargins +
                             ", n_targets = 1",
                         {-0.100000024, 0.800000012, -0.100000024, -0.400000036, -0.100000024, -0.100000024}));
  list.push_back(ml_case("TreeEnsembleRegressor", "BRANCH_NEQ.missing", {kTable},
                         kTree +
                             ", nodes_modes = [\"BRANCH_NEQ\", \"LEAF\", \"BRANCH_NEQ\", \"LEAF\", \"LEAF\", "
                             "\"BRANCH_NEQ\", \"LEAF\", \"LEAF\"], " +
                             kSplits + ", nodes_missing_value_tracks_true = [1, 1, 1, 1, 1, 1, 1, 1], " + kTargets +
                             ", target_ids = [0, 0, 0, 0, 0], target" + kMargins + ", n_targets = 1",
                         {-0.100000024, 0.800000012, -0.100000024, -0.400000036, -0.100000024, -0.100000024}));
  list.push_back(ml_case("TreeEnsembleRegressor", "SUM", {kTable},
                         "aggregate_function = \"SUM\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kTargets +
                             ", target_ids = [0, 0, 0, 0, 0], target" + kMargins + ", n_targets = 1",
                         {-0.100000024, -0.100000024, 0.800000012, 0.75, 0.5, 0.449999988}));
  list.push_back(ml_case("TreeEnsembleRegressor", "SUM.targets", {kTable},
                         "aggregate_function = \"SUM\", base_values = [0.5, -0.25], " + kTree + ", " + kLeqGt + ", " +
                             kSplits + ", " + kTargets + ", target_ids = [0, 0, 0, 1, 1], target" + kMargins +
                             ", n_targets = 2",
                         {-0.100000024, 0.25, -0.100000024, 0.25, 0.800000012, 0.25, 0.75, 0.25, 0.800000012,
                          -0.049999997, 0.75, -0.049999997}));
  list.push_back(ml_case(
      "TreeEnsembleRegressor", "SUM.no_votes", {kTable},
      "aggregate_function = \"SUM\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kTargets +
          ", target_ids = [0, 1, 1, 1, 0], target" + kMargins + ", n_targets = 2",
      {-0.600000024, 0.5, -0.600000024, 0.5, 0, 0.800000012, 0, 0.75, 0.200000003, 0.300000012, 0.200000003, 0.25}));
  list.push_back(ml_case("TreeEnsembleRegressor", "AVERAGE", {kTable},
                         "aggregate_function = \"AVERAGE\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " +
                             kTargets + ", target_ids = [0, 0, 0, 0, 0], target" + kMargins + ", n_targets = 1",
                         {-0.0500000119, -0.0500000119, 0.400000006, 0.375, 0.25, 0.224999994}));
  list.push_back(ml_case(
      "TreeEnsembleRegressor", "AVERAGE.targets", {kTable},
      "aggregate_function = \"AVERAGE\", base_values = [0.5, -0.25], " + kTree + ", " + kLeqGt + ", " + kSplits + ", " +
          kTargets + ", target_ids = [0, 0, 0, 1, 1], target" + kMargins + ", n_targets = 2",
      {0.199999988, 0, 0.199999988, 0, 0.649999976, 0, 0.625, 0, 0.649999976, -0.150000006, 0.625, -0.150000006}));
  list.push_back(ml_case("TreeEnsembleRegressor", "AVERAGE.no_votes", {kTable},
                         "aggregate_function = \"AVERAGE\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " +
                             kTargets + ", target_ids = [0, 1, 1, 1, 0], target" + kMargins + ", n_targets = 2",
                         {-0.300000012, 0.25, -0.300000012, 0.25, 0, 0.400000006, 0, 0.375, 0.100000001, 0.150000006,
                          0.100000001, 0.125}));
  list.push_back(ml_case("TreeEnsembleRegressor", "MIN", {kTable},
                         "aggregate_function = \"MIN\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kTargets +
                             ", target_ids = [0, 0, 0, 0, 0], target" + kMargins + ", n_targets = 1",
                         {-0.600000024, -0.600000024, 0.300000012, 0.25, 0.200000003, 0.200000003}));
  list.push_back(ml_case("TreeEnsembleRegressor", "MIN.targets", {kTable},
                         "aggregate_function = \"MIN\", base_values = [0.5, -0.25], " + kTree + ", " + kLeqGt + ", " +
                             kSplits + ", " + kTargets + ", target_ids = [0, 0, 0, 1, 1], target" + kMargins +
                             ", n_targets = 2",
                         {-0.100000024, 0.25, -0.100000024, 0.25, 0.800000012, 0.25, 0.75, 0.25, 0.800000012,
                          -0.049999997, 0.75, -0.049999997}));
  list.push_back(ml_case(
      "TreeEnsembleRegressor", "MIN.no_votes", {kTable},
      "aggregate_function = \"MIN\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kTargets +
          ", target_ids = [0, 1, 1, 1, 0], target" + kMargins + ", n_targets = 2",
      {-0.600000024, 0.5, -0.600000024, 0.5, 0, 0.300000012, 0, 0.25, 0.200000003, 0.300000012, 0.200000003, 0.25}));
  list.push_back(ml_case("TreeEnsembleRegressor", "MAX", {kTable},
                         "aggregate_function = \"MAX\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kTargets +
                             ", target_ids = [0, 0, 0, 0, 0], target" + kMargins + ", n_targets = 1",
                         {0.5, 0.5, 0.5, 0.5, 0.300000012, 0.25}));
  list.push_back(ml_case("TreeEnsembleRegressor", "MAX.targets", {kTable},
                         "aggregate_function = \"MAX\", base_values = [0.5, -0.25], " + kTree + ", " + kLeqGt + ", " +
                             kSplits + ", " + kTargets + ", target_ids = [0, 0, 0, 1, 1], target" + kMargins +
                             ", n_targets = 2",
                         {-0.100000024, 0.25, -0.100000024, 0.25, 0.800000012, 0.25, 0.75, 0.25, 0.800000012,
                          -0.049999997, 0.75, -0.049999997}));
  list.push_back(
      ml_case("TreeEnsembleRegressor", "MAX.no_votes", {kTable},
              "aggregate_function = \"MAX\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kTargets +
                  ", target_ids = [0, 1, 1, 1, 0], target" + kMargins + ", n_targets = 2",
              {-0.600000024, 0.5, -0.600000024, 0.5, 0, 0.5, 0, 0.5, 0.200000003, 0.300000012, 0.200000003, 0.25}));
  list.push_back(ml_case("TreeEnsembleRegressor", "SOFTMAX", {kTable},
                         "post_transform = \"SOFTMAX\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kTargets +
                             ", target_ids = [0, 1, 1, 1, 0], target" + kMargins + ", n_targets = 2",
                         {0.249739885, 0.750260115, 0.249739885, 0.750260115, 0.310025543, 0.689974487, 0.320821285,
                          0.679178715, 0.475020826, 0.524979174, 0.487502605, 0.512497365}));
  list.push_back(ml_case("TreeEnsembleRegressor", "LOGISTIC", {kTable},
                         "post_transform = \"LOGISTIC\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kTargets +
                             ", target_ids = [0, 1, 1, 1, 0], target" + kMargins + ", n_targets = 2",
                         {0.354343712, 0.622459352, 0.354343712, 0.622459352, 0.5, 0.689974487, 0.5, 0.679178715,
                          0.549833953, 0.574442506, 0.549833953, 0.562176526}));
  list.push_back(ml_case("TreeEnsembleRegressor", "SOFTMAX_ZERO", {kTable},
                         "post_transform = \"SOFTMAX_ZERO\", " + kTree + ", " + kLeqGt + ", " + kSplits + ", " +
                             kTargets + ", target_ids = [0, 1, 1, 1, 0], target" + kMargins + ", n_targets = 2",
                         {0.249739885, 0.750260115, 0.249739885, 0.750260115, 0, 1, 0, 1, 0.475020826, 0.524979174,
                          0.487502605, 0.512497365}));
  list.push_back(ml_case(
      "TreeEnsembleRegressor", "tensors", {{"float64[6,2]", {-2, 0.5, 0, -1, 0.400000006, 2, 0.5, 0, 3, 1, NAN, NAN}}},
      "nodes_values_as_tensor = float64[8]{0.0, 0.0, 0.5, 0.0, 0.0, 0.5, 0.0, 0.0}, target_weights_as_tensor = "
      "float64[5]{0.1, 0.3, 0.25, 0.5, 0.2}, base_values_as_tensor = float64[1]{0.125}, n_targets = 1, " +
          kTree + ", " + kLeqGt +
          ", nodes_truenodeids = [1, 0, 3, 0, 0, 1, 0, 0], nodes_falsenodeids = [2, 0, 4, 0, 0, 2, 0, 0], " + kTargets +
          ", target_ids = [0, 0, 0, 0, 0]",
      {0.725000024, 0.725000024, 0.925000012, 0.875, 0.625, 0.574999988}));
  list.push_back(ml_case("TreeEnsembleRegressor", "int64", {{"int64[2,2]", {-1, 1, 2, 0}}},
                         "n_targets = 1, " + kTree + ", " + kLeqGt + ", " + kSplits + ", " + kTargets +
                             ", target_ids = [0, 0, 0, 0, 0], target_weights = [0.1, 0.3, 0.25, 0.5, 0.2]",
                         {0.6, 0.45}));
  list.push_back(ml_case("TreeEnsemble", "aggregate0", {kMembers},
                         "n_targets = 2, aggregate_function = 0, membership_values = float32[3]{1.0, 2.0, nan}, " +
                             kRoots + ", nodes_modes = uint8[3]{0, 6, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {0.25, 0.125, 0, 0.875, 0, 0.875, -1, 0.125, 0, 0.875}, {.version = 5}));
  list.push_back(ml_case("TreeEnsemble", "aggregate1", {kMembers},
                         "n_targets = 2, aggregate_function = 1, membership_values = float32[3]{1.0, 2.0, nan}, " +
                             kRoots + ", nodes_modes = uint8[3]{0, 6, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {0.5, 0.25, 0, 1.75, 0, 1.75, -2, 0.25, 0, 1.75}, {.version = 5}));
  list.push_back(ml_case("TreeEnsemble", "aggregate2", {kMembers},
                         "n_targets = 2, aggregate_function = 2, membership_values = float32[3]{1.0, 2.0, nan}, " +
                             kRoots + ", nodes_modes = uint8[3]{0, 6, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {0.5, 0.25, 0, 0.25, 0, 0.25, -2, 0.25, 0, 0.25}, {.version = 5}));
  list.push_back(ml_case("TreeEnsemble", "aggregate3", {kMembers},
                         "n_targets = 2, aggregate_function = 3, membership_values = float32[3]{1.0, 2.0, nan}, " +
                             kRoots + ", nodes_modes = uint8[3]{0, 6, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {0.5, 0.25, 0, 1.5, 0, 1.5, -2, 0.25, 0, 1.5}, {.version = 5}));
  list.push_back(ml_case("TreeEnsemble", "transform1", {kMembers},
                         "post_transform = 1, n_targets = 2, membership_values = float32[3]{1.0, 2.0, nan}, " + kRoots +
                             ", nodes_modes = uint8[3]{0, 6, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {0.562176526, 0.437823504, 0.148047194, 0.851952732, 0.148047194, 0.851952732, 0.0953494608,
                          0.904650509, 0.148047194, 0.851952732},
                         {.version = 5}));
  list.push_back(ml_case(
      "TreeEnsemble", "transform2", {kMembers},
      "post_transform = 2, n_targets = 2, membership_values = float32[3]{1.0, 2.0, nan}, " + kRoots +
          ", nodes_modes = uint8[3]{0, 6, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " + kBranches +
          ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
      {0.622459352, 0.562176526, 0.5, 0.851952732, 0.5, 0.851952732, 0.119202971, 0.562176526, 0.5, 0.851952732},
      {.version = 5}));
  list.push_back(ml_case("TreeEnsemble", "transform3", {kMembers},
                         "post_transform = 3, n_targets = 2, membership_values = float32[3]{1.0, 2.0, nan}, " + kRoots +
                             ", nodes_modes = uint8[3]{0, 6, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {0.562176526, 0.437823504, 0, 1, 0, 1, 0.0953494608, 0.904650509, 0, 1}, {.version = 5}));
  list.push_back(ml_case(
      "TreeEnsemble", "double", {{"float64[5,2]", {0, 1, 1, 1, 1, 2, 1, 3, NAN, 2}}},
      "n_targets = 2, membership_values = float64[3]{1.0, 2.0, nan}, nodes_missing_value_tracks_true = [1, 1, 0], " +
          kRoots + ", nodes_modes = uint8[3]{0, 6, 0}, nodes_splits = float64[3]{0.5, 0.0, 0.25}, " + kBranches +
          ", leaf_weights = float64[4]{0.5, 1.5, -2.0, 0.25}",
      {0.5, 0.25, 0, 1.75, 0, 1.75, -2, 0.25, 0.5, 0.25}, {.version = 5}));
  list.push_back(ml_case("TreeEnsemble", "mode0", {kMembers},
                         "n_targets = 2, " + kRoots +
                             ", nodes_modes = uint8[3]{0, 0, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {0.5, 0.25, -2, 0.25, -2, 0.25, -2, 0.25, -2, 0.25}, {.version = 5}));
  list.push_back(ml_case("TreeEnsemble", "mode1", {kMembers},
                         "n_targets = 2, " + kRoots +
                             ", nodes_modes = uint8[3]{1, 1, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {0.5, 0.25, -2, 0.25, -2, 0.25, -2, 0.25, -2, 0.25}, {.version = 5}));
  list.push_back(ml_case("TreeEnsemble", "mode2", {kMembers},
                         "n_targets = 2, " + kRoots +
                             ", nodes_modes = uint8[3]{2, 2, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {0, 1.75, 0.5, 0.25, 0.5, 0.25, 0.5, 0.25, 0, 1.75}, {.version = 5}));
  list.push_back(ml_case("TreeEnsemble", "mode3", {kMembers},
                         "n_targets = 2, " + kRoots +
                             ", nodes_modes = uint8[3]{3, 3, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {0, 1.75, 0.5, 0.25, 0.5, 0.25, 0.5, 0.25, 0, 1.75}, {.version = 5}));
  list.push_back(ml_case("TreeEnsemble", "mode4", {kMembers},
                         "n_targets = 2, " + kRoots +
                             ", nodes_modes = uint8[3]{4, 4, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {-2, 0.25, -2, 0.25, -2, 0.25, -2, 0.25, -2, 0.25}, {.version = 5}));
  list.push_back(ml_case("TreeEnsemble", "mode5", {kMembers},
                         "n_targets = 2, " + kRoots +
                             ", nodes_modes = uint8[3]{5, 5, 0}, nodes_splits = float32[3]{0.5, 0.0, 0.25}, " +
                             kBranches + ", leaf_weights = float32[4]{0.5, 1.5, -2.0, 0.25}",
                         {0.5, 0.25, 0.5, 0.25, 0.5, 0.25, 0.5, 0.25, 0.5, 0.25}, {.version = 5}));
}

}  // namespace pare::test
