#include "formats/onnx/external.h"

#include <algorithm>

namespace pare::onnx_format {
namespace {

namespace fs = std::filesystem;

// Whether `path` lies in or below `folder`; both canonical.
bool within(const fs::path& folder, const fs::path& path) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

}  // namespace

Result<std::shared_ptr<const InputFile>> ExternalFiles::open(const std::string& location) {
  if (const auto known = files_.find(location); known != files_.end()) return known->second;
  if (!folder_)
    return input_error("has external data, which a model without a folder cannot have; read it from a file");
  const fs::path relative(location);
  const bool climbs = std::find(relative.begin(), relative.end(), "..") != relative.end();
  if (location.empty() || location.find('\0') != std::string::npos || relative.is_absolute() || climbs) {
    return input_error("external data location '" + location + "' is not a path inside the model's folder");
  }
  std::error_code error;
  const fs::path folder = fs::canonical(folder_->empty() ? fs::path(".") : *folder_, error);
  if (error) return input_error(folder_->string() + ": cannot be resolved (" + error.message() + ")");
  const fs::path target = fs::canonical(folder / relative, error);
  if (error) return input_error("external data file '" + location + "' is missing from " + folder.string());
  if (!within(folder, target)) {
    return input_error("external data location '" + location + "' leads out of the model's folder through a link");
  }
  PARE_ASSIGN(auto file, InputFile::open(target.string()));
  files_.emplace(location, file);
  return file;
}

Result<std::shared_ptr<Buffer>> ExternalFiles::map(const std::string& location, uint64_t offset,
                                                   std::optional<uint64_t> length) {
  PARE_ASSIGN(const auto file, open(location));
  if (offset > file->size() || length.value_or(0) > file->size() - offset) {
    return input_error("external data of " + std::to_string(length.value_or(0)) + " bytes at byte " +
                       std::to_string(offset) + " of '" + location + "' lies beyond its " +
                       std::to_string(file->size()) + " bytes; the file is truncated or not the model's");
  }
  const uint64_t bytes = length.value_or(file->size() - offset);
  if (bytes == 0) return Buffer::allocate(0);
  return file->map(offset, bytes);
}

}  // namespace pare::onnx_format
