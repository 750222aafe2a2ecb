#include "formats/data/idx.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

namespace pare {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxRank = 8;

std::optional<DType> element_type(std::byte code) {
  switch (std::to_integer<int>(code)) {
    case 0x08:
      return DType::uint8;
    case 0x09:
      return DType::int8;
    case 0x0B:
      return DType::int16;
    case 0x0C:
      return DType::int32;
    case 0x0D:
      return DType::float32;
    case 0x0E:
      return DType::float64;
  }
  return std::nullopt;
}

// The prefix of a file name of this kind ("-images", "-labels"), or nothing.
std::optional<std::string> prefix_of(std::string_view name, std::string_view kind) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  const size_t at = name.rfind(kind);
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  const std::string_view rest = name.substr(at + kind.size());
  const bool idx = rest.size() > 4 && (rest[0] == '-' || rest[0] == '.') && rest.substr(1, 3) == "idx";
  if (!idx) return std::nullopt;
  return std::string(name.substr(0, at));
}

// Every set of a folder by prefix; an uncompressed file wins over its .gz.
Result<std::map<std::string, IdxPair>> find_sets(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    files.push_back(it->path());
  if (error) return input_error(folder.string() + ": cannot be listed (" + error.message() + ")");
  std::sort(files.begin(), files.end());
  std::map<std::string, IdxPair> sets;
  std::map<std::string, std::string> labels;
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    if (const auto prefix = prefix_of(name, "-images")) {
      std::string& images = sets[*prefix].images;
      if (images.empty()) images = file.string();
    } else if (const auto prefix = prefix_of(name, "-labels")) {
      std::string& path = labels[*prefix];
      if (path.empty()) path = file.string();
    }
  }
  for (auto& [prefix, pair] : sets) {
    if (const auto it = labels.find(prefix); it != labels.end()) pair.labels = it->second;
  }
  return sets;
}

Result<std::vector<std::byte>> read_start(const std::shared_ptr<const InputFile>& file, bool gzip, size_t count) {
  std::vector<std::byte> start(count);
  if (gzip) {
    InflateStream stream(file, InflateStream::Form::gzip, {0, file->size(), std::nullopt}, file->path());
    PARE_TRY(stream.read(start));
  } else {
    PARE_TRY(file->read_at(0, start));
  }
  return start;
}

}  // namespace

Result<std::unique_ptr<RowSource>> idx_rows(const std::string& path) {
  PARE_ASSIGN(auto file, InputFile::open(path));
  if (file->size() < 4) return input_error(path + ": is too short for an IDX file");
  std::byte magic[2];
  PARE_TRY(file->read_at(0, magic));
  const bool gzip = magic[0] == std::byte{0x1F} && magic[1] == std::byte{0x8B};
  PARE_ASSIGN(const auto start, read_start(file, gzip, 4));
  const auto dtype = element_type(start[2]);
  const size_t rank = std::to_integer<size_t>(start[3]);
  if (start[0] != std::byte{0} || start[1] != std::byte{0} || !dtype) {
    return input_error(path + ": does not begin as an IDX file does (two zero bytes and an element type)");
  }
  if (rank == 0 || rank > kMaxRank) {
    return input_error(path + ": declares " + std::to_string(rank) + " dimensions; expected 1 to " +
                       std::to_string(kMaxRank));
  }
  RowLayout layout{*dtype, Dims(rank), true, 4 + 4 * rank};
  PARE_ASSIGN(const auto header, read_start(file, gzip, static_cast<size_t>(layout.offset)));
  std::string shape;
  for (size_t axis = 0; axis < rank; ++axis) {
    for (size_t i = 0; i < 4; ++i)
      layout.dims[axis] = layout.dims[axis] << 8 | std::to_integer<int64_t>(header[4 + 4 * axis + i]);
    shape += (axis ? "," : "") + std::to_string(layout.dims[axis]);
  }
  const auto bytes = tensor_bytes(*dtype, layout.dims);
  if (!bytes) return input_error(path + ": declares the impossible size [" + shape + "]");
  PARE_TRY(check_rows(*dtype, layout.dims, path));
  const uint64_t size = layout.offset + *bytes;
  if (gzip) {
    PARE_TRY(check_gzip_size(file, size));
    const InflateStream::Range range{0, file->size(), std::nullopt};
    return inflated_rows(file, InflateStream::Form::gzip, range, size, std::move(layout), path);
  }
  if (file->size() != size) {
    return input_error(path + ": is " + std::to_string(file->size()) + " bytes long, but its header [" + shape +
                       "] means " + std::to_string(size) + "; the file is damaged or truncated");
  }
  return file_rows(std::move(file), std::move(layout));
}

Result<Tensor> read_idx(const std::string& path) {
  PARE_ASSIGN(auto rows, idx_rows(path));
  PARE_TRY(check_memory(path, static_cast<uint64_t>(rows->rows()) * rows->row_bytes()));
  return read_all(*rows);
}

Result<IdxPair> find_idx_pair(const std::string& path) {
  std::error_code error;
  fs::path folder(path);
  std::optional<std::string> wanted;
  if (!fs::is_directory(folder, error)) {
    std::string name = folder.filename().string();
    folder = folder.parent_path();
    if (folder.empty()) folder = ".";
    if (!fs::is_directory(folder, error)) return input_error(path + ": no such file or folder; check the path");
    if (fs::is_regular_file(path, error)) {
      IdxPair pair{path, {}};
      const auto prefix = prefix_of(name, "-images");
      if (!prefix) return pair;
      PARE_ASSIGN(const auto sets, find_sets(folder));
      if (const auto it = sets.find(*prefix); it != sets.end()) pair.labels = it->second.labels;
      return pair;
    }
    wanted = std::move(name);
  }
  PARE_ASSIGN(const auto sets, find_sets(folder));
  std::string names;
  for (const auto& [prefix, pair] : sets) names += (names.empty() ? "'" : ", '") + prefix + "'";
  if (wanted) {
    if (const auto it = sets.find(*wanted); it != sets.end()) return it->second;
    return input_error(path + ": no such file or folder" +
                       (sets.empty() ? std::string("; check the path") : ", and the folder's IDX sets are " + names));
  }
  if (sets.empty()) {
    return input_error(
        path +
        ": the folder holds no IDX files (such as train-images-idx3-ubyte.gz); expected those, or a .npz or .npy file");
  }
  if (sets.size() > 1) {
    return input_error(path + ": the folder holds several sets (" + names + "); name one, as in " +
                       (folder / sets.begin()->first).string());
  }
  return sets.begin()->second;
}

}  // namespace pare
