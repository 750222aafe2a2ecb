#include "quantize/place.h"

#include <algorithm>
#include <set>

#include "graph/error.h"
#include "graph/text.h"
#include "tests/catch.h"

namespace pare {
namespace {

std::set<std::string> quantized(const Graph& graph, const Placement& placement) {
  std::set<std::string> names;
  for (const ValueId id : placement.activations) names.insert(graph.value(id).name);
  return names;
}

ValueId value(const Graph& graph, const char* name) { return graph.find(name).value(); }

TEST_CASE("the quantizer goes behind the activation, and the output stays float") {
  const Graph graph = unwrap(parse(R"(graph "g" {
    input x: float32[N,1,4,4]
    const w: float32[2,1,1,1] = {1, 2}
    const v: float32[3,2,1,1] = {1, 2, 3, 4, 5, 6}
    a = Conv(x, w)
    b = Relu(a)
    c = Conv(b, v)
    output c
  })"));
  const Placement placement = place_quantizers(graph);
  CHECK(quantized(graph, placement) == std::set<std::string>{"x", "b"});
  REQUIRE(placement.weights.size() == 2);
  CHECK(placement.weights[0].slot == 1);
  CHECK(placement.weights[0].axis == 0);
}

TEST_CASE("arithmetic before the first and after the last layer stays float") {
  const Graph graph = unwrap(parse(R"(graph "g" {
    input x: float32[N,1,4,4]
    const mean: float32[1] = {0.5}
    const w: float32[2,1,1,1] = {1, 2}
    m = Sub(x, mean)
    a = Conv(m, w)
    p = GlobalAveragePool(a)
    f = Flatten(p)
    output f
  })"));
  const Placement placement = place_quantizers(graph);
  CHECK(quantized(graph, placement) == std::set<std::string>{"m"});
}

TEST_CASE("a residual Add has scales of its own; what passes values on shares one") {
  const Graph graph = unwrap(parse(R"(graph "g" {
    input x: float32[N,2,4,4]
    const w: float32[2,2,1,1] = {1, 2, 3, 4}
    const v: float32[2,8] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
    a = Conv(x, w)
    s = Add(a, x)
    p = MaxPool(s) {kernel_shape = [2, 2], strides = [2, 2]}
    f = Flatten(p)
    y = Gemm(f, v) {transB = 1}
    output y
  })"));
  const Placement placement = place_quantizers(graph);
  CHECK(quantized(graph, placement) == std::set<std::string>{"x", "a", "s", "p", "f"});
  const auto group = [&](const char* name) { return placement.group[static_cast<size_t>(value(graph, name))]; };
  CHECK(group("s") == group("p"));
  CHECK(group("p") == group("f"));
  CHECK(group("a") != group("s"));
  CHECK(group("x") != group("a"));
  CHECK(placement.weights.back().axis == 0);  // rows of a transposed B
}

TEST_CASE("concatenated values share one scale") {
  const Graph graph = unwrap(parse(R"(graph "g" {
    input x: float32[N,1,4,4]
    const w: float32[1,1,1,1] = {1}
    const u: float32[1,1,1,1] = {2}
    const v: float32[1,2,1,1] = {1, 2}
    a = Conv(x, w)
    b = Conv(x, u)
    c = Concat(a, b) {axis = 1}
    y = Conv(c, v)
    output y
  })"));
  const Placement placement = place_quantizers(graph);
  const auto group = [&](const char* name) { return placement.group[static_cast<size_t>(value(graph, name))]; };
  CHECK(group("a") == group("b"));
  CHECK(group("a") == group("c"));
}

TEST_CASE("an excluded node keeps its weights and says so") {
  const Graph graph = unwrap(parse(R"(graph "g" {
    input x: float32[N,1,4,4]
    const w: float32[2,1,1,1] = {1, 2}
    const v: float32[3,2,1,1] = {1, 2, 3, 4, 5, 6}
    a = Conv(x, w) "first"
    y = Conv(a, v) "second"
    output y
  })"));
  PlaceOptions options;
  options.exclude = [](const Node& node, NodeId) { return node.name == "first"; };
  const Placement placement = place_quantizers(graph, options);
  CHECK(quantized(graph, placement) == std::set<std::string>{"a"});
  CHECK(placement.weights.size() == 1);
  REQUIRE(placement.kept_float.size() == 1);
  CHECK(graph.node(placement.kept_float[0]).name == "first");
}

}  // namespace
}  // namespace pare
