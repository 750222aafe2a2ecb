#include "graph/verify.h"

#include "graph/text.h"
#include "tests/catch.h"

using namespace pare;

namespace {

Graph parsed(std::string_view text) {
  auto graph = parse(text);
  if (!graph) FAIL(graph.failure().message);
  return *std::move(graph);
}

std::string fault(const Graph& graph) {
  const auto checked = verify(graph);
  return checked ? "no fault" : checked.failure().message;
}

Graph plain() {
  return parsed(R"(graph {
    input x: float32[2,4]
    const c: float32[4] = {1, 2, 3, 4}
    a = Add(x, c) "add"
    y = Relu(a) "act"
    output y
  })");
}

}  // namespace

TEST_CASE("verify accepts a sound graph") { CHECK(fault(plain()) == "no fault"); }

TEST_CASE("verify finds broken references") {
  Graph graph = plain();
  SECTION("an input that nothing produces") {
    graph.node(graph.order()[0]).inputs[1] = graph.add_value("ghost");
    CHECK(fault(graph) == "node 'add' (Add): uses 'ghost', which nothing produces");
  }
  SECTION("a value used before it is produced") {
    graph.node(graph.order()[0]).inputs[1] = *graph.find("y");
    CHECK(fault(graph) == "node 'add' (Add): uses 'y', which is produced only later (a cycle, or nodes out of order)");
  }
  SECTION("a removed value") {
    const ValueId gone = graph.add_value("gone");
    graph.remove_value(gone);
    graph.node(graph.order()[0]).inputs[1] = gone;
    CHECK(fault(graph) == "node 'add' (Add): uses a value that was removed");
  }
  SECTION("a value id out of range") {
    graph.node(graph.order()[0]).inputs[1] = static_cast<ValueId>(1000);
    CHECK(fault(graph) == "node 'add' (Add): uses a value that was removed");
    graph.node(graph.order()[0]).inputs[1] = static_cast<ValueId>(-7);
    CHECK(fault(graph) == "node 'add' (Add): uses a value that was removed");
  }
  SECTION("an output with two producers") {
    graph.node(graph.order()[1]).outputs[0] = *graph.find("a");
    CHECK(fault(graph) == "node 'act' (Relu): produces 'a', which has another source; expected one");
  }
  SECTION("a constant as output of a node") {
    graph.node(graph.order()[1]).outputs[0] = *graph.find("c");
    CHECK(fault(graph) == "node 'act' (Relu): produces 'c', which has another source; expected one");
  }
  SECTION("an output twice from one node") {
    graph.node(graph.order()[1]).outputs.push_back(*graph.find("y"));
    CHECK(fault(graph) == "node 'act' (Relu): has 2 outputs, expected 1");
  }
}

TEST_CASE("verify checks inputs and outputs of the graph") {
  Graph graph = plain();
  SECTION("no outputs") {
    graph.outputs.clear();
    CHECK(fault(graph) == "the graph has no outputs, expected one or more");
  }
  SECTION("a dangling output") {
    graph.outputs = {graph.add_value("ghost")};
    CHECK(fault(graph) == "the graph outputs 'ghost', which nothing produces");
  }
  SECTION("an output left out") {
    graph.outputs = {ValueId::none};
    CHECK(fault(graph) == "the graph outputs a value that was removed");
  }
  SECTION("a constant input") {
    graph.inputs.push_back(*graph.find("c"));
    CHECK(fault(graph) == "input 'c' is a constant, expected it to come from outside");
  }
  SECTION("a produced input") {
    graph.inputs.push_back(*graph.find("a"));
    CHECK(fault(graph) == "input 'a' is produced by a node of the graph");
  }
  SECTION("an input twice") {
    graph.inputs.push_back(*graph.find("x"));
    CHECK(fault(graph) == "input 'x' is listed twice, expected once");
  }
}

TEST_CASE("verify checks types, constants and arity") {
  Graph graph = plain();
  SECTION("a constant that is not what its value says") {
    graph.value(*graph.find("c")).type.dtype = DType::float64;
    CHECK(fault(graph) == "value 'c' is declared as float64[4], but its constant is float32[4]");
  }
  SECTION("a type that inference contradicts") {
    graph.value(*graph.find("y")).type = {DType::float32, Shape{Dim(2), Dim(5)}};
    CHECK(fault(graph) == "node 'act' (Relu): 'y' is declared as float32[2,5], but must be float32[2,4]");
  }
  SECTION("too few inputs") {
    graph.node(graph.order()[0]).inputs.pop_back();
    CHECK(fault(graph) == "node 'add' (Add): has 1 inputs, expected 2");
  }
  SECTION("a needed input left out") {
    graph.node(graph.order()[0]).inputs[0] = ValueId::none;
    CHECK(fault(graph) == "node 'add' (Add): leaves out input 0, which it needs");
  }
  SECTION("a rank beyond reason") {
    graph.value(*graph.find("x")).type.shape = Shape(65, Dim(1));
    CHECK(fault(graph) == "value 'x' has rank 65, expected at most 64");
  }
  SECTION("a negative extent") {
    graph.value(*graph.find("x")).type.shape->front().size = -5;
    CHECK(fault(graph) == "value 'x' has a negative extent, expected 0 or more");
  }
}

TEST_CASE("verify looks into subgraphs") {
  Graph graph = parsed(R"(graph {
    input p: bool[]
    input a: float32[2]
    input other: float32[2]
    y = If@16(p) {then_branch = graph { capture a: float32[2] b = Relu(a) "inner" output b }} "choose"
    output y
  })");
  const NodeId id = graph.order()[0];
  CHECK(fault(graph) == "no fault");
  SECTION("a capture that the node does not name") {
    graph.node(id).captures = {*graph.find("other")};
    CHECK(fault(graph) ==
          "node 'choose' (If): subgraph 'then_branch' uses 'a', which the node does not capture from the "
          "graph around it");
  }
  SECTION("a fault inside") {
    Graph inner = *std::get<GraphPtr>(as<Opaque>(graph.node(id).op)->attributes[0].value);
    inner.node(inner.order()[0]).inputs.clear();
    as<Opaque>(graph.node(id).op)->attributes[0].value = GraphPtr(std::make_shared<const Graph>(inner));
    CHECK(fault(graph) == "node 'choose' (If): subgraph 'then_branch': node 'inner' (Relu): has 0 inputs, expected 1");
  }
  SECTION("nothing inside") {
    as<Opaque>(graph.node(id).op)->attributes[0].value = GraphPtr();
    CHECK(fault(graph) == "node 'choose' (If): subgraph 'then_branch' is missing");
  }
}

TEST_CASE("verify ends at a depth of subgraphs") {
  auto inner = std::make_shared<const Graph>(parsed("graph { input x: float32[1] y = Relu(x) output y }"));
  for (int depth = 0; depth < 100; ++depth) {
    Graph outer;
    const ValueId x = outer.add_input("x", {DType::float32, Shape{Dim(1)}});
    outer.outputs = {outer.add(Opaque{"com.acme", "Wrap", 1, {{"body", GraphPtr(inner)}}, ""}, {x}, "y")};
    inner = std::make_shared<const Graph>(outer);
  }
  CHECK(fault(*inner).find("nested more than 64 deep") != std::string::npos);
}
