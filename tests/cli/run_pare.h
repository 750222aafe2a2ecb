// Runs the real binary and keeps what it says.
#pragma once

#include <filesystem>
#include <string>

namespace pare {

struct Outcome {
  int exit_code = -1;  // 128 + the signal when it died of one
  std::string out;     // not a terminal: JSON with --json, else empty
  std::string err;
};

// `arguments` go through the shell, so quotes work.
Outcome run_pare(const std::string& arguments);

// An empty folder of this process, removed at its end.
const std::filesystem::path& scratch();
inline std::string in_scratch(const std::string& name) { return (scratch() / name).string(); }

// ../shared, or $PARE_SHARED; empty where it is missing, which is said once.
std::string shared_folder();

}  // namespace pare
