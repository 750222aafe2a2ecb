#include "formats/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <numeric>

#include "formats/data/sources.h"
#include "formats/data/text.h"

namespace pare {
namespace {

namespace fs = std::filesystem;

// What y holds: a class for each sample, or targets of another kind, or neither.
struct Answers {
  std::vector<int64_t> classes;  // by row
  std::unique_ptr<RowSource> targets;
  std::function<Result<Tensor>(int64_t)> make_target;
  std::optional<AnswerTokens> tokens;
};

// Whether a step gives every sample of that array one length.
bool fills_up(const Preprocess& preprocess, const std::string& input) {
  return std::any_of(preprocess.steps.begin(), preprocess.steps.end(), [&](const PreprocessStep& step) {
    return std::holds_alternative<PadStep>(step.op) && (step.input.empty() || step.input == input);
  });
}

class FileDataset final : public Dataset {
 public:
  FileDataset(std::vector<Column> columns, std::vector<InputType> inputs, std::vector<int64_t> order,
              std::vector<int64_t> labels, Answers answers, Preprocess preprocess)
      : columns_(std::move(columns)),
        inputs_(std::move(inputs)),
        order_(std::move(order)),
        labels_(std::move(labels)),
        targets_(std::move(answers.targets)),
        make_target_(std::move(answers.make_target)),
        answer_(answers.tokens),
        preprocess_(std::move(preprocess)) {}

  int64_t size() const override { return static_cast<int64_t>(order_.size()); }
  const std::vector<InputType>& inputs() const override { return inputs_; }
  bool has_labels() const override { return !labels_.empty(); }
  const std::vector<int64_t>& labels() const override { return labels_; }

  Result<Batch> read(std::span<const int64_t> indices) const override {
    Batch batch;
    batch.count = static_cast<int64_t>(indices.size());
    std::vector<int64_t> rows, labels;
    for (int64_t index : indices) {
      if (index < 0 || index >= size()) {
        return usage_error("sample " + std::to_string(index) + " was asked for; there are " + std::to_string(size()));
      }
      rows.push_back(order_[static_cast<size_t>(index)]);
      if (has_labels()) labels.push_back(labels_[static_cast<size_t>(index)]);
    }
    for (const Column& column : columns_) {
      if (column.whole) {
        PARE_ASSIGN(Tensor tensor, whole(column, rows));
        batch.inputs.push_back({column.name, std::move(tensor)});
        continue;
      }
      PARE_ASSIGN(Tensor processed, processed_batch(preprocess_, column, rows));
      Binding binding = column.binding;
      if (column.kind) {
        PARE_ASSIGN(binding, bind_samples(processed.dims(), processed.dtype(), column.input, column.where));
      }
      PARE_ASSIGN(Tensor tensor, bound(std::move(processed), binding, column.where));
      PARE_TRY(check_numbers(tensor, rows, column.where));
      batch.inputs.push_back({column.name, std::move(tensor)});
    }
    if (has_labels()) batch.labels = Tensor::of<int64_t>({batch.count}, labels);
    if (targets_) {
      PARE_ASSIGN(batch.targets, raw_batch(*targets_, rows, "the targets"));
    }
    if (make_target_) {
      const Column target{"the targets", "the targets", nullptr, make_target_};
      PARE_ASSIGN(batch.targets, processed_batch({}, target, rows));
    }
    if (batch.targets.dtype() != DType::undefined) PARE_TRY(check_numbers(batch.targets, rows, "the targets"));
    return batch;
  }

  int64_t alike(int64_t first, int64_t most) const override {
    int64_t count = std::min(most, size() - first);
    for (const Column& column : columns_) {
      if (!column.kind || fills_up(preprocess_, column.name)) continue;
      const auto kind = [&](int64_t i) { return column.kind(order_[static_cast<size_t>(first + i)]); };
      for (int64_t i = 1; i < count; ++i)
        if (kind(i) != kind(0)) count = i;
    }
    return std::max<int64_t>(count, 1);
  }
  std::optional<AnswerTokens> answer() const override { return answer_; }

  static Result<Tensor> whole(const Column& column, std::span<const int64_t> rows) {
    PARE_ASSIGN(Tensor tensor, column.make(rows.empty() ? 0 : rows[0]));
    if (tensor.dtype() == column.binding.dtype) return tensor;
    return cast(tensor, column.binding.dtype);
  }

  static Result<Tensor> raw_batch(const RowSource& source, std::span<const int64_t> rows, const std::string& where) {
    Dims dims = source.dims();
    dims[0] = static_cast<int64_t>(rows.size());
    const auto bytes = tensor_bytes(source.dtype(), dims);
    if (!bytes) return input_error(where + ": a batch of these samples is too large");
    PARE_TRY(check_memory(where, *bytes));
    Tensor raw(source.dtype(), std::move(dims));
    PARE_TRY(source.read(rows, raw.mutable_bytes()));
    return raw;
  }

  // Rows are processed together, samples that are made one by one each for itself, as they may differ in shape before.
  static Result<Tensor> processed_batch(const Preprocess& preprocess, const Column& column,
                                        std::span<const int64_t> rows) {
    if (column.rows) {
      PARE_ASSIGN(Tensor raw, raw_batch(*column.rows, rows, column.where));
      auto processed = apply(preprocess, column.name, std::move(raw));
      if (!processed) return in_context(column.where, processed.failure());
      return processed;
    }
    Tensor all;
    for (size_t i = 0; i < rows.size(); ++i) {
      PARE_ASSIGN(Tensor raw, column.make(rows[i]));
      auto one = apply(preprocess, column.name, std::move(raw));
      if (!one) return in_context(column.where + ", sample " + std::to_string(rows[i]), one.failure());
      if (i == 0) {
        Dims dims = one->dims();
        dims[0] = static_cast<int64_t>(rows.size());
        const auto bytes = tensor_bytes(one->dtype(), dims);
        if (!bytes) return input_error(column.where + ": a batch of these samples is too large");
        PARE_TRY(check_memory(column.where, *bytes));
        all = Tensor(one->dtype(), dims);
      }
      if (!std::equal(one->dims().begin() + 1, one->dims().end(), all.dims().begin() + 1, all.dims().end())) {
        return input_error(column.where + ": sample " + std::to_string(rows[i]) + " is " + to_string(one->type()) +
                           " after preprocessing and sample " + std::to_string(rows[0]) + " was " +
                           to_string(Type{all.dtype(), Shape(all.dims().begin(), all.dims().end())}) +
                           "; samples of one batch must be of one size: add a resize, crop or pad step");
      }
      const auto from = one->bytes();
      std::copy(from.begin(), from.end(), all.mutable_bytes().begin() + static_cast<std::ptrdiff_t>(i * from.size()));
    }
    return all;
  }

 private:
  std::vector<Column> columns_;
  std::vector<InputType> inputs_;
  std::vector<int64_t> order_;  // sample index to row
  std::vector<int64_t> labels_;
  std::unique_ptr<RowSource> targets_;
  std::function<Result<Tensor>(int64_t)> make_target_;
  std::optional<AnswerTokens> answer_;
  Preprocess preprocess_;
};

bool has_extension(const std::string& path, std::string_view extension) {
  return path.size() > extension.size() &&
         std::equal(extension.rbegin(), extension.rend(), path.rbegin(),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

Result<Source> open_source(const std::string& path, const DatasetOptions& options, const Preprocess& preprocess) {
  std::error_code error;
  const std::vector<InputType>& inputs = options.inputs;
  if (is_test_data_folder(path)) return open_test_data_source(path, options);
  if (!fs::is_regular_file(path, error))
    return is_media_folder(path) ? open_media_source(path, inputs) : open_idx_source(path, inputs);
  PARE_ASSIGN(auto file, InputFile::open(path));
  unsigned char magic[4] = {};
  if (file->size() == 0) return input_error(path + ": is empty; expected a .npz, .npy, .csv, .wav or IDX file");
  PARE_TRY(file->read_at(0, std::as_writable_bytes(std::span(magic).first(std::min<size_t>(4, file->size())))));
  const auto begins = [&](std::initializer_list<unsigned char> bytes) {
    return std::equal(bytes.begin(), bytes.end(), magic);
  };
  if (begins({'P', 'K'})) return open_npz_source(path, inputs, preprocess.arrays);
  if (begins({0x93, 'N', 'U', 'M'})) return open_npy_source(path, inputs);
  if (begins({'R', 'I', 'F', 'F'})) return open_wav_source(path, inputs);
  if (begins({0x1F, 0x8B}) || begins({0, 0})) return open_idx_source(path, inputs);
  if (has_extension(path, ".csv")) return open_csv_source(path, inputs);
  if (has_extension(path, ".txt") || has_extension(path, ".tsv")) return open_text_source(path, inputs, preprocess);
  return input_error(
      path +
      ": is no data file this program reads; expected .npz, .npy, .csv, .wav, .txt, .tsv, an IDX file, or a folder of "
      "IDX files, pictures, sounds or ONNX test data");
}

// A whole number per row is a class; anything else is a target.
Result<Answers> read_answers(Source& source, const Preprocess& preprocess, std::optional<int64_t> classes) {
  if (source.make_target) return Answers{{}, nullptr, source.make_target, {}};
  RowSource& rows = *source.labels;
  const auto fail = [&](const std::string& why) { return input_error(source.labels_where + ": " + why); };
  const auto& dims = rows.dims();
  if (source.targets || std::any_of(dims.begin() + 1, dims.end(), [](int64_t dim) { return dim != 1; }))
    return Answers{{}, std::move(source.labels), nullptr, {}};
  PARE_TRY(check_memory(source.labels_where, static_cast<uint64_t>(rows.rows()) * rows.row_bytes()));
  PARE_ASSIGN(const Tensor tensor, read_all(rows));
  Answers answers;
  answers.classes.resize(static_cast<size_t>(tensor.size()));
  for (int64_t i = 0; i < tensor.size(); ++i) {
    double value = is_float(tensor.dtype()) ? tensor.as_double(i) : static_cast<double>(tensor.as_int(i));
    if (is_float(tensor.dtype()) && !classes && std::floor(value) != value && std::isfinite(value))
      return Answers{{}, std::move(source.labels), nullptr, {}};
    value += static_cast<double>(preprocess.label_offset);
    const double limit = classes ? static_cast<double>(*classes) : 2147483648.0;
    if (!(value >= 0 && value < limit && std::floor(value) == value)) {
      std::string text = std::to_string(value);
      if (std::floor(value) == value) text.resize(text.find('.'));
      return fail("label " + std::to_string(i) + " is " + text + "; expected an integer from 0 to " +
                  std::to_string(static_cast<int64_t>(limit) - 1));
    }
    answers.classes[static_cast<size_t>(i)] = static_cast<int64_t>(value);
  }
  return answers;
}

// Fisher and Yates, driven by SplitMix64 (Steele, Lea, Flood 2014), so that a seed means the same on every machine.
void shuffle(std::vector<int64_t>& order, uint64_t seed) {
  for (size_t i = order.size(); i > 1; --i) {
    uint64_t z = seed += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    z ^= z >> 31;
    std::swap(order[i - 1], order[z % i]);
  }
}

Result<std::vector<int64_t>> select_samples(const std::string& path, int64_t rows, const Answers& answers,
                                            const DatasetOptions& options) {
  if (rows == 0) return input_error(path + ": holds no samples");
  if (options.first < 0 || options.first >= rows) {
    return usage_error(path + ": holds " + std::to_string(rows) + " samples; sample " + std::to_string(options.first) +
                       " cannot be the first");
  }
  if (options.limit && *options.limit < 1) return usage_error(path + ": at least one sample must be taken");
  PARE_TRY(check_memory(path, static_cast<uint64_t>(rows) * sizeof(int64_t)));
  std::vector<int64_t> order(static_cast<size_t>(rows));
  std::iota(order.begin(), order.end(), int64_t{0});
  if (!options.keep_classes.empty()) {
    if (answers.classes.empty())
      return usage_error(path + ": some classes were asked for, and the data has no classes");
    std::erase_if(order, [&](int64_t row) {
      const auto& keep = options.keep_classes;
      return std::find(keep.begin(), keep.end(), answers.classes[static_cast<size_t>(row)]) == keep.end();
    });
    if (order.empty()) return input_error(path + ": holds no sample of the classes that were asked for");
  }
  if (options.shuffle_seed) shuffle(order, *options.shuffle_seed);
  order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(options.first));
  if (options.limit && static_cast<size_t>(*options.limit) < order.size())
    order.resize(static_cast<size_t>(*options.limit));
  if (options.draw && static_cast<size_t>(*options.draw) < order.size()) {
    shuffle(order, options.draw_seed);
    order.resize(static_cast<size_t>(*options.draw));
  }
  return order;
}

// The given file, or DATA.toml, DATA without its extension .toml, or preprocess.toml in the folder.
Result<Preprocess> find_preprocess(const std::string& path, const std::string& given) {
  if (!given.empty()) return read_preprocess(given);
  std::error_code error;
  fs::path data(path);
  if (!data.has_filename()) data = data.parent_path();
  std::vector<fs::path> candidates = {data.string() + ".toml", fs::path(data).replace_extension(".toml")};
  if (fs::is_directory(data, error))
    candidates.insert(candidates.begin(), data / "preprocess.toml");
  else if (!fs::exists(data, error))
    candidates.push_back(data.parent_path() / "preprocess.toml");
  for (const fs::path& candidate : candidates) {
    if (fs::is_regular_file(candidate, error)) return read_preprocess(candidate.string());
  }
  return Preprocess{};
}

// What preprocessing makes of the first sample, and how that fits the model's input.
Result<InputType> bind_column(Column& column, const Preprocess& preprocess, int64_t row,
                              const std::vector<InputType>& inputs) {
  InputType wanted{column.name, {}};
  for (const InputType& input : inputs) {
    if (input.name == column.name) wanted = input;
  }
  column.input = wanted;
  if (column.whole) {
    column.binding.dtype = wanted.type.dtype;
    return wanted;
  }
  PARE_ASSIGN(const Tensor probe, FileDataset::processed_batch(preprocess, column, std::span(&row, 1)));
  PARE_ASSIGN(column.binding, bind_samples(probe.dims(), probe.dtype(), wanted, column.where));
  Shape shape{Dim("N")};
  shape.insert(shape.end(), column.binding.sample.begin(), column.binding.sample.end());
  if (column.kind && !fills_up(preprocess, column.name) && wanted.type.shape) shape = *wanted.type.shape;
  return InputType{column.name, Type{column.binding.dtype, std::move(shape)}};
}

// [arrays] input = number: that number everywhere, in the input's shape; symbols are what they are in other inputs.
Result<Column> filled_column(const InputType& input, double value, const std::vector<InputType>& wanted,
                             const std::vector<InputType>& bound) {
  std::map<std::string, int64_t> symbols;
  for (const InputType& other : bound) {
    for (const InputType& declared : wanted) {
      if (declared.name != other.name || !declared.type.shape ||
          declared.type.shape->size() != other.type.shape->size())
        continue;
      for (size_t i = 0; i < declared.type.shape->size(); ++i)
        if (const Dim& dim = (*declared.type.shape)[i]; !dim.symbol.empty())
          symbols[dim.symbol] = (*other.type.shape)[i].size;
    }
  }
  const std::string where = "[arrays] " + input.name;
  if (!input.type.shape) return input_error(where + ": the model declares no shape to fill");
  const bool scalar = input.type.shape->empty();
  Dims dims;
  if (!scalar) dims.push_back(1);
  for (size_t i = 1; i < input.type.shape->size(); ++i) {
    const Dim& dim = (*input.type.shape)[i];
    const auto symbol = symbols.find(dim.symbol);
    if (!dim.known() && (symbol == symbols.end() || symbol->second < 0))
      return input_error(where + ": cannot fill " + to_string(input.type) + ", of which no other input tells the size");
    dims.push_back(dim.known() ? dim.size : symbol->second);
  }
  const auto bytes = tensor_bytes(input.type.dtype, dims);
  if (!bytes || *bytes > (size_t{1} << 30)) return input_error(where + ": cannot fill " + to_string(input.type));
  Tensor filled(input.type.dtype, dims);
  for (int64_t i = 0; i < filled.size(); ++i) filled.set_double(i, value);
  Column column{input.name, where, nullptr, [filled](int64_t) -> Result<Tensor> { return filled; }, 0};
  column.whole = scalar;
  column.binding = {scalar ? Dims() : Dims(dims.begin() + 1, dims.end()), input.type.dtype};
  return column;
}

}  // namespace

int64_t Dataset::alike(int64_t first, int64_t most) const { return std::min(most, size() - first); }

Result<Batch> Dataset::read_range(int64_t first, int64_t count) const {
  std::vector<int64_t> indices(static_cast<size_t>(std::max<int64_t>(count, 0)));
  std::iota(indices.begin(), indices.end(), first);
  return read(indices);
}

Result<std::unique_ptr<Dataset>> open_dataset(const std::string& path, const DatasetOptions& options) {
  PARE_ASSIGN(Preprocess preprocess, find_preprocess(path, options.preprocess));
  PARE_ASSIGN(Source source, open_source(path, options, preprocess));
  const int64_t rows = source.columns[0].samples();
  for (const Column& column : source.columns) {
    if (column.samples() != rows) {
      return input_error(column.where + ": has " + std::to_string(column.samples()) + " samples, but " +
                         source.columns[0].where + " has " + std::to_string(rows));
    }
  }
  Answers answers;
  if (source.labels) {
    const int64_t count = source.labels->rows();
    if (count != rows) {
      return input_error(source.labels_where + ": has " + std::to_string(count) + " labels for " +
                         std::to_string(rows) + " samples");
    }
  }
  if (source.labels || source.make_target) {
    PARE_ASSIGN(answers, read_answers(source, preprocess, options.classes));
  }
  if (preprocess.answer) {
    PARE_ASSIGN(answers.tokens, answer_tokens(*preprocess.answer, path));
  }
  PARE_ASSIGN(std::vector<int64_t> order, select_samples(path, rows, answers, options));
  std::vector<int64_t> labels;
  for (const int64_t row : order)
    if (!answers.classes.empty()) labels.push_back(answers.classes[static_cast<size_t>(row)]);
  std::vector<InputType> inputs;
  for (Column& column : source.columns) {
    PARE_ASSIGN(InputType type, bind_column(column, preprocess, order[0], options.inputs));
    inputs.push_back(std::move(type));
  }
  for (const InputType& input : options.inputs) {
    for (const ArrayChoice& choice : preprocess.arrays) {
      const double* value = std::get_if<double>(&choice.source);
      if (choice.input != input.name || !value) continue;
      PARE_ASSIGN(Column column, filled_column(input, *value, options.inputs, inputs));
      Shape shape;
      if (!column.whole) shape.emplace_back("N");
      shape.insert(shape.end(), column.binding.sample.begin(), column.binding.sample.end());
      inputs.push_back({input.name, Type{column.binding.dtype, std::move(shape)}});
      source.columns.push_back(std::move(column));
    }
  }
  return std::unique_ptr<Dataset>(std::make_unique<FileDataset>(std::move(source.columns), std::move(inputs),
                                                                std::move(order), std::move(labels), std::move(answers),
                                                                std::move(preprocess)));
}

}  // namespace pare
