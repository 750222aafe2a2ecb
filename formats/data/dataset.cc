#include "formats/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <numeric>

#include "formats/data/bind.h"
#include "formats/data/idx.h"
#include "formats/data/npz.h"
#include "formats/data/rows.h"

namespace pare {
namespace {

namespace fs = std::filesystem;

struct Column {
  std::string name;   // of the input it feeds
  std::string where;  // "cifar.npz, array 'x'"
  std::unique_ptr<RowSource> rows;
  Binding binding;
};

struct Source {
  std::vector<Column> columns;
  std::unique_ptr<RowSource> labels;  // may be null
  std::string labels_where;
};

class FileDataset final : public Dataset {
 public:
  FileDataset(std::vector<Column> columns, std::vector<InputType> inputs, std::vector<int64_t> order,
              std::vector<int64_t> labels, Preprocess preprocess)
      : columns_(std::move(columns)),
        inputs_(std::move(inputs)),
        order_(std::move(order)),
        labels_(std::move(labels)),
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
      PARE_ASSIGN(Tensor raw, raw_batch(column, rows));
      auto processed = apply(preprocess_, column.name, std::move(raw));
      if (!processed) return in_context(column.where, processed.failure());
      PARE_ASSIGN(Tensor tensor, bound(*std::move(processed), column.binding, column.where));
      batch.inputs.push_back({column.name, std::move(tensor)});
    }
    if (has_labels()) batch.labels = Tensor::of<int64_t>({batch.count}, labels);
    return batch;
  }

  static Result<Tensor> raw_batch(const Column& column, std::span<const int64_t> rows) {
    Dims dims = column.rows->dims();
    dims[0] = static_cast<int64_t>(rows.size());
    const auto bytes = tensor_bytes(column.rows->dtype(), dims);
    if (!bytes) return input_error(column.where + ": a batch of these samples is too large");
    PARE_TRY(check_memory(column.where, *bytes));
    Tensor raw(column.rows->dtype(), std::move(dims));
    PARE_TRY(column.rows->read(rows, raw.mutable_bytes()));
    return raw;
  }

 private:
  std::vector<Column> columns_;
  std::vector<InputType> inputs_;
  std::vector<int64_t> order_;  // sample index to row
  std::vector<int64_t> labels_;
  Preprocess preprocess_;
};

std::string quoted_list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return names.empty() ? "none" : text;
}

// Which array of the archive feeds which input; see open_dataset.
Result<std::vector<std::pair<std::string, std::string>>> choose_arrays(const NpzFile& npz,
                                                                       const std::vector<InputType>& inputs) {
  std::vector<std::pair<std::string, std::string>> pairs;  // input, array
  const std::vector<std::string> names = npz.names();
  if (inputs.empty()) {
    for (const std::string& name : names) {
      if (name != "y" && !name.starts_with("out:")) pairs.emplace_back(name, name);
    }
    return pairs;
  }
  std::string missing;
  for (const InputType& input : inputs) {
    if (npz.find(input.name))
      pairs.emplace_back(input.name, input.name);
    else if (npz.find("in:" + input.name))
      pairs.emplace_back(input.name, "in:" + input.name);
    else if (missing.empty())
      missing = input.name;
  }
  if (missing.empty()) return pairs;
  if (inputs.size() == 1) {
    if (npz.find("x")) return std::vector{std::pair(inputs[0].name, std::string("x"))};
    const auto candidates =
        std::count_if(names.begin(), names.end(), [](const std::string& name) { return name != "y"; });
    if (candidates == 1) return std::vector{std::pair(inputs[0].name, names[0] == "y" ? names[1] : names[0])};
  }
  return input_error(npz.path() + ": has no array for the model's input '" + missing + "'; its arrays are " +
                     quoted_list(names) + "; name them as the inputs" + (inputs.size() == 1 ? " or x" : ""));
}

Result<Source> open_npz(const std::string& path, const std::vector<InputType>& inputs) {
  PARE_ASSIGN(const NpzFile npz, NpzFile::open(path));
  PARE_ASSIGN(const auto pairs, choose_arrays(npz, inputs));
  Source source;
  bool y_is_input = false;
  for (const auto& [input, array] : pairs) {
    PARE_ASSIGN(auto rows, npz_rows(npz, array));
    y_is_input |= array == "y";
    source.columns.push_back({input, path + ", array '" + array + "'", std::move(rows), {}});
  }
  if (source.columns.empty()) return input_error(path + ": holds no arrays; expected x, and y for labels");
  if (!y_is_input && npz.find("y")) {
    source.labels_where = path + ", array 'y'";
    PARE_ASSIGN(source.labels, npz_rows(npz, "y"));
  }
  return source;
}

Result<Source> single_column(const std::string& where, std::unique_ptr<RowSource> rows,
                             const std::vector<InputType>& inputs) {
  if (inputs.size() > 1) {
    return input_error(where + ": holds one array, but the model has " + std::to_string(inputs.size()) +
                       " inputs; expected a .npz with an array for each");
  }
  Source source;
  source.columns.push_back({inputs.empty() ? "x" : inputs[0].name, where, std::move(rows), {}});
  return source;
}

Result<Source> open_idx(const std::string& path, const std::vector<InputType>& inputs) {
  PARE_ASSIGN(const IdxPair pair, find_idx_pair(path));
  PARE_ASSIGN(auto images, idx_rows(pair.images));
  PARE_ASSIGN(Source source, single_column(pair.images, std::move(images), inputs));
  if (!pair.labels.empty()) {
    source.labels_where = pair.labels;
    PARE_ASSIGN(source.labels, idx_rows(pair.labels));
  }
  return source;
}

Result<Source> open_source(const std::string& path, const std::vector<InputType>& inputs) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return open_idx(path, inputs);
  PARE_ASSIGN(auto file, InputFile::open(path));
  unsigned char magic[4] = {};
  if (file->size() == 0) return input_error(path + ": is empty; expected a .npz, .npy or IDX file");
  PARE_TRY(file->read_at(0, std::as_writable_bytes(std::span(magic).first(std::min<size_t>(4, file->size())))));
  const auto begins = [&](std::initializer_list<unsigned char> bytes) {
    return std::equal(bytes.begin(), bytes.end(), magic);
  };
  if (begins({'P', 'K'})) return open_npz(path, inputs);
  if (begins({0x93, 'N', 'U', 'M'})) {
    PARE_ASSIGN(auto rows, npy_rows(path));
    return single_column(path, std::move(rows), inputs);
  }
  if (begins({0x1F, 0x8B}) || begins({0, 0})) return open_idx(path, inputs);
  return input_error(path +
                     ": is no data file this program reads; expected .npz, .npy, an IDX file or a folder of them");
}

Result<std::vector<int64_t>> read_labels(const Source& source, std::optional<int64_t> classes) {
  const RowSource& rows = *source.labels;
  const auto fail = [&](const std::string& why) { return input_error(source.labels_where + ": " + why); };
  if (std::any_of(rows.dims().begin() + 1, rows.dims().end(), [](int64_t dim) { return dim != 1; })) {
    return fail("is " + to_string(Type{rows.dtype(), Shape(rows.dims().begin(), rows.dims().end())}) +
                "; expected one class per sample");
  }
  PARE_TRY(check_memory(source.labels_where, static_cast<uint64_t>(rows.rows()) * rows.row_bytes()));
  PARE_ASSIGN(const Tensor tensor, read_all(rows));
  std::vector<int64_t> labels(static_cast<size_t>(tensor.size()));
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const double value = is_float(tensor.dtype()) ? tensor.as_double(i) : static_cast<double>(tensor.as_int(i));
    const double limit = classes ? static_cast<double>(*classes) : 2147483648.0;
    if (!(value >= 0 && value < limit && std::floor(value) == value)) {
      std::string text = std::to_string(value);
      if (std::floor(value) == value) text.resize(text.find('.'));
      return fail("label " + std::to_string(i) + " is " + text + "; expected an integer from 0 to " +
                  std::to_string(static_cast<int64_t>(limit) - 1));
    }
    labels[static_cast<size_t>(i)] = static_cast<int64_t>(value);
  }
  return labels;
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

Result<std::vector<int64_t>> select_samples(const std::string& path, int64_t rows, const DatasetOptions& options) {
  if (rows == 0) return input_error(path + ": holds no samples");
  if (options.first < 0 || options.first >= rows) {
    return usage_error(path + ": holds " + std::to_string(rows) + " samples; sample " + std::to_string(options.first) +
                       " cannot be the first");
  }
  if (options.limit && *options.limit < 1) return usage_error(path + ": at least one sample must be taken");
  PARE_TRY(check_memory(path, static_cast<uint64_t>(rows) * sizeof(int64_t)));
  std::vector<int64_t> order(static_cast<size_t>(rows));
  std::iota(order.begin(), order.end(), int64_t{0});
  if (options.shuffle_seed) shuffle(order, *options.shuffle_seed);
  order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(options.first));
  if (options.limit && static_cast<size_t>(*options.limit) < order.size())
    order.resize(static_cast<size_t>(*options.limit));
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

}  // namespace

Result<Batch> Dataset::read_range(int64_t first, int64_t count) const {
  std::vector<int64_t> indices(static_cast<size_t>(std::max<int64_t>(count, 0)));
  std::iota(indices.begin(), indices.end(), first);
  return read(indices);
}

Result<std::unique_ptr<Dataset>> open_dataset(const std::string& path, const DatasetOptions& options) {
  PARE_ASSIGN(Preprocess preprocess, find_preprocess(path, options.preprocess));
  PARE_ASSIGN(Source source, open_source(path, options.inputs));
  const int64_t rows = source.columns[0].rows->rows();
  for (const Column& column : source.columns) {
    if (column.rows->rows() != rows) {
      return input_error(column.where + ": has " + std::to_string(column.rows->rows()) + " samples, but " +
                         source.columns[0].where + " has " + std::to_string(rows));
    }
  }
  PARE_ASSIGN(std::vector<int64_t> order, select_samples(path, rows, options));
  std::vector<int64_t> labels;
  if (source.labels) {
    PARE_ASSIGN(const auto all, read_labels(source, options.classes));
    if (static_cast<int64_t>(all.size()) != rows) {
      return input_error(source.labels_where + ": has " + std::to_string(all.size()) + " labels for " +
                         std::to_string(rows) + " samples");
    }
    for (int64_t row : order) labels.push_back(all[static_cast<size_t>(row)]);
  }
  std::vector<InputType> inputs;
  for (Column& column : source.columns) {
    // The first sample shows what preprocessing makes of the array.
    PARE_ASSIGN(Tensor raw, FileDataset::raw_batch(column, std::span(order).first(1)));
    auto probe = apply(preprocess, column.name, std::move(raw));
    if (!probe) return in_context(column.where, probe.failure());
    InputType wanted{column.name, {}};
    for (const InputType& input : options.inputs) {
      if (input.name == column.name) wanted = input;
    }
    PARE_ASSIGN(column.binding, bind_samples(probe->dims(), probe->dtype(), wanted, column.where));
    Shape shape{Dim("N")};
    shape.insert(shape.end(), column.binding.sample.begin(), column.binding.sample.end());
    inputs.push_back({column.name, Type{column.binding.dtype, std::move(shape)}});
  }
  return std::unique_ptr<Dataset>(std::make_unique<FileDataset>(
      std::move(source.columns), std::move(inputs), std::move(order), std::move(labels), std::move(preprocess)));
}

}  // namespace pare
