#include "tests/cli/run_pare.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

namespace pare {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Folder {
  std::filesystem::path path;
  Folder() : path(std::filesystem::temp_directory_path() / ("pare-cli-test-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

}  // namespace

const std::filesystem::path& scratch() {
  static const Folder folder;
  return folder.path;
}

Outcome run_pare(const std::string& arguments) {
  const std::string out = in_scratch("stdout"), err = in_scratch("stderr");
  const std::string command = std::string(PARE_BINARY) + " " + arguments + " > " + out + " 2> " + err + " < /dev/null";
  const int status = std::system(command.c_str());
  Outcome outcome;
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = slurp(out);
  outcome.err = slurp(err);
  return outcome;
}

std::string shared_folder() {
  const char* given = std::getenv("PARE_SHARED");
  const std::filesystem::path folder = given ? given : "../shared";
  if (std::filesystem::is_directory(folder / "models")) return folder.string();
  static const bool said = (std::cout << "skipped: " << folder << " is not there\n", true);
  (void)said;
  return {};
}

}  // namespace pare
