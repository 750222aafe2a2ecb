// Every check over the one list of cases.
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <set>

#include "formats/onnx/onnx.h"
#include "formats/pare/pare_file.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "runtime/executor.h"
#include "tests/catch.h"
#include "tests/ops/cases.h"

namespace pare::test {
namespace {

bool runs(const Case& c) { return c.name != "Opaque"; }

std::vector<Tensor> run_graph(const Case& c, const Graph& graph, const ExecutorOptions& options) {
  auto executor = Executor::create(std::make_shared<const Graph>(graph), options);
  if (!executor) FAIL(c.name << ": " << executor.failure().message);
  auto outputs = (*executor)->run(inputs_of(c, graph));
  if (!outputs) FAIL(c.name << ": " << outputs.failure().message);
  return *std::move(outputs);
}

bool same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (difference(a[i], b[i]) != 0) return false;
  return a.size() == b.size();
}

// The operator types of the table: kName of an operator, kNames of a family.
template <class O>
void add_names(std::set<std::string>& names) {
  if constexpr (requires { O::kNames; })
    names.insert(O::kNames.begin(), O::kNames.end());
  else if constexpr (requires { O::kName; })
    names.insert(std::string(O::kName));
}

}  // namespace

TEST_CASE("Every operator has a case") {
  std::set<std::string> names;
#define PARE_ADD_NAMES(O) add_names<O>(names);
  PARE_OPS(PARE_ADD_NAMES)
#undef PARE_ADD_NAMES
  for (const Case& c : cases()) {
    const Graph graph = graph_of(c);
    for (const NodeId id : graph.order()) names.erase(std::string(op_type(graph.node(id).op)));
  }
  for (const std::string& name : names) UNSCOPED_INFO("no case for " << name);
  CHECK(names.empty());
}

TEST_CASE("The plain kernels give the values of the specification") {
  for (const Case& c : cases()) {
    if (c.expected.empty()) continue;
    const Tensor actual = run_graph(c, graph_of(c), {.reference = true})[0];
    INFO(c.name);
    REQUIRE(actual.size() == static_cast<int64_t>(c.expected.size()));
    for (int64_t i = 0; i < actual.size(); ++i)
      CHECK(std::fabs(actual.as_double(i) - c.expected[i]) <= c.tolerance * std::max(1.0, std::fabs(c.expected[i])));
  }
}

TEST_CASE("Inference tells what running gives") {
  for (const Case& c : cases()) {
    if (!runs(c)) continue;
    const Graph graph = graph_of(c);
    ExecutorOptions options{.reference = true};
    for (const NodeId id : graph.order())
      for (const ValueId out : graph.node(id).outputs)
        if (out != ValueId::none) options.keep.push_back(graph.value(out).name);
    const auto outputs = run_graph(c, graph, options);
    for (size_t k = 0; k < options.keep.size(); ++k) {
      const Type& inferred = graph.value(*graph.find(options.keep[k])).type;
      const Type actual = outputs[graph.outputs.size() + k].type();
      INFO(c.name << ", " << options.keep[k] << ": inferred " << to_string(inferred) << ", given "
                  << to_string(actual));
      CHECK(inferred.dtype == actual.dtype);
      if (inferred.container == Container::sequence) CHECK(actual.container == Container::sequence);
      if (inferred.container != Container::tensor) continue;
      REQUIRE(inferred.shape.has_value());
      REQUIRE(inferred.shape->size() == actual.shape->size());
      for (size_t i = 0; i < actual.shape->size(); ++i)
        if ((*inferred.shape)[i].known()) CHECK((*inferred.shape)[i].size == (*actual.shape)[i].size);
    }
  }
}

TEST_CASE("The text form reads back") {
  for (const Case& c : cases()) {
    const Graph graph = graph_of(c);
    const auto again = parse(print(graph));
    if (!again) FAIL(c.name << ": " << again.failure().message);
    INFO(c.name);
    CHECK(equal(graph, *again));
  }
}

TEST_CASE("Plans give what the plain kernels give, on every instruction set and number of threads") {
  for (const Case& c : cases()) {
    if (!runs(c)) continue;
    const Graph graph = graph_of(c);
    const auto plain = run_graph(c, graph, {.reference = true});
    std::vector<Tensor> first;
    for (const Isa isa : machine_isas()) {
      const auto planned = run_graph(c, graph, {.isa = isa});
      REQUIRE(planned.size() == plain.size());
      for (size_t i = 0; i < plain.size(); ++i) {
        INFO(c.name << ", output " << i << ", " << name(isa));
        const double found = c.quantized ? absolute_difference(planned[i], plain[i]) : difference(planned[i], plain[i]);
        CHECK(found <= std::max(c.tolerance, 1e-6));
      }
      for (const int threads : {2, 3}) {
        INFO(c.name << ", " << name(isa) << ", " << threads << " threads");
        CHECK(same_bits(run_graph(c, graph, {.threads = threads, .isa = isa}), planned));
      }
      if (first.empty()) first = planned;
      INFO(c.name << ", " << name(isa) << " against " << name(machine_isas().front()));
      if (c.quantized) CHECK(same_bits(planned, first));
    }
  }
}

TEST_CASE("ONNX and .pare files keep what a graph computes") {
  const auto folder = std::filesystem::temp_directory_path() / ("pare-ops-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  for (const Case& c : cases()) {
    INFO(c.name);
    const Graph graph = graph_of(c);
    if (auto written = write_onnx(graph, folder / "case.onnx"); !written)
      FAIL(c.name << ": " << written.failure().message);
    const auto from_onnx = read_onnx(folder / "case.onnx");
    if (!from_onnx) FAIL(c.name << ": " << from_onnx.failure().message);
    if (auto written = write_pare(graph, folder / "case.pare"); !written)
      FAIL(c.name << ": " << written.failure().message);
    const auto from_pare = read_pare(folder / "case.pare");
    if (!from_pare) FAIL(c.name << ": " << from_pare.failure().message);
    CHECK(equal(*from_pare, graph));
    if (!runs(c)) continue;
    const auto expected = run_graph(c, graph, {.reference = true});
    CHECK(same_bits(run_graph(c, *from_onnx, {.reference = true}), expected));
    CHECK(same_bits(run_graph(c, *from_pare, {.reference = true}), expected));
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("An unknown operator stops the run by name, domain and version") {
  for (const Case& c : cases()) {
    if (runs(c)) continue;
    const auto executor = Executor::create(std::make_shared<const Graph>(graph_of(c)));
    REQUIRE_FALSE(executor.ok());
    CHECK(executor.failure().code == ErrorCode::unsupported);
    for (const char* part : {"Foo", "com.acme", "version 1"})
      CHECK(executor.failure().message.find(part) != std::string::npos);
  }
}

}  // namespace pare::test
