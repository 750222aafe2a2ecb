// Linear models and preprocessing of tables. https://onnx.ai/onnx/operators/index.html#ai-onnx-ml. Sums in double.
#include <cmath>
#include <unordered_map>

#include "runtime/kernels/ml_scores.h"

namespace pare {
namespace {

using namespace kernels;
using ml::PostTransform;
using ml::wrong_count;

// Scores of every row of coefficients for one sample.
void linear_scores(std::span<const double> x, const std::vector<float>& coefficients,
                   const std::vector<float>& intercepts, std::vector<double>& scores) {
  for (size_t i = 0; i < scores.size(); ++i) {
    scores[i] = intercepts.empty() ? 0 : static_cast<double>(intercepts[i]);
    for (size_t k = 0; k < x.size(); ++k) scores[i] += x[k] * static_cast<double>(coefficients[i * x.size() + k]);
  }
}

Result<void> check_linear(const Table& table, size_t coefficients, size_t intercepts, int64_t rows) {
  const auto expected = checked_mul(rows, table.columns);
  if (!expected || coefficients != static_cast<size_t>(*expected)) {
    return wrong_count("coefficients", coefficients,
                       std::to_string(rows) + " rows of " + std::to_string(table.columns));
  }
  if (intercepts == 0 || intercepts == static_cast<size_t>(rows)) return {};
  return wrong_count("intercepts", intercepts, "none or " + std::to_string(rows));
}

// y = f(x, feature) for numbers of any type, to float32 or to the type of x.
template <class F>
Result<void> map_table(KernelContext& context, DType to, F&& f) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(Tensor y, allocate(to, x.dims()));
  const int64_t features = x.rank() > 0 ? x.dims().back() : 1;
  for (int64_t i = 0; i < x.size(); ++i) y.set_double(i, f(x.as_double(i), static_cast<size_t>(i % features)));
  context.outputs[0] = std::move(y);
  return {};
}

// The entry for a feature in a list of one for all or one for each.
template <class T>
double entry(const std::vector<T>& list, size_t feature, double none) {
  return list.empty() ? none : static_cast<double>(list.size() == 1 ? list[0] : list[feature]);
}

Result<void> check_per_feature(std::string_view name, size_t count, const Tensor& x) {
  const int64_t features = x.rank() > 0 ? x.dims().back() : 1;
  if (count <= 1 || count == static_cast<size_t>(features)) return {};
  return wrong_count(name, count, "1 or one per feature (" + std::to_string(features) + ")");
}

Tensor strings_of(const std::vector<std::string>& list) {
  return Tensor::strings({static_cast<int64_t>(list.size())}, list);
}
template <class T>
Tensor vector_of(const std::vector<T>& list) {
  return Tensor::of<T>({static_cast<int64_t>(list.size())}, list);
}

// Where each element of a tensor stands in a list of keys; -1 where it does not. Of equal keys the last counts; NaN
// equals NaN.
std::vector<int64_t> places(const Tensor& x, const Tensor& keys) {
  std::vector<int64_t> found(static_cast<size_t>(x.size()), -1);
  const auto look_up = [&]<class T>(const auto& key_at, const auto& x_at, std::unordered_map<T, int64_t> map) {
    for (int64_t i = 0; i < keys.size(); ++i) map[key_at(i)] = i;
    for (int64_t i = 0; i < x.size(); ++i)
      if (const auto at = map.find(x_at(i)); at != map.end()) found[static_cast<size_t>(i)] = at->second;
  };
  if (keys.dtype() == DType::string) {
    const auto names = keys.string_values(), values = x.string_values();
    look_up([&](int64_t i) { return names[static_cast<size_t>(i)]; },
            [&](int64_t i) { return values[static_cast<size_t>(i)]; }, std::unordered_map<std::string, int64_t>());
  } else if (is_float(keys.dtype())) {
    look_up([&](int64_t i) { return keys.as_double(i); }, [&](int64_t i) { return x.as_double(i); },
            std::unordered_map<double, int64_t>());
    for (int64_t k = 0; k < keys.size(); ++k)
      for (int64_t i = 0; std::isnan(keys.as_double(k)) && i < x.size(); ++i)
        if (std::isnan(x.as_double(i))) found[static_cast<size_t>(i)] = k;
  } else {
    look_up([&](int64_t i) { return keys.as_int(i); }, [&](int64_t i) { return x.as_int(i); },
            std::unordered_map<int64_t, int64_t>());
  }
  return found;
}

// values[place of each element of x among the keys], or `fill`.
Result<void> map_elements(KernelContext& context, const Tensor& keys, const Tensor& values, const Tensor& fill) {
  const Tensor& x = context.inputs[0];
  ElementMover mover(values, values.dtype(), x.dims(), &fill);
  PARE_TRY(mover.allocate());
  const auto found = places(x, keys);
  for (size_t i = 0; i < found.size(); ++i) mover.move(static_cast<int64_t>(i), found[i]);
  context.outputs[0] = mover.take();
  return {};
}

Tensor given(const std::vector<float>& floats, const std::vector<int64_t>& ints,
             const std::vector<std::string>& strings, const std::optional<Tensor>& tensor) {
  if (tensor) return *tensor;
  return !floats.empty() ? vector_of(floats) : !ints.empty() ? vector_of(ints) : strings_of(strings);
}

Tensor default_of(const LabelEncoder& op, DType values) {
  if (op.default_tensor) return *op.default_tensor;
  if (values == DType::string) return Tensor::strings({}, {op.default_string});
  Tensor fill(values, {});
  if (is_float(values)) {
    fill.set_double(0, static_cast<double>(op.default_float));
  } else {
    fill.set_double(0, static_cast<double>(op.default_int64));
    if (values == DType::int64) fill = Tensor::scalar(op.default_int64);
  }
  return fill;
}

}  // namespace

Result<void> run(const LinearClassifier& op, KernelContext& context) {
  PARE_ASSIGN(const Table table, table_of(context.inputs[0]));
  PARE_ASSIGN(const PostTransform how, ml::post_transform(op.post_transform));
  Classified out(op.classlabels_ints, op.classlabels_strings);
  const int64_t classes = out.classes();
  // Two classes may share one row of coefficients, which speaks for the second.
  const bool one_row = classes == 2 && static_cast<int64_t>(op.coefficients.size()) == table.columns;
  const int64_t rows = one_row ? 1 : classes;
  PARE_TRY(check_linear(table, op.coefficients.size(), op.intercepts.size(), rows));
  PARE_TRY(out.allocate(table.rows, classes));
  std::vector<double> scores(static_cast<size_t>(rows));
  for (int64_t row = 0; row < table.rows; ++row) {
    linear_scores(table.row(row), op.coefficients, op.intercepts, scores);
    if (one_row) {
      out.set(row, scores[0] > 0, pair_of(scores[0], true, how));
      continue;
    }
    const int64_t label = classes == 1 ? (scores[0] > 0 ? 0 : -1) : index_of_largest(scores);
    transform(how, scores);
    out.set(row, label, scores);
  }
  out.give(context);
  return {};
}

Result<void> run(const LinearRegressor& op, KernelContext& context) {
  PARE_ASSIGN(const Table table, table_of(context.inputs[0]));
  PARE_ASSIGN(const PostTransform how, ml::post_transform(op.post_transform));
  PARE_TRY(check_linear(table, op.coefficients.size(), op.intercepts.size(), op.targets));
  PARE_ASSIGN(Tensor y, allocate(DType::float32, {table.rows, op.targets}));
  std::vector<double> scores(static_cast<size_t>(op.targets));
  for (int64_t row = 0; row < table.rows; ++row) {
    linear_scores(table.row(row), op.coefficients, op.intercepts, scores);
    transform(how, scores);
    for (int64_t i = 0; i < op.targets; ++i) y.set_double(row * op.targets + i, scores[static_cast<size_t>(i)]);
  }
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const Scaler& op, KernelContext& context) {
  PARE_TRY(check_per_feature("offset", op.offset.size(), context.inputs[0]));
  PARE_TRY(check_per_feature("scale", op.scale.size(), context.inputs[0]));
  return map_table(context, DType::float32, [&](double x, size_t feature) {
    return (x - entry(op.offset, feature, 0)) * entry(op.scale, feature, 1);
  });
}

Result<void> run(const Normalizer& op, KernelContext& context) {
  PARE_ASSIGN(const Table table, table_of(context.inputs[0]));
  PARE_ASSIGN(Tensor y, allocate(DType::float32, context.inputs[0].dims()));
  for (int64_t row = 0; row < table.rows; ++row) {
    const auto x = table.row(row);
    double divisor = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      if (op.norm == "L1") divisor += std::fabs(x[i]);
      if (op.norm == "L2") divisor += x[i] * x[i];
      if (op.norm == "MAX") divisor = i == 0 ? x[i] : std::max(divisor, x[i]);
    }
    if (op.norm == "L2") divisor = std::sqrt(divisor);
    for (size_t i = 0; i < x.size(); ++i)
      y.set_double(row * table.columns + static_cast<int64_t>(i), divisor == 0 ? x[i] : x[i] / divisor);
  }
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const Imputer& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (is_float(x.dtype())) {
    if (op.imputed_value_floats.empty()) return wrong_count("imputed_value_floats", 0, "1 or one per feature");
    PARE_TRY(check_per_feature("imputed_value_floats", op.imputed_value_floats.size(), x));
    const auto replaced = static_cast<double>(op.replaced_value_float);
    return map_table(context, x.dtype(), [&](double value, size_t feature) {
      const bool replace = value == replaced || (std::isnan(value) && std::isnan(replaced));
      return replace ? entry(op.imputed_value_floats, feature, 0) : value;
    });
  }
  if (op.imputed_value_int64s.empty()) return wrong_count("imputed_value_int64s", 0, "1 or one per feature");
  PARE_TRY(check_per_feature("imputed_value_int64s", op.imputed_value_int64s.size(), x));
  const Tensor replaced = vector_of<int64_t>({op.replaced_value_int64});
  const int64_t features = x.rank() > 0 ? x.dims().back() : 1;
  const auto found = places(x, replaced);
  PARE_ASSIGN(const Tensor imputed, cast(vector_of(op.imputed_value_int64s), x.dtype()));
  ElementMover mover(x, x.dtype(), x.dims(), nullptr);
  PARE_TRY(mover.allocate());
  for (int64_t i = 0; i < x.size(); ++i) mover.move(i, i);
  mover.read_from(imputed);
  for (int64_t i = 0; i < x.size(); ++i)
    if (found[static_cast<size_t>(i)] == 0) mover.move(i, imputed.size() == 1 ? 0 : i % features);
  context.outputs[0] = mover.take();
  return {};
}

Result<void> run(const Binarizer& op, KernelContext& context) {
  const auto threshold = static_cast<double>(op.threshold);
  return map_table(context, context.inputs[0].dtype(), [&](double x, size_t) { return x > threshold ? 1.0 : 0.0; });
}

Result<void> run(const OneHotEncoder& op, KernelContext& context) {
  Tensor x = context.inputs[0];
  if (is_float(x.dtype())) {
    PARE_ASSIGN(x, cast(x, DType::int64));
  }
  const Tensor categories = x.dtype() == DType::string ? strings_of(op.cats_strings) : vector_of(op.cats_int64s);
  Dims dims = x.dims();
  dims.push_back(categories.size());
  PARE_ASSIGN(Tensor y, allocate(DType::float32, dims));
  const auto out = y.mutable_data<float>();
  const auto found = places(x, categories);
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i] >= 0) out[i * static_cast<size_t>(categories.size()) + static_cast<size_t>(found[i])] = 1;
    if (found[i] < 0 && op.zeros == 0) {
      return input_error("element " + std::to_string(i) + " of X is none of the categories, and zeros is 0");
    }
  }
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const LabelEncoder& op, KernelContext& context) {
  const Tensor keys = given(op.keys_floats, op.keys_int64s, op.keys_strings, op.keys_tensor);
  const Tensor values = given(op.values_floats, op.values_int64s, op.values_strings, op.values_tensor);
  return map_elements(context, keys, values, default_of(op, values.dtype()));
}

Result<void> run(const CategoryMapper& op, KernelContext& context) {
  const Tensor names = strings_of(op.cats_strings), numbers = vector_of(op.cats_int64s);
  if (context.inputs[0].dtype() == DType::string) {
    return map_elements(context, names, numbers, Tensor::scalar(op.default_int64));
  }
  return map_elements(context, numbers, names, Tensor::strings({}, {op.default_string}));
}

Result<void> run(const ArrayFeatureExtractor&, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (x.rank() == 0) return input_error("X is a scalar, expected an axis of features");
  const int64_t features = x.dims().back();
  const auto wanted = context.inputs[1].ints();
  for (const int64_t index : wanted)
    if (index < 0 || index >= features) {
      return input_error("Y has " + std::to_string(index) + ", expected 0.." + std::to_string(features - 1));
    }
  Dims dims = x.dims();
  if (dims.size() == 1) dims.insert(dims.begin(), 1);
  std::vector<std::vector<int64_t>> maps;
  for (size_t axis = 0; axis + 1 < dims.size(); ++axis) maps.push_back(iota(dims[axis]));
  maps.push_back(wanted);
  PARE_ASSIGN(context.outputs[0], select(x.reshaped(dims), maps));
  return {};
}

Result<void> run(const FeatureVectorizer& op, KernelContext& context) {
  std::vector<Table> tables;
  int64_t columns = 0;
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    PARE_ASSIGN(Table table, table_of(context.inputs[i]));
    if (i > 0 && table.rows != tables[0].rows) return input_error("the inputs have different numbers of rows");
    tables.push_back(std::move(table));
    columns += op.inputdimensions[i];
  }
  PARE_ASSIGN(Tensor y, allocate(DType::float32, {tables[0].rows, columns}));
  const auto out = y.mutable_data<float>();
  int64_t first = 0;
  for (size_t k = 0; k < tables.size(); ++k) {
    const Table& table = tables[k];
    const int64_t width = std::min(table.columns, op.inputdimensions[k]);  // cut, or filled up with zeros
    for (int64_t row = 0; row < table.rows; ++row)
      for (int64_t i = 0; i < width; ++i)
        out[static_cast<size_t>(row * columns + first + i)] =
            static_cast<float>(table.row(row)[static_cast<size_t>(i)]);
    first += op.inputdimensions[k];
  }
  context.outputs[0] = std::move(y);
  return {};
}

}  // namespace pare
