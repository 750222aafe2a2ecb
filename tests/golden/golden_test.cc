// Files that must be read, and files that must be refused, with what must be said of them.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "formats/data/idx.h"
#include "formats/data/npy.h"
#include "formats/data/npz.h"
#include "formats/onnx/onnx.h"
#include "formats/pare/pare_file.h"
#include "graph/text.h"
#include "tests/catch.h"

namespace pare {
namespace {

const std::filesystem::path kFolder = "tests/golden";

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<Graph> read_model(const std::filesystem::path& path) {
  if (path.extension() == ".onnx") return read_onnx(path);
  if (path.extension() == ".pare") return read_pare(path);
  return parse(slurp(path));
}

// What reading a file of any kind says: nothing when it can be read.
std::optional<Failure> refusal(const std::filesystem::path& path) {
  const auto said = [](const auto& result) { return result ? std::nullopt : std::optional(result.failure()); };
  if (path.extension() == ".npy") return said(read_npy(path));
  if (path.extension() == ".npz") return said(read_npz(path));
  if (path.extension() == ".idx") return said(read_idx(path));
  return said(read_model(path));
}

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

TEST_CASE("Every file of golden/accept is read, and a model is the same in each format") {
  for (const std::string& name : files_in(kFolder / "accept")) {
    const auto path = kFolder / "accept" / name;
    INFO(name);
    const auto refused = refusal(path);
    if (refused) FAIL(name << ": " << refused->message);
    auto text = path;
    text.replace_extension(".txt");
    if (!std::filesystem::exists(text)) continue;
    const auto model = read_model(path), meant = parse(slurp(text));
    REQUIRE(meant.ok());
    CHECK(print(*model) == print(*meant));
  }
}

TEST_CASE("Every file of golden/reject is refused with its exit code and sentence") {
  std::set<std::string> files = files_in(kFolder / "reject");
  files.erase("expected.tsv");
  std::istringstream lines(slurp(kFolder / "reject" / "expected.tsv"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream columns(line);
    std::string name, code, sentence;
    std::getline(columns, name, '\t');
    std::getline(columns, code, '\t');
    std::getline(columns, sentence);
    INFO(name);
    REQUIRE(files.erase(name) == 1);
    const auto refused = refusal(kFolder / "reject" / name);
    if (!refused) FAIL(name << " was read");
    INFO(refused->message);
    CHECK(std::to_string(static_cast<int>(refused->code)) == code);
    REQUIRE(!sentence.empty());
    CHECK(refused->message.find(sentence) != std::string::npos);
  }
  for (const std::string& name : files) FAIL_CHECK(name << " is not in expected.tsv");
}

}  // namespace
}  // namespace pare
