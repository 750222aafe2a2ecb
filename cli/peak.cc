#include "cli/peak.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "formats/data/npz.h"

extern char** environ;

namespace pare::cli {
namespace {

namespace fs = std::filesystem;

// A folder that goes when it does.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "pare-XXXXXX").string();
    if (!error && mkdtemp(name.data())) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What this program says on stdout when it is run with these arguments; nothing where it fails.
std::optional<std::string> output_of(std::vector<std::string> arguments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  arguments.insert(arguments.begin(), "pare");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int spawned = posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t got = 0; spawned == 0 && (got = read(ends[0], buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<size_t>(got));
  close(ends[0]);
  int status = 0;
  if (spawned != 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return std::nullopt;
  return text;
}

}  // namespace

std::optional<int64_t> process_peak(const ComparedModel& model, const std::vector<Tensor>& inputs) {
  std::vector<std::string> arguments{"bench", "--json", "--runs", "1", "--threads", "1"};
  const TemporaryFolder folder;
  if (!inputs.empty() && !folder.path().empty()) {
    std::vector<NamedTensor> arrays;
    for (size_t i = 0; i < inputs.size(); ++i)
      arrays.push_back({model.graph->value(model.graph->inputs[i]).name, inputs[i]});
    const std::string file = folder.path() + "/sample.npz";
    if (!write_npz(file, arrays)) return std::nullopt;
    arguments.insert(arguments.end(), {"--in", file});
  }
  arguments.insert(arguments.end(), {"--", model.path});
  if (model.decoder) arguments.push_back(model.decoder_path);
  const auto text = output_of(std::move(arguments));
  if (!text) return std::nullopt;
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("peak_bytes") || !json["peak_bytes"].is_number_integer()) return std::nullopt;
  return json["peak_bytes"].get<int64_t>();
}

}  // namespace pare::cli
