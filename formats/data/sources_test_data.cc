// Folders of ONNX test data.
#include <algorithm>
#include <filesystem>
#include <mutex>

#include "formats/data/sources.h"
#include "formats/onnx/onnx.h"

namespace pare {
namespace {

namespace fs = std::filesystem;

// test_data_set_0, test_data_set_1, ..., by number; or the folder itself where it is one.
std::vector<fs::path> set_folders(const fs::path& folder) {
  std::error_code error;
  if (fs::is_regular_file(folder / "input_0.pb", error)) return {folder};
  std::vector<fs::path> sets;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->path().filename().string().starts_with("test_data_set_") && it->is_directory(error))
      sets.push_back(it->path());
  std::sort(sets.begin(), sets.end(), [](const fs::path& a, const fs::path& b) {
    const std::string x = a.filename().string(), y = b.filename().string();
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  return sets;
}

// One file of every set, as samples.
class SetFiles {
 public:
  SetFiles(std::vector<fs::path> sets, std::string file, size_t axis)
      : sets_(std::move(sets)), file_(std::move(file)), axis_(axis) {}

  // Reads every set once for its shape.
  Result<void> measure() {
    for (size_t s = 0; s < sets_.size(); ++s) {
      PARE_ASSIGN(const Tensor tensor, read_set(s));
      const bool scalar = tensor.rank() == 0;
      if (s > 0 && scalar != whole_)
        return input_error(path(s) + ": is " + to_string(tensor.type()) + ", and " + path(0) + " is not of that rank");
      whole_ = scalar;
      if (!scalar && tensor.rank() <= axis_)
        return input_error(path(s) + ": is " + to_string(tensor.type()) + ", and samples are counted along axis " +
                           std::to_string(axis_));
      Dims sample = tensor.dims();
      counts_.push_back(scalar ? 0 : sample[axis_]);
      if (!scalar) sample[axis_] = -1;
      const auto same = std::find(shapes_.begin(), shapes_.end(), sample);
      // Scalars of two sets may differ, so their samples are not read together.
      kinds_.push_back(scalar ? static_cast<int64_t>(s) : same - shapes_.begin());
      shapes_.push_back(std::move(sample));
    }
    return {};
  }

  bool whole() const { return whole_; }
  const std::vector<int64_t>& counts() const { return counts_; }
  int64_t kind(size_t set) const { return kinds_[set]; }
  std::string path(size_t set) const { return (sets_[set] / file_).string(); }

  // [1, ...]: sample `index` of a set; of whole files all of it.
  Result<Tensor> sample(size_t set, int64_t index) const {
    PARE_ASSIGN(const Tensor all, cached(set));
    if (whole_) return all;
    Dims dims = all.dims();
    if (dims.size() <= axis_ || index >= dims[axis_]) return input_error(path(set) + ": changed while it was read");
    size_t outer = 1, inner = static_cast<size_t>(bits(all.dtype()) / 8);
    for (size_t i = 0; i < axis_; ++i) outer *= static_cast<size_t>(dims[i]);
    for (size_t i = axis_ + 1; i < dims.size(); ++i) inner *= static_cast<size_t>(dims[i]);
    const auto extent = static_cast<size_t>(dims[axis_]);
    dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis_));
    dims.insert(dims.begin(), 1);
    Tensor one(all.dtype(), dims);
    std::byte* out = one.mutable_bytes().data();
    for (size_t o = 0; o < outer; ++o) {
      const std::byte* from = all.bytes().data() + (o * extent + static_cast<size_t>(index)) * inner;
      std::copy(from, from + inner, out + o * inner);
    }
    return one;
  }

 private:
  Result<Tensor> read_set(size_t set) const {
    PARE_ASSIGN(NamedTensor read, read_onnx_tensor(path(set)));
    const int width = bits(read.tensor.dtype());
    if (width < 8)
      return unsupported(path(set) + ": holds " + std::string(name(read.tensor.dtype())) +
                         " elements, which are no data here");
    return std::move(read.tensor);
  }
  Result<Tensor> cached(size_t set) const {
    const std::lock_guard lock(mutex_);
    if (held_set_ != static_cast<int64_t>(set)) {
      PARE_ASSIGN(held_, read_set(set));
      held_set_ = static_cast<int64_t>(set);
    }
    return held_;
  }

  std::vector<fs::path> sets_;
  std::string file_;
  size_t axis_;
  bool whole_ = false;
  std::vector<int64_t> counts_, kinds_;
  std::vector<Dims> shapes_;
  mutable std::mutex mutex_;
  mutable Tensor held_;
  mutable int64_t held_set_ = -1;
};

// Which set a sample lies in, and where.
struct Places {
  std::vector<size_t> sets;
  std::vector<int64_t> indices;
};

}  // namespace

bool is_test_data_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error) && !set_folders(path).empty();
}

Result<Source> open_test_data_source(const std::string& path, const DatasetOptions& options) {
  const std::vector<fs::path> sets = set_folders(path);
  std::vector<InputType> inputs = options.inputs;
  std::error_code error;
  if (inputs.empty()) {
    while (fs::exists(sets[0] / ("input_" + std::to_string(inputs.size()) + ".pb"), error))
      inputs.push_back({"input_" + std::to_string(inputs.size()), {}});
  }
  std::vector<std::shared_ptr<SetFiles>> files;
  const auto places = std::make_shared<Places>();
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto file = std::make_shared<SetFiles>(sets, "input_" + std::to_string(i) + ".pb", inputs[i].batch_axis);
    PARE_TRY(file->measure());
    if (!file->whole() && places->sets.empty()) {
      for (size_t s = 0; s < sets.size(); ++s) {
        for (int64_t k = 0; k < file->counts()[s]; ++k) {
          places->sets.push_back(s);
          places->indices.push_back(k);
        }
      }
    }
    files.push_back(std::move(file));
  }
  const auto count = static_cast<int64_t>(places->sets.size());
  if (count == 0) return input_error(path + ": holds no samples: no input has an axis that counts them");
  const auto with_output = sets[0] / ("output_" + std::to_string(options.output) + ".pb");
  std::shared_ptr<SetFiles> target;
  if (fs::exists(with_output, error)) {
    target = std::make_shared<SetFiles>(sets, with_output.filename().string(), options.output_batch_axis);
    PARE_TRY(target->measure());
  }
  const auto counts_of = [&](const SetFiles& file) -> Result<void> {
    for (size_t s = 0; s < sets.size() && !file.whole(); ++s) {
      const auto wanted = std::count(places->sets.begin(), places->sets.end(), s);
      if (file.counts()[s] != wanted)
        return input_error(file.path(s) + ": holds " + std::to_string(file.counts()[s]) +
                           " samples where the set's first input holds " + std::to_string(wanted));
    }
    return {};
  };
  Source source;
  for (size_t i = 0; i < inputs.size(); ++i) {
    PARE_TRY(counts_of(*files[i]));
    Column column{inputs[i].name, path + ", input_" + std::to_string(i) + ".pb", nullptr, nullptr, count};
    column.whole = files[i]->whole();
    const auto at = [places](int64_t k) {
      return std::pair(places->sets[static_cast<size_t>(k)], places->indices[static_cast<size_t>(k)]);
    };
    column.make = [file = files[i], at](int64_t k) { return file->sample(at(k).first, at(k).second); };
    column.kind = [file = files[i], target, at](int64_t k) {
      return file->kind(at(k).first) * int64_t{1 << 20} + (target ? target->kind(at(k).first) : 0);
    };
    source.columns.push_back(std::move(column));
  }
  if (target) {
    PARE_TRY(counts_of(*target));
    if (target->whole()) return input_error(target->path(0) + ": is a scalar; expected one row for each sample");
    source.labels_where = with_output.string();
    source.make_target = [places, target](int64_t k) {
      return target->sample(places->sets[static_cast<size_t>(k)], places->indices[static_cast<size_t>(k)]);
    };
  }
  return source;
}

}  // namespace pare
