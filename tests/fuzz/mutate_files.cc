// Mutates model files many times and does with each what the verbs do, in a process of its own: it ends with an exit
// code of the command line (0, 3 or 4; anything else is a fault), within 5 seconds, in at most twice the file and 64 MB
// more than before. Prints what broke that, keeps the file, and closes with counts.
// With --graphs, does the same with N small graphs made from random bytes, planned and plain.
//   mutate_files [--count N] [--seed S] [--keep FOLDER] FILE...
//   mutate_files --graphs N [--seed S] [--keep FOLDER] [--print]      (--print: the graphs, without a run)
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "formats/onnx/onnx.h"
#include "formats/pare/pare_file.h"
#include "graph/text.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/random_graph.h"
#include "tests/fuzz/targets.h"

namespace pare::fuzz {
namespace {

constexpr unsigned kSeconds = 5;

FileBytes slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Result<Graph> read(const std::string& extension, const FileBytes& bytes) {
  if (extension == ".onnx") return read_onnx(bytes);
  if (extension == ".pare") return read_pare(bytes, nullptr);
  return parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// The exit code that the command line would give.
int use(const std::string& extension, const FileBytes& bytes) {
  if (extension.empty()) return executor(bytes), 0;
  const auto graph = read(extension, bytes);
  if (graph) {
    use_model(*graph);
    return 0;
  }
  check_refusal(graph.failure());
  return static_cast<int>(graph.failure().code);
}

struct Ending {
  int status = 0;
  int64_t peak = 0;  // bytes beyond what the process began with
  double seconds = 0;
};

int64_t resident() {
  std::ifstream statm("/proc/self/statm");
  int64_t pages = 0, resident_pages = 0;
  statm >> pages >> resident_pages;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

Ending in_a_process(const std::string& extension, const FileBytes& bytes) {
  const auto start = std::chrono::steady_clock::now();
  const int64_t before = resident();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(kSeconds);
    _exit(use(extension, bytes));
  }
  Ending ending;
  rusage usage{};
  wait4(child, &ending.status, 0, &usage);
  ending.peak = int64_t{usage.ru_maxrss} * 1024 - before;
  ending.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return ending;
}

std::string fault_of(const Ending& ending, size_t file_bytes) {
  if (WIFSIGNALED(ending.status)) {
    return WTERMSIG(ending.status) == SIGALRM ? "took more than 5 seconds"
                                              : "died of signal " + std::to_string(WTERMSIG(ending.status));
  }
  const int code = WEXITSTATUS(ending.status);
  if (code != 0 && code != 3 && code != 4) return "ended with code " + std::to_string(code);
#if !defined(__SANITIZE_ADDRESS__)
  if (ending.peak > static_cast<int64_t>(2 * file_bytes) + (64 << 20))
    return "took " + std::to_string(ending.peak >> 20) + " MB";
#endif
  return {};
}

FileBytes random_bytes(std::mt19937& random) {
  FileBytes bytes(40 + random() % 160);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// Without files: graphs.
int run(int count, unsigned seed, const std::string& keep, const std::vector<std::filesystem::path>& files) {
  std::map<int, int> codes;
  int faults = 0;
  Ending worst;
  for (int i = 0; i < count; ++i) {
    const auto path = files.empty() ? std::filesystem::path("graph") : files[static_cast<size_t>(i) % files.size()];
    std::mt19937 random(seed + static_cast<unsigned>(i));
    const FileBytes bytes = files.empty() ? random_bytes(random) : mutate_file(slurp(path), path.extension(), random);
    const Ending ending = in_a_process(path.extension(), bytes);
    worst.peak = std::max(worst.peak, ending.peak);
    worst.seconds = std::max(worst.seconds, ending.seconds);
    if (const std::string fault = fault_of(ending, bytes.size()); !fault.empty()) {
      ++faults;
      std::printf("%s, seed %u: %s\n", path.c_str(), seed + static_cast<unsigned>(i), fault.c_str());
      std::fflush(stdout);
      if (keep.empty()) continue;
      const auto kept =
          std::filesystem::path(keep) / (std::to_string(seed + static_cast<unsigned>(i)) + path.extension().string());
      std::ofstream(kept, std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      continue;
    }
    ++codes[WEXITSTATUS(ending.status)];
  }
  std::printf(
      "%d files: %d handled, %d refused as bad input, %d not supported, %d faults; at most %.2f s and %lld MB\n", count,
      codes[0], codes[3], codes[4], faults, worst.seconds, static_cast<long long>(worst.peak >> 20));
  return faults == 0 ? 0 : 1;
}

}  // namespace
}  // namespace pare::fuzz

int main(int argc, char** argv) {
  int count = 1000;
  unsigned seed = 1;
  bool graphs = false, shown = false;
  std::string keep;
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    graphs = graphs || argument == "--graphs";
    shown = shown || argument == "--print";
    if (argument == "--print") continue;
    if ((argument == "--count" || argument == "--graphs") && i + 1 < argc) {
      count = std::atoi(argv[++i]);
    } else if (argument == "--seed" && i + 1 < argc) {
      seed = static_cast<unsigned>(std::atoi(argv[++i]));
    } else if (argument == "--keep" && i + 1 < argc) {
      keep = argv[++i];
    } else {
      files.emplace_back(argument);
    }
  }
  if (files.empty() != graphs) {
    std::fprintf(stderr,
                 "usage: mutate_files [--count N] [--seed S] [--keep FOLDER] FILE...\n       mutate_files --graphs N "
                 "[--seed S] [--keep FOLDER] [--print]\n");
    return 2;
  }
  for (int i = 0; shown && i < count; ++i) {
    std::mt19937 random(seed + static_cast<unsigned>(i));
    std::fputs(pare::print(pare::fuzz::random_graph(pare::fuzz::random_bytes(random))).c_str(), stdout);
  }
  return shown ? 0 : pare::fuzz::run(count, seed, keep, files);
}
