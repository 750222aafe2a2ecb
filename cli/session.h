// What every verb shares: global options, where text and JSON go, progress, and the clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pare::cli {

using Json = nlohmann::ordered_json;

class Session {
 public:
  bool json = false;
  int threads = 0;  // 0 until parsed: all cores
  uint64_t seed = 0;
  int exit_code = 0;

  // --json, --threads, --seed.
  void add_options(CLI::App& verb);
  int thread_count() const;

  // People's text: stdout on a terminal, else stderr; nothing with --json.
  template <class... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) const {
    say_line(fmt::format(format, std::forward<Args>(args)...));
  }
  // The verb's result, once: stdout with --json, else nothing.
  void emit(const Json& result) const;
  // A reporter for long work: a bar on a terminal, else a line every ten percent, always on stderr; silent with --json
  // when stderr is no terminal.
  std::function<void(int64_t done, int64_t total)> progress(std::string what) const;

  double seconds() const;  // since the program started

 private:
  void say_line(const std::string& line) const;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

int64_t peak_bytes();  // largest resident set of this program so far

std::string human_bytes(int64_t bytes);  // "1.1 MB" (powers of 1000)
std::string human_count(int64_t count);  // "40.8 M"

}  // namespace pare::cli
