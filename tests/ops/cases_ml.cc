// Linear models, support vectors and preprocessing of tables. Expected values: onnxruntime 1.32, and where it has no
// kernel or departs from the specification, the formulas of the latter.
#include <cmath>

#include "tests/ops/ml_case.h"

namespace pare::test {
namespace {

const std::string kVectors = "support_vectors = [0.0, 1.0, 0.5, 1.0, -1.0, 0.0, -1.0, 0.5, 2.0]";
const std::string kParameters = "kernel_params = [0.5, 0.25, 3.0]";
const std::string kRows = "coefficients = [-1.0, 0.5, 0.25, 1.0, -0.5, 0.75, 0.125, 1.0, -1.0]";
const MlInput kTable{"float32[3,3]", {-2, 1, 0.5, 0, 0, 0, 1, -3, 2}};
const MlInput kVector{"float32[3]", {-2, 1, 0.5}};
const MlInput kKeys{"int64[4]", {1, 2, 3, 2}};
const MlInput kShortKeys{"int16[2]", {1, 3}};

}  // namespace

void add_ml(std::vector<Case>& list) {
  list.push_back(ml_case(
      "LinearClassifier", "NONE", {kTable},
      kRows +
          ", intercepts = [0.0, 0.5, -0.25], classlabels_strings = [\"a\", \"b\", \"c\"], post_transform = \"NONE\"",
      {2.625, -1.625, 0, 0, 0.5, -0.25, -2, 4.5, -5.125}, {.first = "z"}));
  list.push_back(ml_case("LinearRegressor", "NONE", {kTable},
                         "coefficients = [-1.0, 0.5, 0.25, 1.0, -0.5, 0.75], intercepts = [0.5, -0.25], targets = 2, "
                         "post_transform = \"NONE\"",
                         {3.125, -2.375, 0.5, -0.25, -1.5, 3.75}));
  list.push_back(ml_case(
      "LinearClassifier", "SOFTMAX", {kTable},
      kRows +
          ", intercepts = [0.0, 0.5, -0.25], classlabels_strings = [\"a\", \"b\", \"c\"], post_transform = \"SOFTMAX\"",
      {0.920213759, 0.0131261451, 0.0666600615, 0.291755974, 0.481024265, 0.22721976, 0.00150108314, 0.998432934,
       6.59529906e-05},
      {.first = "z"}));
  list.push_back(ml_case("LinearRegressor", "SOFTMAX", {kTable},
                         "coefficients = [-1.0, 0.5, 0.25, 1.0, -0.5, 0.75], intercepts = [0.5, -0.25], targets = 2, "
                         "post_transform = \"SOFTMAX\"",
                         {0.995929897, 0.00407013809, 0.679178715, 0.320821285, 0.00522012589, 0.994779944}));
  list.push_back(
      ml_case("LinearClassifier", "LOGISTIC", {kTable},
              kRows + ", intercepts = [0.0, 0.5, -0.25], classlabels_strings = [\"a\", \"b\", \"c\"], post_transform = "
                      "\"LOGISTIC\"",
              {0.932453334, 0.164516479, 0.5, 0.5, 0.622459292, 0.437823504, 0.119202912, 0.989013076, 0.00591105223},
              {.first = "z"}));
  list.push_back(ml_case("LinearRegressor", "LOGISTIC", {kTable},
                         "coefficients = [-1.0, 0.5, 0.25, 1.0, -0.5, 0.75], intercepts = [0.5, -0.25], targets = 2, "
                         "post_transform = \"LOGISTIC\"",
                         {0.957912266, 0.0850990117, 0.622459292, 0.437823504, 0.182425559, 0.977022648}));
  list.push_back(
      ml_case("LinearClassifier", "SOFTMAX_ZERO", {kTable},
              kRows + ", intercepts = [0.0, 0.5, -0.25], classlabels_strings = [\"a\", \"b\", \"c\"], post_transform = "
                      "\"SOFTMAX_ZERO\"",
              {0.985936403, 0.0140636275, 0, 0, 0.679178715, 0.320821285, 0.00150108314, 0.998432934, 6.59529906e-05},
              {.first = "z"}));
  list.push_back(ml_case("LinearRegressor", "SOFTMAX_ZERO", {kTable},
                         "coefficients = [-1.0, 0.5, 0.25, 1.0, -0.5, 0.75], intercepts = [0.5, -0.25], targets = 2, "
                         "post_transform = \"SOFTMAX_ZERO\"",
                         {0.995929897, 0.00407013809, 0.679178715, 0.320821285, 0.00522012589, 0.994779944}));
  list.push_back(ml_case("LinearClassifier", "labels", {kTable},
                         kRows + ", intercepts = [0.0, 0.5, -0.25], classlabels_ints = [7, 9, 11], multi_class = 1",
                         {7, 9, 9}, {.first = "y"}));
  list.push_back(ml_case("LinearClassifier", "strings", {kTable},
                         kRows + ", intercepts = [0.0, 0.5, -0.25], classlabels_strings = [\"a\", \"b\", \"c\"]",
                         {0, 1, 1}, {.first = "l"}));
  list.push_back(ml_case("LinearClassifier", "one_row", {kTable},
                         "coefficients = [-1.0, 0.5, 0.25], intercepts = [0.25], classlabels_ints = [7, 9]",
                         {-1.875, 2.875, 0.75, 0.25, 2.75, -1.75}, {.first = "z"}));
  list.push_back(ml_case("LinearClassifier", "one_row.labels", {kTable},
                         "coefficients = [-1.0, 0.5, 0.25], intercepts = [0.25], classlabels_ints = [7, 9]", {9, 9, 7},
                         {.first = "y"}));
  list.push_back(ml_case(
      "LinearClassifier", "one_row.LOGISTIC", {kTable},
      "coefficients = [-1.0, 0.5, 0.25], intercepts = [0.25], classlabels_ints = [7, 9], post_transform = \"LOGISTIC\"",
      {0.0534033179, 0.946596682, 0.437823474, 0.562176526, 0.851952732, 0.148047268}, {.first = "z"}));
  list.push_back(
      ml_case("LinearClassifier", "vector", {kVector},
              "coefficients = [-1.0, 0.5, 0.25, 1.0, -0.5, 0.75], intercepts = [0.25, 0.0], classlabels_ints = [7, 9]",
              {2.875, -2.125}, {.first = "z"}));
  list.push_back(
      ml_case("LinearClassifier", "int64", {{"int64[2,3]", {1, 2, 3, -1, 0, 2}}},
              "coefficients = [-1.0, 0.5, 0.25, 1.0, -0.5, 0.75], intercepts = [0.25, 0.0], classlabels_ints = [7, 9]",
              {1, 2.25, 1.75, 0.5}, {.first = "z"}));
  list.push_back(ml_case("LinearRegressor", "PROBIT", {{"float32[3,1]", {0.5, 0.975000024, 0.100000001}}},
                         "coefficients = [1.0], post_transform = \"PROBIT\"", {0, 1.95996398, -1.28155157}));
  list.push_back(ml_case("LinearRegressor", "LOGISTIC.one", {{"float32[3,1]", {0, 1, -1}}},
                         "coefficients = [1.0], post_transform = \"LOGISTIC\"", {0.5, 0.731058579, 0.268941421}));
  list.push_back(ml_case("SVMRegressor", "LINEAR", {kTable},
                         "coefficients = [-1.0, 0.5, 0.75], " + kParameters +
                             ", kernel_type = \"LINEAR\", rho = [-0.1], " + kVectors + ", n_supports = 3",
                         {-0.224999994, -0.100000001, 5.0250001}));
  list.push_back(
      ml_case("SVMClassifier", "LINEAR", {kTable},
              "coefficients = [-1.0, 0.5, 0.75], " + kParameters + ", kernel_type = \"LINEAR\", rho = [-0.1], " +
                  kVectors + ", vectors_per_class = [2, 1], classlabels_ints = [7, 9]",
              {0.224999994, -0.224999994, 0.100000001, -0.100000001, -5.0250001, 5.0250001}, {.first = "z"}));
  list.push_back(ml_case("SVMRegressor", "POLY", {kTable},
                         "coefficients = [-1.0, 0.5, 0.75], " + kParameters +
                             ", kernel_type = \"POLY\", rho = [-0.1], " + kVectors + ", n_supports = 3",
                         {4.25351572, -0.0960937515, 6.7671876}));
  list.push_back(
      ml_case("SVMClassifier", "POLY", {kTable},
              "coefficients = [-1.0, 0.5, 0.75], " + kParameters + ", kernel_type = \"POLY\", rho = [-0.1], " +
                  kVectors + ", vectors_per_class = [2, 1], classlabels_ints = [7, 9]",
              {-4.25351572, 4.25351572, 0.0960937515, -0.0960937515, -6.7671876, 6.7671876}, {.first = "z"}));
  list.push_back(ml_case("SVMRegressor", "RBF", {kTable},
                         "coefficients = [-1.0, 0.5, 0.75], " + kParameters +
                             ", kernel_type = \"RBF\", rho = [-0.1], " + kVectors + ", n_supports = 3",
                         {-0.10434144, -0.396991909, -0.090686202}));
  list.push_back(
      ml_case("SVMClassifier", "RBF", {kTable},
              "coefficients = [-1.0, 0.5, 0.75], " + kParameters + ", kernel_type = \"RBF\", rho = [-0.1], " +
                  kVectors + ", vectors_per_class = [2, 1], classlabels_ints = [7, 9]",
              {0.104341432, -0.104341432, 0.396991909, -0.396991909, 0.090686202, -0.090686202}, {.first = "z"}));
  list.push_back(ml_case("SVMRegressor", "SIGMOID", {kTable},
                         "coefficients = [-1.0, 0.5, 0.75], " + kParameters +
                             ", kernel_type = \"SIGMOID\", rho = [-0.1], " + kVectors + ", n_supports = 3",
                         {-0.505026817, -0.0387703367, 1.59535766}));
  list.push_back(
      ml_case("SVMClassifier", "SIGMOID", {kTable},
              "coefficients = [-1.0, 0.5, 0.75], " + kParameters + ", kernel_type = \"SIGMOID\", rho = [-0.1], " +
                  kVectors + ", vectors_per_class = [2, 1], classlabels_ints = [7, 9]",
              {0.505026817, -0.505026817, 0.0387703329, -0.0387703329, -1.59535766, 1.59535766}, {.first = "z"}));
  list.push_back(ml_case("SVMRegressor", "one_class", {kTable},
                         "coefficients = [-1.0, 0.5, 0.75], " + kParameters +
                             ", kernel_type = \"RBF\", rho = [-0.1], " + kVectors + ", n_supports = 3, one_class = 1",
                         {-1, -1, -1}));
  list.push_back(ml_case("SVMRegressor", "no_vectors", {kTable},
                         "coefficients = [-1.0, 0.5, 0.75], " + kParameters + ", rho = [-0.1]",
                         {2.7750001, -0.100000001, -1.10000002}));
  list.push_back(ml_case(
      "SVMClassifier", "labels", {kTable},
      "classlabels_strings = [\"a\", \"b\", \"c\"], coefficients = [-1.0, 0.5, 0.75, 0.4, 0.7, -0.9], " + kParameters +
          ", kernel_type = \"RBF\", rho = [-0.1, 0.2, 0.3], " + kVectors + ", vectors_per_class = [1, 1, 1]",
      {1, 1, 1}, {.first = "l"}));
  list.push_back(ml_case("SVMClassifier", "three.NONE", {kTable},
                         "classlabels_strings = [\"a\", \"b\", \"c\"], post_transform = \"NONE\", coefficients = "
                         "[-1.0, 0.5, 0.75, 0.4, 0.7, -0.9], " +
                             kParameters + ", kernel_type = \"RBF\", rho = [-0.1, 0.2, 0.3], " + kVectors +
                             ", vectors_per_class = [1, 1, 1]",
                         {-0.234671891, 0.384464562, 0.144532204, -0.451321721, 0.468434393, 0.492319822, -0.0909082368,
                          0.200248465, 0.312554508},
                         {.first = "z"}));
  list.push_back(ml_case("SVMClassifier", "three.SOFTMAX", {kTable},
                         "classlabels_strings = [\"a\", \"b\", \"c\"], post_transform = \"SOFTMAX\", coefficients = "
                         "[-1.0, 0.5, 0.75, 0.4, 0.7, -0.9], " +
                             kParameters + ", kernel_type = \"RBF\", rho = [-0.1, 0.2, 0.3], " + kVectors +
                             ", vectors_per_class = [1, 1, 1]",
                         {0.231564835, 0.430090815, 0.338344276, 0.164527833, 0.412747443, 0.422724783, 0.260757983,
                          0.348887473, 0.390354574},
                         {.first = "z"}));
  list.push_back(ml_case("SVMClassifier", "three.LOGISTIC", {kTable},
                         "classlabels_strings = [\"a\", \"b\", \"c\"], post_transform = \"LOGISTIC\", coefficients = "
                         "[-1.0, 0.5, 0.75, 0.4, 0.7, -0.9], " +
                             kParameters + ", kernel_type = \"RBF\", rho = [-0.1, 0.2, 0.3], " + kVectors +
                             ", vectors_per_class = [1, 1, 1]",
                         {0.441599816, 0.594949424, 0.536070287, 0.38904658, 0.615013123, 0.620652735, 0.477288574,
                          0.549895465, 0.577508688},
                         {.first = "z"}));
  list.push_back(ml_case("SVMClassifier", "three.SOFTMAX_ZERO", {kTable},
                         "classlabels_strings = [\"a\", \"b\", \"c\"], post_transform = \"SOFTMAX_ZERO\", coefficients "
                         "= [-1.0, 0.5, 0.75, 0.4, 0.7, -0.9], " +
                             kParameters + ", kernel_type = \"RBF\", rho = [-0.1, 0.2, 0.3], " + kVectors +
                             ", vectors_per_class = [1, 1, 1]",
                         {0.231564835, 0.430090815, 0.338344276, 0.164527833, 0.412747443, 0.422724783, 0.260757983,
                          0.348887473, 0.390354574},
                         {.first = "z"}));
  list.push_back(ml_case("SVMClassifier", "probabilities", {kTable},
                         "classlabels_strings = [\"a\", \"b\", \"c\"], prob_a = [-1.5, -0.75, -2.0], prob_b = [0.1, "
                         "-0.2, 0.3], coefficients = [-1.0, 0.5, 0.75, 0.4, 0.7, -0.9], " +
                             kParameters + ", kernel_type = \"RBF\", rho = [-0.1, 0.2, 0.3], " + kVectors +
                             ", vectors_per_class = [1, 1, 1]",
                         {0.325806737, 0.386817694, 0.287375629, 0.270568848, 0.515684605, 0.213746548, 0.336917788,
                          0.399486214, 0.263596058},
                         {.first = "z", .tolerance = 1e-4}));
  list.push_back(ml_case(
      "SVMClassifier", "two.probabilities", {kTable},
      "coefficients = [-1.0, 0.5, 0.75], " + kParameters + ", kernel_type = \"RBF\", rho = [-0.1], " + kVectors +
          ", vectors_per_class = [2, 1], classlabels_ints = [7, 9], prob_a = [-1.25], prob_b = [0.5]",
      {0.347413749, 0.652586162, 0.269679844, 0.730320096, 0.351293594, 0.648706436},
      {.first = "z", .tolerance = 1e-4}));
  list.push_back(
      ml_case("SVMClassifier", "two.LOGISTIC", {kTable},
              "coefficients = [-1.0, 0.5, 0.75], " + kParameters + ", kernel_type = \"RBF\", rho = [-0.1], " +
                  kVectors + ", vectors_per_class = [2, 1], classlabels_ints = [7, 9], post_transform = \"LOGISTIC\"",
              {0.526061714, 0.473938286, 0.597964704, 0.402035296, 0.522656024, 0.477343976}, {.first = "z"}));
  list.push_back(ml_case("SVMClassifier", "two.labels", {kTable},
                         "coefficients = [-1.0, 0.5, 0.75], " + kParameters +
                             ", kernel_type = \"RBF\", rho = [-0.1], " + kVectors +
                             ", vectors_per_class = [2, 1], classlabels_ints = [7, 9]",
                         {9, 9, 9}, {.first = "y"}));
  list.push_back(ml_case(
      "SVMClassifier", "no_vectors", {kTable},
      kRows + ", " + kParameters + ", rho = [-0.1], classlabels_ints = [7, 9, 11]",
      {2.5250001, -2.2249999, 0.150000006, -0.100000001, -0.100000001, -0.100000001, -2.0999999, 3.9000001, -4.9749999},
      {.first = "z"}));
  list.push_back(ml_case("Scaler", "", {kTable}, "offset = [1.0, 2.0, 3.0], scale = [0.5, 2.0, 4.0]",
                         {-1.5, -2, -10, -0.5, -4, -12, 0, -10, -4}));
  list.push_back(ml_case("Scaler", "one", {kTable}, "offset = [1.0], scale = [0.5]",
                         {-1.5, 0, -0.25, -0.5, -0.5, -0.5, 0, -2, 0.5}));
  list.push_back(ml_case("Scaler", "int32", {{"int32[3,3]", {-2, 1, 0, 0, 0, 0, 1, -3, 2}}},
                         "offset = [1.0, 2.0, 3.0], scale = [0.5, 2.0, 4.0]",
                         {-1.5, -2, -12, -0.5, -4, -12, 0, -10, -4}));
  list.push_back(ml_case("Normalizer", "MAX", {kTable}, "norm = \"MAX\"", {-2, 1, 0.5, 0, 0, 0, 0.5, -1.5, 1}));
  list.push_back(ml_case("Normalizer", "L1", {kTable}, "norm = \"L1\"",
                         {-0.571428597, 0.285714298, 0.142857149, 0, 0, 0, 0.166666672, -0.5, 0.333333343}));
  list.push_back(ml_case("Normalizer", "L2", {kTable}, "norm = \"L2\"",
                         {-0.872871578, 0.436435789, 0.218217894, 0, 0, 0, 0.267261237, -0.801783741, 0.534522474}));
  list.push_back(ml_case("Normalizer", "vector", {{"float64[3]", {-2, 1, 0.5}}}, "norm = \"L2\"",
                         {-0.872871578, 0.436435789, 0.218217894}));
  list.push_back(ml_case("Imputer", "", {kTable}, "imputed_value_floats = [9.0], replaced_value_float = 0.0",
                         {-2, 1, 0.5, 9, 9, 9, 1, -3, 2}));
  list.push_back(ml_case("Imputer", "nan", {{"float32[3,3]", {-2, NAN, 0.5, 0, 0, 0, 1, -3, NAN}}},
                         "imputed_value_floats = [9.0, 8.0, 7.0], replaced_value_float = nan",
                         {-2, 8, 0.5, 0, 0, 0, 1, -3, 7}));
  list.push_back(ml_case("Imputer", "int64", {{"int64[2,2]", {1, -1, -1, 4}}},
                         "imputed_value_int64s = [9, 8], replaced_value_int64 = -1", {1, 8, 9, 4}));
  list.push_back(ml_case("Imputer", "int32", {{"int32[2,2]", {1, -1, -1, 4}}},
                         "imputed_value_int64s = [8], replaced_value_int64 = -1", {1, 8, 8, 4}));
  list.push_back(ml_case("Binarizer", "", {kTable}, "threshold = 0.5", {0, 1, 0, 0, 0, 0, 1, 0, 1}));
  list.push_back(ml_case("Binarizer", "int64", {{"int64[4]", {-1, 0, 1, 2}}}, "threshold = 1.0", {0, 0, 0, 1}));
  list.push_back(ml_case("OneHotEncoder", "", {kTable}, "cats_int64s = [1, 2, -3]",
                         {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0}));
  list.push_back(ml_case("OneHotEncoder", "strict", {{"int64[3]", {1, 5, 5}}}, "cats_int64s = [5, 1], zeros = 0",
                         {0, 1, 1, 0, 1, 0}));
  list.push_back(ml_case("FeatureVectorizer", "", {kTable, {"float32[3,1]", {-2, 0, 1}}}, "inputdimensions = [2, 3]",
                         {-2, 1, -2, 0, 0, 0, 0, 0, 0, 0, 1, -3, 1, 0, 0}));
  list.push_back(ml_case("FeatureVectorizer", "vectors", {kVector, {"float32[3]", {1, -3, 2}}},
                         "inputdimensions = [2, 4]", {-2, 1, 1, -3, 2, 0}));
  list.push_back(ml_case("ArrayFeatureExtractor", "", {kTable, {"int64[1,2]", {2, 0}}}, "", {0.5, -2, 0, 0, 2, 1}));
  list.push_back(ml_case("ArrayFeatureExtractor", "vector", {kVector, {"int64[2]", {2, 0}}}, "", {0.5, -2}));
  list.push_back(ml_case("ArrayFeatureExtractor", "cube",
                         {{"float32[3,1,3]", {-2, 1, 0.5, 0, 0, 0, 1, -3, 2}}, {"int64[2,1]", {2, 0}}}, "",
                         {0.5, -2, 0, 0, 2, 1}));
  list.push_back(ml_case("LabelEncoder", "", {kKeys},
                         "keys_int64s = [1, 2], values_floats = [0.5, 0.75], default_float = -3.0",
                         {0.5, 0.75, -3, 0.75}));
  list.push_back(ml_case("LabelEncoder", "repeated", {kKeys},
                         "keys_int64s = [1, 2, 2], values_floats = [0.5, 0.75, 0.25]", {0.5, 0.25, -0, 0.25}));
  list.push_back(ml_case("LabelEncoder", "nan", {{"float32[3]", {NAN, 1, 2}}},
                         "keys_floats = [1.0, nan], values_int64s = [4, 5]", {5, 4, -1}));
  list.push_back(
      ml_case("LabelEncoder", "tensors", {kShortKeys},
              "keys_tensor = int16[2]{1, 2}, values_tensor = float64[2]{1.5, 2.0}, default_tensor = float64[1]{-2.0}",
              {1.5, -2}, {.version = 4}));
  list.push_back(ml_case("LabelEncoder", "tensors.default", {kShortKeys},
                         "keys_tensor = int16[2]{1, 2}, values_tensor = int16[2]{4, 5}", {4, -1}, {.version = 4}));
  list.push_back(
      body("CategoryMapper",
           "input x: int64[4]\ns = ai.onnx.ml.CategoryMapper(x) {cats_int64s = [1, 2], cats_strings = [\"a\", \"b\"]}\n"
           "y = ai.onnx.ml.CategoryMapper(s) {cats_int64s = [5, 6], cats_strings = [\"b\", \"a\"], default_int64 = "
           "-7}\noutput y\ndomain ai.onnx.ml 3",
           0, {6, 5, -7, 5}, {{1, 2, 3, 2}}));
  list.push_back(body(
      "OneHotEncoder.strings",
      "input x: int64[2]\ns = ai.onnx.ml.LabelEncoder(x) {keys_int64s = [1], values_strings = [\"a\"]}\n"
      "y = ai.onnx.ml.OneHotEncoder(s) {cats_strings = [\"_Unused\", \"z\", \"a\"]}\noutput y\ndomain ai.onnx.ml 3",
      0, {0, 0, 1, 1, 0, 0}, {{1, 2}}));
  list.push_back(body(
      "ArrayFeatureExtractor.strings",
      "input x: int64[3]\nconst i: int64[2] = {2, 0}\n"
      "s = ai.onnx.ml.LabelEncoder(x) {keys_int64s = [1, 2], values_strings = [\"a\", \"b\"], default_string = \"c\"}\n"
      "e = ai.onnx.ml.ArrayFeatureExtractor(s, i)\n"
      "y = ai.onnx.ml.LabelEncoder(e) {keys_strings = [\"a\", \"c\"], values_int64s = [1, 3]}\noutput y\ndomain "
      "ai.onnx.ml 3",
      0, {3, 1}, {{1, 2, 9}}));
}

}  // namespace pare::test
