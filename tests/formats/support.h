// What the file tests share: scratch folders, bytes from hex, the data beside the repository.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace pare::testing {

// A fresh folder, removed with everything in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    static std::atomic<int> counter{0};
    path_ = std::filesystem::temp_directory_path() /
            ("pare-test-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }
  // Writes a file and returns its path.
  std::string file(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return *this / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Real models and data, beside the repository or where PARE_SHARED says; empty when they are missing.
inline std::string shared_path(const std::string& name) {
  const char* root = std::getenv("PARE_SHARED");
  const std::filesystem::path path = std::filesystem::path(root ? root : "../shared") / name;
  return std::filesystem::exists(path) ? path.string() : std::string();
}

}  // namespace pare::testing

// Skips the test by name where the file is missing.
#define PARE_SHARED_OR_SKIP(variable, name)                      \
  const std::string variable = pare::testing::shared_path(name); \
  if (variable.empty()) {                                        \
    WARN("skipped: " name " is not in the shared folder");       \
    return;                                                      \
  }
