// The saved corpus through every target, without libFuzzer; and bytes of a fixed seed through the executor's.
#include <filesystem>
#include <fstream>
#include <random>

#include "tests/catch.h"
#include "tests/fuzz/targets.h"

namespace pare::fuzz {
namespace {

std::vector<std::byte> slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

TEST_CASE("The saved corpus keeps every promise") {
  for (const NamedTarget& target : kTargets) {
    const auto folder = std::filesystem::path("tests/fuzz/corpus") / target.name;
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      INFO(entry.path().string());
      target.run(slurp(entry.path()));
      ++files;
    }
    INFO(target.name);
    CHECK(files > 0);
  }
}

TEST_CASE("The golden files keep every promise") {
  const auto target_of = [](const std::string& extension) -> Target {
    if (extension == ".txt") return text;
    for (const NamedTarget& target : kTargets)
      if (extension == "." + std::string(target.name)) return target.run;
    return nullptr;
  };
  for (const auto& entry : std::filesystem::recursive_directory_iterator("tests/golden")) {
    if (entry.path().parent_path().filename() == "golden") continue;
    if (const Target target = target_of(entry.path().extension())) target(slurp(entry.path()));
  }
}

TEST_CASE("Plans of 300 graphs made from a fixed seed give what the plain kernels give") {
  std::mt19937 random(2026);
  for (int i = 0; i < 300; ++i) {
    std::vector<std::byte> bytes(40 + random() % 160);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    executor(bytes);
  }
}

}  // namespace
}  // namespace pare::fuzz
