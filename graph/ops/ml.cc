// Inference of linear models, support vectors and table preprocessing. None of them has links: their attributes count
// features, and nothing here is pruned.
#include "graph/ops/ml.h"

#include "graph/ops/ml_util.h"

namespace pare {
namespace {

using namespace ml;

constexpr std::initializer_list<DType> kTableTypes{DType::float32, DType::float64, DType::int64, DType::int32};

Result<void> need_kernel_type(const std::string& kernel_type) {
  return need_one_of("kernel_type", kernel_type, {"LINEAR", "POLY", "RBF", "SIGMOID"});
}

// Y is float32 and shaped as X.
Result<void> infer_float_table(InferContext& context) {
  PARE_TRY(need_dtype(context, 0, "X", kTableTypes));
  context.set(0, DType::float32, context.shape(0));
  return {};
}

// One value for all features, or one for each along the last axis.
Result<void> need_per_feature(const InferContext& context, std::string_view name, size_t count) {
  const Dim features = features_of(context);
  if (count <= 1 || !features.known() || features.size == static_cast<int64_t>(count)) return {};
  return wrong_count(name, count, "1 or one per feature (" + std::to_string(features.size) + ")");
}

// The element type of the list or tensor that is given; exactly one must be.
Result<DType> one_list(std::string_view what, bool floats, bool ints, bool strings,
                       const std::optional<Tensor>& tensor) {
  const int given = floats + ints + strings + (tensor ? 1 : 0);
  if (given != 1) {
    return input_error("has " + std::to_string(given) + " lists of " + std::string(what) + ", expected one of " +
                       std::string(what) + "_floats, _int64s, _strings and _tensor");
  }
  return floats ? DType::float32 : ints ? DType::int64 : strings ? DType::string : tensor->dtype();
}

bool same_family(DType a, DType b) {
  return a == b || (is_float(a) && is_float(b)) || (is_integer(a) && is_integer(b));
}

}  // namespace

Result<void> LinearClassifier::infer(InferContext& context) const {
  PARE_ASSIGN(const int64_t classes, class_count(classlabels_ints, classlabels_strings));
  PARE_TRY(ml::post_transform(post_transform));
  if (coefficients.empty()) return wrong_count("coefficients", 0, "some for each class");
  return infer_classifier(context, classlabels_ints.empty(), classes);
}

Result<void> LinearRegressor::infer(InferContext& context) const {
  PARE_TRY(need_table(context));
  PARE_TRY(ml::post_transform(post_transform));
  if (targets < 1 || targets > static_cast<int64_t>(coefficients.size())) {
    return input_error("targets is " + std::to_string(targets) + ", expected 1.." +
                       std::to_string(coefficients.size()) + ", the number of coefficients");
  }
  context.set(0, DType::float32, Shape{samples_of(context), Dim(targets)});
  return {};
}

Result<void> SVMClassifier::infer(InferContext& context) const {
  PARE_ASSIGN(const int64_t classes, class_count(classlabels_ints, classlabels_strings));
  PARE_TRY(ml::post_transform(post_transform));
  PARE_TRY(need_kernel_type(kernel_type));
  if (rho.empty()) return wrong_count("rho", 0, "at least 1");
  int64_t scores = classes;
  if (!vectors_per_class.empty() && prob_a.empty() && classes > 2) {
    const auto pairs = checked_mul(classes, classes - 1);
    if (!pairs || *pairs / 2 != static_cast<int64_t>(rho.size())) {
      return wrong_count("rho", rho.size(), "one per pair of " + std::to_string(classes) + " classes");
    }
    scores = *pairs / 2;
  }
  return infer_classifier(context, classlabels_ints.empty(), scores);
}

Result<void> SVMRegressor::infer(InferContext& context) const {
  PARE_TRY(need_table(context));
  PARE_TRY(ml::post_transform(post_transform));
  PARE_TRY(need_kernel_type(kernel_type));
  if (rho.empty()) return wrong_count("rho", 0, "1");
  context.set(0, DType::float32, Shape{samples_of(context), Dim(1)});
  return {};
}

Result<void> Scaler::infer(InferContext& context) const {
  PARE_TRY(need_rank(context, 0, "X", 1));
  PARE_TRY(need_per_feature(context, "offset", offset.size()));
  PARE_TRY(need_per_feature(context, "scale", scale.size()));
  return infer_float_table(context);
}

Result<void> Normalizer::infer(InferContext& context) const {
  PARE_TRY(need_table(context));
  PARE_TRY(need_one_of("norm", norm, {"MAX", "L1", "L2"}));
  return infer_float_table(context);
}

Result<void> Imputer::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "X", kTableTypes));
  PARE_TRY(need_rank(context, 0, "X", 1));
  const DType dtype = context.type(0).dtype;
  const bool floats = is_float(dtype);
  const size_t count = floats ? imputed_value_floats.size() : imputed_value_int64s.size();
  const std::string_view name = floats ? "imputed_value_floats" : "imputed_value_int64s";
  if (dtype != DType::undefined && count == 0) return wrong_count(name, 0, "1 or one per feature");
  if (dtype != DType::undefined) PARE_TRY(need_per_feature(context, name, count));
  return infer_same_as_input(context);
}

Result<void> Binarizer::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "X", kTableTypes));
  return infer_same_as_input(context);
}

Result<void> OneHotEncoder::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "X", {DType::float32, DType::float64, DType::int64, DType::int32, DType::string}));
  const bool strings = context.type(0).dtype == DType::string;
  const size_t count = strings ? cats_strings.size() : cats_int64s.size();
  if (context.type(0).dtype != DType::undefined && count == 0) {
    return wrong_count(strings ? "cats_strings" : "cats_int64s", 0, "the categories of the elements of X");
  }
  std::optional<Shape> shape = context.shape(0);
  if (shape) shape->push_back(Dim(static_cast<int64_t>(count)));
  context.set(0, DType::float32, std::move(shape));
  return {};
}

Result<void> LabelEncoder::infer(InferContext& context) const {
  PARE_ASSIGN(const DType keys,
              one_list("keys", !keys_floats.empty(), !keys_int64s.empty(), !keys_strings.empty(), keys_tensor));
  PARE_ASSIGN(const DType values, one_list("values", !values_floats.empty(), !values_int64s.empty(),
                                           !values_strings.empty(), values_tensor));
  const size_t key_count = keys_floats.size() + keys_int64s.size() + keys_strings.size() +
                           (keys_tensor ? static_cast<size_t>(keys_tensor->size()) : 0);
  const size_t value_count = values_floats.size() + values_int64s.size() + values_strings.size() +
                             (values_tensor ? static_cast<size_t>(values_tensor->size()) : 0);
  if (key_count != value_count) return wrong_count("the list of values", value_count, std::to_string(key_count));
  const DType dtype = context.type(0).dtype;
  if (dtype != DType::undefined && !same_family(dtype, keys)) {
    return input_error("X is " + std::string(name(dtype)) + " and the keys are " + std::string(name(keys)) +
                       ", expected one element type");
  }
  if (default_tensor && (default_tensor->dtype() != values || default_tensor->size() != 1)) {
    return input_error("default_tensor is " + to_string(default_tensor->type()) + ", expected one element of " +
                       std::string(name(values)));
  }
  context.set(0, values, context.shape(0));
  return {};
}

Result<void> CategoryMapper::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 0, "X", {DType::string, DType::int64}));
  if (cats_int64s.size() != cats_strings.size()) {
    return wrong_count("cats_int64s", cats_int64s.size(),
                       "as many as cats_strings, " + std::to_string(cats_strings.size()));
  }
  const DType dtype = context.type(0).dtype;
  const DType to = dtype == DType::string ? DType::int64 : dtype == DType::int64 ? DType::string : DType::undefined;
  context.set(0, to, context.shape(0));
  return {};
}

Result<void> ArrayFeatureExtractor::infer(InferContext& context) const {
  PARE_TRY(need_dtype(context, 1, "Y", {DType::int64}));
  PARE_TRY(need_rank(context, 0, "X", 1));
  context.set(0, context.type(0).dtype, std::nullopt);
  if (!context.shape(0)) return {};
  Shape shape = *context.shape(0);
  if (shape.size() == 1) shape.insert(shape.begin(), Dim(1));
  Dim count = context.shape(1) ? Dim(1) : Dim();
  for (size_t i = 0; context.shape(1) && i < context.shape(1)->size(); ++i) {
    const Dim& dim = (*context.shape(1))[i];
    const auto product = count.known() && dim.known() ? checked_mul(count.size, dim.size) : std::nullopt;
    count = product ? Dim(*product) : count.same(Dim(1)) ? dim : dim.same(Dim(1)) ? count : Dim();
  }
  shape.back() = count;
  context.set(0, context.type(0).dtype, std::move(shape));
  return {};
}

Result<void> FeatureVectorizer::infer(InferContext& context) const {
  if (inputdimensions.size() != context.inputs.size()) {
    return wrong_count("inputdimensions", inputdimensions.size(),
                       "one per input (" + std::to_string(context.inputs.size()) + ")");
  }
  int64_t columns = 0;
  Dim rows;
  for (size_t i = 0; i < inputdimensions.size(); ++i) {
    PARE_TRY(need_dtype(context, i, "an input", kTableTypes));
    PARE_TRY(need_rank(context, i, "an input", 1, 2));
    const auto sum = inputdimensions[i] < 0 ? std::nullopt : checked_add(columns, inputdimensions[i]);
    if (!sum) {
      return input_error("inputdimensions has " + std::to_string(inputdimensions[i]) +
                         ", expected the width of an input");
    }
    columns = *sum;
    if (!context.has(i) || !context.shape(i)) continue;
    const Dim own = context.shape(i)->size() == 1 ? Dim(1) : context.shape(i)->front();
    PARE_ASSIGN(rows, unify(rows, own, "rows of the inputs"));
  }
  context.set(0, DType::float32, Shape{rows, Dim(columns)});
  return {};
}

void SVMRegressor::links(LinkContext&) const {}
void LinearClassifier::links(LinkContext&) const {}
void CategoryMapper::links(LinkContext&) const {}
void Scaler::links(LinkContext&) const {}
void Imputer::links(LinkContext&) const {}
void Normalizer::links(LinkContext&) const {}
void FeatureVectorizer::links(LinkContext&) const {}
void LinearRegressor::links(LinkContext&) const {}
void LabelEncoder::links(LinkContext&) const {}
void ArrayFeatureExtractor::links(LinkContext&) const {}
void OneHotEncoder::links(LinkContext&) const {}
void SVMClassifier::links(LinkContext&) const {}
void Binarizer::links(LinkContext&) const {}

}  // namespace pare
