// A model of 3 GB, its weights in an external file, through the tool itself: memory must not grow with the weights. The
// weight file is mostly holes, and what is written keeps them, so that little of it is on the disk.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/formats/onnx_proto.h"
#include "tests/formats/support.h"

using namespace pare;
using pare::testing::ModelBuilder;
using pare::testing::ScratchFolder;

namespace {

constexpr int64_t kWidth = 4096, kLayers = 48;
constexpr int64_t kLayerBytes = kWidth * kWidth * 4;  // 64 MiB
constexpr int64_t kMarks = 3;                         // values of a layer that are not zero
constexpr int64_t kMaxResident = 400'000'000;
constexpr uint64_t kRoom = uint64_t{8} << 30;

// Places of a layer's marks: its first element, one in the middle, its last.
int64_t mark_at(int64_t mark) { return mark * (kWidth * kWidth - 1) / (kMarks - 1); }
float mark_of(int64_t layer, int64_t mark) { return static_cast<float>(layer * kMarks + mark + 1); }

// x[N,4096] -> MatMul, Relu, 48 times.
void make_model(const ScratchFolder& folder) {
  ModelBuilder model(13);
  model.input("x", {-1, kWidth}).result("y");
  const int fd = ::open((folder / "big.onnx.data").c_str(), O_WRONLY | O_CREAT, 0644);
  REQUIRE(fd >= 0);
  REQUIRE(::ftruncate(fd, kLayers * kLayerBytes) == 0);
  std::string from = "x";
  for (int64_t layer = 0; layer < kLayers; ++layer) {
    const std::string number = std::to_string(layer);
    auto& tensor = *model.graph().add_initializer();
    tensor.set_name("w" + number);
    tensor.set_data_type(1);
    tensor.add_dims(kWidth);
    tensor.add_dims(kWidth);
    tensor.set_data_location(1);
    for (const auto& [key, value] : {std::pair<std::string, std::string>{"location", "big.onnx.data"},
                                     {"offset", std::to_string(layer * kLayerBytes)},
                                     {"length", std::to_string(kLayerBytes)}}) {
      auto& entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
    for (int64_t mark = 0; mark < kMarks; ++mark) {
      const float value = mark_of(layer, mark);
      REQUIRE(::pwrite(fd, &value, 4, layer * kLayerBytes + 4 * mark_at(mark)) == 4);
    }
    model.node("MatMul", {from, "w" + number}, {"m" + number});
    from = layer + 1 == kLayers ? "y" : "r" + number;
    model.node("Relu", {"m" + number}, {from});
  }
  ::close(fd);
  folder.file("big.onnx", model.bytes());
}

struct Outcome {
  int exit_code;
  int64_t resident;  // the largest resident set
  std::string out;
};

Outcome run(const ScratchFolder& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), PARE_BINARY);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string out = folder / "stdout";
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(fd, STDOUT_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  REQUIRE(::wait4(child, &status, 0, &usage) == child);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, usage.ru_maxrss * 1024, testing::read_bytes(out)};
}

void runs_small(const ScratchFolder& folder, const std::vector<std::string>& arguments) {
  std::string shown;
  for (const std::string& argument : arguments) shown += argument + " ";
  const Outcome outcome = run(folder, arguments);
  INFO(shown << "took " << outcome.resident << " bytes");
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.resident < kMaxResident);
}

void check_weights(const std::string& path) {
  INFO(path);
  const auto graph = read_onnx(path);
  if (!graph) FAIL(graph.failure().message);
  for (int64_t layer = 0; layer < kLayers; ++layer) {
    const auto id = graph->find("w" + std::to_string(layer));
    REQUIRE(id.has_value());
    const auto values = graph->value(*id).constant->data<float>();
    for (int64_t mark = 0; mark < kMarks; ++mark) {
      CHECK(values[static_cast<size_t>(mark_at(mark))] == mark_of(layer, mark));
    }
    CHECK(values[1] == 0.0f);
  }
}

}  // namespace

TEST_CASE("a model of 3 GB goes through info, simplify and convert in little memory") {
  const ScratchFolder folder;
  struct statvfs disk {};
  if (::statvfs(folder.path().c_str(), &disk) != 0 || disk.f_bavail * disk.f_frsize < kRoom) {
    WARN("skipped: a model of 3 GB needs 8 GB of room in " << folder.path());
    return;
  }
  make_model(folder);
  const Outcome info = run(folder, {"info", folder / "big.onnx", "--json"});
  REQUIRE(info.exit_code == 0);
  CHECK(info.resident < kMaxResident);
  const auto facts = nlohmann::json::parse(info.out);
  CHECK(facts["parameters"] == kLayers * kWidth * kWidth);
  CHECK(facts["zeros"] == kLayers * (kWidth * kWidth - kMarks));
  CHECK(facts["file_bytes"] > kLayers * kLayerBytes);
  CHECK(facts["macs"] == kLayers * kWidth * kWidth);

  runs_small(folder, {"simplify", folder / "big.onnx", "-o", folder / "simple.onnx"});
  check_weights(folder / "simple.onnx");
  runs_small(folder, {"convert", folder / "big.onnx", "-o", folder / "plain.pare", "--no-compression"});
  runs_small(folder, {"info", folder / "plain.pare"});
  runs_small(folder, {"convert", folder / "plain.pare", "-o", folder / "back.onnx"});
  check_weights(folder / "back.onnx");
  CHECK(std::filesystem::file_size(folder / "back.onnx.data") == kLayers * kLayerBytes);
}
