#include "cli/session.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

namespace pare::cli {

void Session::add_options(CLI::App& verb) {
  verb.add_flag("--json", json, "Print the result as one JSON object on stdout");
  verb.add_option("--threads", threads, "Threads to use; never changes a result (default: all cores)")
      ->check(CLI::Range(1, 1024));
  verb.add_option("--seed", seed, "Fixes every random choice")->capture_default_str();
}

int Session::thread_count() const {
  if (threads > 0) return threads;
  const unsigned cores = std::thread::hardware_concurrency();
  return cores > 0 ? static_cast<int>(cores) : 1;
}

void Session::say_line(const std::string& line) const {
  if (json) return;
  std::FILE* out = isatty(STDOUT_FILENO) ? stdout : stderr;
  std::fwrite(line.data(), 1, line.size(), out);
  std::fputc('\n', out);
  std::fflush(out);
}

void Session::emit(const Json& result) const {
  if (!json) return;
  const std::string text = result.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::function<void(int64_t, int64_t)> Session::progress(std::string what) const {
  const bool terminal = isatty(STDERR_FILENO);
  if (json && !terminal) return {};
  auto last = std::make_shared<int64_t>(-1);
  return [what = std::move(what), terminal, last](int64_t done, int64_t total) {
    const int64_t steps = terminal ? 100 : 10;
    const int64_t step = total > 0 ? steps * done / total : steps;
    if (step == *last) return;
    *last = step;
    if (!terminal) {
      fmt::print(stderr, "{}: {} of {}\n", what, done, total);
      return;
    }
    const auto filled = static_cast<size_t>(step * 30 / steps);
    fmt::print(stderr, "\r\033[K{} [{}{}] {}/{}", what, std::string(filled, '#'), std::string(30 - filled, ' '), done, total);
    if (done == total) fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
  };
}

double Session::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

int64_t peak_bytes() {
  // VmHWM begins anew with a program; what getrusage tells counts the process that started it too.
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (int64_t kilobytes = 0; word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

std::string human_bytes(int64_t bytes) {
  const auto b = static_cast<double>(bytes);
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (bytes < 1000000) return fmt::format("{:.1f} kB", b / 1e3);
  if (bytes < 1000000000) return fmt::format("{:.2f} MB", b / 1e6);
  return fmt::format("{:.2f} GB", b / 1e9);
}

std::string human_count(int64_t count) {
  const auto c = static_cast<double>(count);
  if (count < 10000) return fmt::format("{}", count);
  if (count < 1000000) return fmt::format("{:.1f} k", c / 1e3);
  if (count < 1000000000) return fmt::format("{:.2f} M", c / 1e6);
  return fmt::format("{:.2f} G", c / 1e9);
}

}  // namespace pare::cli
