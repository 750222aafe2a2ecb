// Comma-separated values.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "formats/data/sources.h"
#include "formats/file.h"

namespace pare {
namespace {

constexpr std::string_view kLabelNames[] = {"y", "label", "class", "target"};

// The fields of one line; quotes are taken off, "" in quotes is one quote.
std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        fields.back() += '"';
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  for (std::string& field : fields) {
    while (!field.empty() && (field.back() == ' ' || field.back() == '\r')) field.pop_back();
    field.erase(0, field.find_first_not_of(' '));
  }
  return fields;
}

class CsvFile {
 public:
  static Result<std::shared_ptr<const CsvFile>> open(const std::string& path) {
    auto file = std::make_shared<CsvFile>();
    file->path_ = path;
    PARE_ASSIGN(file->buffer_, map_file(path));
    const auto bytes = file->buffer_->bytes();
    const char* text = reinterpret_cast<const char*>(bytes.data());
    for (size_t at = 0; at < bytes.size();) {
      const void* newline = std::memchr(text + at, '\n', bytes.size() - at);
      const size_t end = newline ? static_cast<size_t>(static_cast<const char*>(newline) - text) : bytes.size();
      const std::string_view line(text + at, end - at);
      if (line.find_first_not_of(" \r") != std::string_view::npos) {
        if (file->names_.empty())
          file->names_ = split(line);
        else
          file->lines_.push_back(at);
      }
      at = end + 1;
    }
    if (file->lines_.empty())
      return input_error(path + ": holds no rows; expected a header of column names, then a row per sample");
    for (const std::string& name : file->names_) {
      double number = 0;
      if (parse(name, number))
        return input_error(path + ": its first line holds the number " + name + "; expected a header of column names");
    }
    return std::shared_ptr<const CsvFile>(std::move(file));
  }

  const std::vector<std::string>& names() const { return names_; }
  int64_t rows() const { return static_cast<int64_t>(lines_.size()); }

  // The numbers of one row in the chosen columns.
  Result<void> read(int64_t row, const std::vector<size_t>& columns, float* out) const {
    const auto bytes = buffer_->bytes();
    const char* text = reinterpret_cast<const char*>(bytes.data());
    const size_t begin = lines_[static_cast<size_t>(row)];
    const void* newline = std::memchr(text + begin, '\n', bytes.size() - begin);
    const size_t end = newline ? static_cast<size_t>(static_cast<const char*>(newline) - text) : bytes.size();
    const std::vector<std::string> fields = split({text + begin, end - begin});
    if (fields.size() != names_.size()) {
      return input_error(path_ + ": row " + std::to_string(row + 1) + " has " + std::to_string(fields.size()) +
                         " fields, expected " + std::to_string(names_.size()) + " as in the header");
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      double number = 0;
      if (!parse(fields[columns[i]], number)) {
        return input_error(path_ + ": row " + std::to_string(row + 1) + ", column '" + names_[columns[i]] + "' is '" +
                           fields[columns[i]].substr(0, 40) + "', expected a number");
      }
      out[i] = static_cast<float>(number);
    }
    return {};
  }

 private:
  static bool parse(const std::string& field, double& number) {
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    return !field.empty() && error == std::errc() && end == field.data() + field.size();
  }

  std::string path_;
  std::shared_ptr<Buffer> buffer_;
  std::vector<std::string> names_;
  std::vector<size_t> lines_;  // where each row begins
};

// Some columns of the file as an array [rows, columns].
class CsvRows final : public RowSource {
 public:
  CsvRows(std::shared_ptr<const CsvFile> file, std::vector<size_t> columns)
      : RowSource(DType::float32, {file->rows(), static_cast<int64_t>(columns.size())}),
        file_(std::move(file)),
        columns_(std::move(columns)) {}

 protected:
  Result<void> fetch(std::span<const int64_t> rows, std::byte* out) const override {
    for (size_t i = 0; i < rows.size(); ++i)
      PARE_TRY(file_->read(rows[i], columns_, reinterpret_cast<float*>(out + i * row_bytes())));
    return {};
  }

 private:
  std::shared_ptr<const CsvFile> file_;
  std::vector<size_t> columns_;
};

}  // namespace

Result<Source> open_csv_source(const std::string& path, const std::vector<InputType>& inputs) {
  PARE_ASSIGN(const auto file, CsvFile::open(path));
  const std::vector<std::string>& names = file->names();
  Source source;
  size_t label = names.size();
  for (const std::string_view wanted : kLabelNames) {
    const auto at = std::find(names.begin(), names.end(), wanted);
    if (at == names.end() || label != names.size()) continue;
    label = static_cast<size_t>(at - names.begin());
  }
  const auto column_of = [&](const std::string& name) {
    return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  const bool by_name = !inputs.empty() && std::all_of(inputs.begin(), inputs.end(), [&](const InputType& input) {
    return column_of(input.name) < names.size();
  });
  if (by_name) {
    for (const InputType& input : inputs) {
      source.columns.push_back({input.name, path + ", column '" + input.name + "'",
                                std::make_unique<CsvRows>(file, std::vector{column_of(input.name)}), nullptr});
    }
  } else {
    std::vector<size_t> features;
    for (size_t i = 0; i < names.size(); ++i)
      if (i != label) features.push_back(i);
    if (features.empty()) return input_error(path + ": holds labels alone; expected columns of features");
    PARE_ASSIGN(source,
                single_column({{}, path, std::make_unique<CsvRows>(file, std::move(features)), nullptr}, inputs));
  }
  if (label < names.size()) {
    source.labels_where = path + ", column '" + names[label] + "'";
    source.labels = std::make_unique<CsvRows>(file, std::vector{label});
  }
  return source;
}

}  // namespace pare
