// conformance [--fast] [--failures] DIR...: runs folders of ONNX backend tests (model.onnx with
// test_data_set_*/{input,output}_*.pb) that lie in or below each DIR. A line each: pass, fail with the difference, or
// skip with the reason why it is unsupported. The plain kernels run, or with --fast the plan that is used by default.
// With --failures only failing tests are printed. Exit code 0 when nothing failed, 1 when something did, 2 on wrong
// usage.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "formats/onnx/onnx.h"
#include "runtime/executor.h"
#include "tests/conformance/compare.h"

namespace {

namespace fs = std::filesystem;
using namespace pare;

struct Options {
  bool fast = false;
  bool only_failures = false;
  std::vector<fs::path> folders;
};

enum class Verdict { pass, fail, skip };
struct Outcome {
  Verdict verdict = Verdict::pass;
  std::string reason;
};

Outcome outcome_of(const Failure& failure) {
  return {failure.code == ErrorCode::unsupported ? Verdict::skip : Verdict::fail, failure.message};
}

// Folders below `root` that hold a model.onnx, sorted.
std::vector<fs::path> find_tests(const fs::path& root) {
  std::vector<fs::path> tests;
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename() == "model.onnx") tests.push_back(it->path().parent_path());
  }
  std::sort(tests.begin(), tests.end());
  return tests;
}

std::vector<fs::path> data_sets(const fs::path& test) {
  std::vector<fs::path> sets;
  std::error_code error;
  for (fs::directory_iterator it(test, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().starts_with("test_data_set_")) sets.push_back(it->path());
  }
  std::sort(sets.begin(), sets.end());
  return sets;
}

// input_0.pb, input_1.pb, ... as far as they go, as values of the types that the graph declares.
Result<std::vector<Tensor>> read_tensors(const fs::path& set, const std::string& kind, const Graph& graph,
                                         const std::vector<ValueId>& ids) {
  std::vector<Tensor> tensors;
  for (size_t i = 0;; ++i) {
    const fs::path path = set / (kind + "_" + std::to_string(i) + ".pb");
    if (!fs::exists(path)) return tensors;
    PARE_ASSIGN(auto read, read_onnx_value(path, i < ids.size() ? graph.value(ids[i]).type : Type()));
    tensors.push_back(std::move(read.tensor));
  }
}

// Test data of ONNX releases that had no bfloat16 arrays keeps them as uint16: the same bits under their own type.
Result<void> restore_bfloat16(const std::vector<ValueId>& ids, const Graph& graph, std::vector<Tensor>& tensors) {
  for (size_t i = 0; i < std::min(ids.size(), tensors.size()); ++i) {
    Tensor& tensor = tensors[i];
    if (tensor.dtype() != DType::uint16 || graph.value(ids[i]).type.dtype != DType::bfloat16) continue;
    auto bits = Buffer::view(tensor.bytes(), std::make_shared<Tensor>(tensor));
    PARE_ASSIGN(tensor, Tensor::from_buffer(DType::bfloat16, Dims(tensor.dims()), std::move(bits)));
  }
  return {};
}

// The first input whose data does not have the extents that its own model declares; empty when all do.
std::string misfit(const Graph& graph, const std::vector<Tensor>& inputs) {
  for (size_t i = 0; i < std::min(graph.inputs.size(), inputs.size()); ++i) {
    const Value& declared = graph.value(graph.inputs[i]);
    const auto dims = declared.type.dims();
    if (dims && *dims != inputs[i].dims()) {
      return "its data is at fault: input '" + declared.name + "' is declared " + to_string(declared.type) +
             " but given as " + to_string(inputs[i].type());
    }
  }
  return {};
}

// Whether its results are random. Dropout in training is as well, but the tests of it give numpy's numbers.
bool draws(const Graph& graph) {
  return std::any_of(graph.order().begin(), graph.order().end(),
                     [&](NodeId id) { return op_random(graph.node(id).op) && !as<Dropout>(graph.node(id).op); });
}

Outcome run_set(Executor& executor, const fs::path& set) {
  const Graph& graph = executor.graph();
  auto inputs = read_tensors(set, "input", graph, graph.inputs);
  if (!inputs) return outcome_of(inputs.failure());
  auto expected = read_tensors(set, "output", graph, graph.outputs);
  if (!expected) return outcome_of(expected.failure());
  if (auto restored = restore_bfloat16(graph.inputs, graph, *inputs); !restored) return outcome_of(restored.failure());
  if (auto restored = restore_bfloat16(graph.outputs, graph, *expected); !restored)
    return outcome_of(restored.failure());
  if (std::string text = misfit(graph, *inputs); !text.empty()) return {Verdict::skip, std::move(text)};
  const auto found = executor.run(*inputs);
  if (!found) return outcome_of(found.failure());
  if (found->size() < expected->size()) return {Verdict::fail, "gives fewer outputs than expected"};
  for (size_t i = 0; i < expected->size(); ++i) {
    const std::string text = conformance::difference((*found)[i], (*expected)[i]);
    if (text.empty()) continue;
    if (draws(graph) && (*found)[i].type() == (*expected)[i].type())
      return {Verdict::skip, "draws random numbers, whose values the specification leaves open; type and shape agree"};
    return {Verdict::fail, set.filename().string() + ", output " + std::to_string(i) + ": " + text};
  }
  return {};
}

// Tests whose data were not made by the operator that their model states.
std::string known_fault(const std::string& test) {
  if (test == "test_adam_multiple")
    return "its data is at fault: made with epsilon 1e-2, which its node does not say (releases from 1.14 on do)";
  return {};
}

Outcome run_test(const fs::path& test, const Options& options) {
  auto graph = read_onnx(test / "model.onnx");
  if (!graph) return outcome_of(graph.failure());
  ExecutorOptions how;
  how.reference = !options.fast;
  auto executor = Executor::create(std::make_shared<const Graph>(*std::move(graph)), how);
  if (!executor) return outcome_of(executor.failure());
  const auto sets = data_sets(test);
  if (sets.empty()) return {Verdict::skip, "has no test_data_set_* folder"};
  for (const fs::path& set : sets) {
    Outcome outcome = run_set(**executor, set);
    const std::string fault = known_fault(test.filename());
    if (outcome.verdict == Verdict::fail && !fault.empty()) return {Verdict::skip, fault};
    if (outcome.verdict != Verdict::pass) return outcome;
  }
  return {};
}

int usage() {
  std::fprintf(stderr, "usage: conformance [--fast] [--failures] DIR...\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--fast") {
      options.fast = true;
    } else if (argument == "--failures") {
      options.only_failures = true;
    } else if (argument.starts_with("-") || !fs::is_directory(argument)) {
      std::fprintf(stderr, "conformance: '%s' is neither an option nor a folder\n", argument.c_str());
      return usage();
    } else {
      options.folders.emplace_back(argument);
    }
  }
  if (options.folders.empty()) return usage();
  int passed = 0, failed = 0, skipped = 0;
  for (const fs::path& folder : options.folders) {
    for (const fs::path& test : find_tests(folder)) {
      const Outcome outcome = run_test(test, options);
      const bool fail = outcome.verdict == Verdict::fail;
      const char* word = fail ? "fail" : outcome.verdict == Verdict::pass ? "pass" : "skip";
      ++(fail ? failed : outcome.verdict == Verdict::pass ? passed : skipped);
      if (options.only_failures && !fail) continue;
      std::printf("%s %s%s%s\n", word, test.filename().c_str(), outcome.reason.empty() ? "" : ": ",
                  outcome.reason.c_str());
      std::fflush(stdout);
    }
  }
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed ? 1 : 0;
}
