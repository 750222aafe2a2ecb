#include "graph/graph.h"

#include <algorithm>

#include "graph/text.h"
#include "tests/catch.h"

using namespace pare;

namespace {

Graph parsed(std::string_view text) {
  auto graph = parse(text);
  if (!graph) FAIL(graph.failure().message);
  return *std::move(graph);
}

std::vector<std::string> order_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const NodeId id : graph.order()) names.push_back(graph.node(id).name);
  return names;
}

Op relu() { return Unary{Unary::Kind::Relu}; }

// check(type, op) for the operator, or for every member of the family.
template <class O>
void for_each_kind(const auto& check) {
  if constexpr (requires { O::kNames; }) {
    for (size_t kind = 0; kind < O::kNames.size(); ++kind) {
      O op{};
      op.kind = static_cast<typename O::Kind>(kind);
      check(O::kNames[kind], Op(op));
    }
  } else if constexpr (requires { O::kName; }) {
    check(O::kName, Op(O{}));
  }
}

const Type kVector{DType::float32, Shape{Dim(4)}};

}  // namespace

TEST_CASE("names are unique and never empty") {
  Graph graph;
  const ValueId a = graph.add_value("x");
  const ValueId b = graph.add_value("x");
  const ValueId c = graph.add_value("");
  CHECK(graph.value(a).name == "x");
  CHECK(graph.value(b).name == "x_1");
  CHECK(graph.value(c).name == "v2");
  graph.rename(c, "x");
  CHECK(graph.value(c).name == "x_2");
  CHECK(graph.find("v2") == std::nullopt);
  CHECK(graph.find("x_2") == c);
  graph.rename(c, "x_2");
  CHECK(graph.value(c).name == "x_2");
  graph.remove_value(a);
  CHECK(graph.find("x") == std::nullopt);
  CHECK_FALSE(graph.alive(a));
  graph.rename(b, "x");
  CHECK(graph.find("x") == b);
  CHECK(graph.values() == std::vector<ValueId>{b, c});
}

TEST_CASE("nodes are placed, removed and replaced") {
  Graph graph;
  const ValueId x = graph.add_input("x", kVector);
  const ValueId a = graph.add(relu(), {x}, "a");
  const ValueId b = graph.add(relu(), {a}, "b");
  graph.outputs = {b};
  const NodeId second = graph.value(b).producer;
  const ValueId between = graph.add(Unary{Unary::Kind::Abs}, {a}, "between", second);
  graph.node(second).inputs[0] = between;
  REQUIRE(graph.order().size() == 3);
  CHECK(graph.order()[1] == graph.value(between).producer);

  graph.replace_uses(b, a);
  CHECK(graph.outputs == std::vector<ValueId>{a});
  graph.remove_node(second);
  CHECK_FALSE(graph.alive(second));
  CHECK(graph.value(b).producer == NodeId::none);
  CHECK(graph.order().size() == 2);
  CHECK(graph.remove_unused() == 1);
  CHECK(graph.find("between") == std::nullopt);
  CHECK(graph.find("b") == std::nullopt);
  CHECK(graph.find("x") == x);
}

TEST_CASE("remove_unused keeps what outputs, captures and inputs need") {
  Graph graph = parsed(R"(graph {
    input x: float32[4]
    input unused: float32[4]
    const c: float32[4] = {1, 2, 3, 4}
    const d: float32[4] = {1, 2, 3, 4}
    input p: bool[]
    a = Add(x, c)
    dead = Mul(a, d)
    deader = Abs(dead)
    y = If@16(p) {then_branch = graph { capture a: float32[4] b = Relu(a) output b }}
    output y
  })");
  CHECK(graph.remove_unused() == 2);
  CHECK(graph.order().size() == 2);
  CHECK(graph.find("c").has_value());
  CHECK(graph.find("unused").has_value());
  CHECK_FALSE(graph.find("d").has_value());
  CHECK_FALSE(graph.find("dead").has_value());
  CHECK(graph.remove_unused() == 0);
}

TEST_CASE("sort restores order, moves little and finds cycles") {
  Graph graph;
  const ValueId x = graph.add_input("x", kVector);
  const ValueId late = graph.add_value("late");
  const ValueId y = graph.add_value("y");
  const ValueId z = graph.add_value("z");
  graph.add_node(relu(), {x}, {z}, "free");
  graph.add_node(relu(), {late}, {y}, "user");
  const NodeId producer = graph.add_node(relu(), {x}, {late}, "producer");
  graph.outputs = {y, z};
  REQUIRE(graph.sort().ok());
  CHECK(order_of(graph) == std::vector<std::string>{"free", "producer", "user"});
  REQUIRE(graph.sort().ok());
  CHECK(order_of(graph) == std::vector<std::string>{"free", "producer", "user"});

  graph.node(producer).inputs[0] = y;
  const auto cyclic = graph.sort();
  REQUIRE_FALSE(cyclic.ok());
  CHECK(cyclic.failure().code == ErrorCode::input);
  CHECK(cyclic.failure().message.find("cycle through node '") != std::string::npos);
}

TEST_CASE("sort follows captures and deep chains") {
  Graph graph;
  const ValueId x = graph.add_input("x", kVector);
  std::vector<ValueId> chain{x};
  for (int i = 0; i < 100000; ++i) chain.push_back(graph.add_value({}));
  for (size_t i = chain.size() - 1; i > 0; --i) {  // last first
    const NodeId id = graph.add_node(relu(), {x}, {chain[i]});
    graph.node(id).captures = {chain[i - 1]};
  }
  REQUIRE(graph.sort().ok());
  CHECK(graph.node(graph.order().front()).outputs[0] == chain[1]);
  CHECK(graph.node(graph.order().back()).outputs[0] == chain.back());
}

TEST_CASE("uses count inputs, outputs and captures") {
  const Graph graph = parsed(R"(graph {
    input x: float32[4]
    a = Add(x, x)
    b = Relu(a)
    p = com.acme.Foo(b) {body = graph { capture b: float32[4] output b }}
    output p
    output b
  })");
  const Uses uses(graph);
  const ValueId x = *graph.find("x");
  const ValueId b = *graph.find("b");
  CHECK(uses.of(x).size() == 2);
  CHECK(uses.of(x)[1].slot == 1);
  CHECK_FALSE(uses.single(x));
  CHECK(uses.single(*graph.find("a")));
  CHECK(uses.of(b).size() == 2);
  CHECK(uses.is_output(b));
  CHECK(uses.is_captured(b));
  CHECK_FALSE(uses.single(b));
  CHECK(uses.is_output(*graph.find("p")));
}

TEST_CASE("graphs are equal by content, not by ids") {
  const std::string text =
      "graph \"g\" { input x: float32[4] const c: float32[1] = {2} a = Mul(x, c) y = Relu(a) output y }";
  const Graph graph = parsed(text);
  Graph same;
  same.name = "g";
  const ValueId a = same.add_value("a", kVector);
  const ValueId y = same.add_value("y", kVector);
  const ValueId c = same.add_constant("c", Tensor::of<float>({1}, {2}));
  const ValueId x = same.add_input("x", kVector);
  same.add_node(Binary{Binary::Kind::Mul}, {x, c}, {a});
  same.add_node(relu(), {a}, {y});
  same.outputs = {y};
  CHECK(equal(graph, same));

  const auto changed = [&](auto&& change) {
    Graph copy = graph;
    change(copy);
    return !equal(graph, copy) && !equal(copy, graph);
  };
  CHECK(changed([](Graph& g) { g.name = "h"; }));
  CHECK(changed([](Graph& g) { g.set_constant(*g.find("c"), Tensor::of<float>({1}, {3})); }));
  CHECK(changed([](Graph& g) { g.rename(*g.find("a"), "b"); }));
  CHECK(changed([](Graph& g) { g.node(g.order()[1]).op = Unary{Unary::Kind::Abs}; }));
  CHECK(changed([](Graph& g) { g.node(g.order()[1]).name = "n"; }));
  CHECK(changed([](Graph& g) { g.value(*g.find("x")).type.shape.reset(); }));
  CHECK(changed([](Graph& g) { g.metadata.emplace_back("k", "v"); }));
  CHECK(changed([](Graph& g) { g.domains["d"] = 1; }));
  CHECK(changed([](Graph& g) { g.add_constant("more", Tensor::scalar(1.0f)); }));
  CHECK(changed([](Graph& g) { g.outputs.push_back(*g.find("a")); }));
}

TEST_CASE("copies of a graph do not share what is written") {
  Graph graph = parsed("graph { const c: float32[1] = {2} y = Relu(c) output y }");
  const Graph copy = graph;
  graph.value(*graph.find("c")).constant->mutable_data<float>()[0] = 5;
  CHECK(copy.value(*copy.find("c")).constant->data<float>()[0] == 2);
}

TEST_CASE("nodes are described by name or by what they produce") {
  const Graph graph = parsed("graph { input x: float32[4] a = Relu(x) \"act\" y = com.acme.Foo(a) output y }");
  CHECK(describe(graph, graph.order()[0]) == "node 'act' (Relu)");
  CHECK(describe(graph, graph.order()[1]) == "node producing 'y' (com.acme.Foo)");
}

TEST_CASE("every operator is made from its name and its attributes") {
  int made = 0;
  const auto check = [&](std::string_view type, const Op& plain) {
    INFO(type);
    CHECK(op_type(plain) == type);
    const std::string domain(op_domain(plain));
    CHECK(op_known(domain, type));
    if (domain.empty()) CHECK(op_known("ai.onnx", type));
    CHECK_FALSE(op_known("com.acme", type));
    const auto again = make_op(domain.empty() ? "ai.onnx" : domain, type, 13, op_attributes(plain, true));
    REQUIRE(again.ok());
    CHECK(equal(*again, plain));
    CHECK(hash(*again) == hash(plain));
    CHECK(op_domain(*again) == domain);
    const Arity arity = op_arity(plain);
    CHECK(arity.min_inputs <= arity.max_inputs);
    CHECK(arity.min_outputs <= arity.max_outputs);
    CHECK(op_since(plain) >= 1);
    const auto wrong = make_op(domain, type, 13, {{"no_such_attribute", int64_t{1}}});
    if (wrong) {
      REQUIRE(as<Opaque>(*wrong) != nullptr);
      CHECK(as<Opaque>(*wrong)->reason.find("no_such_attribute") != std::string::npos);
    } else {
      CHECK(wrong.failure().message.find("lacks its attribute") != std::string::npos);
    }
    ++made;
  };
#define CHECK_OP(O) for_each_kind<O>(check);
  PARE_OPS(CHECK_OP)
#undef CHECK_OP
  CHECK(made > 100);
}

TEST_CASE("attributes keep to their kinds and print only what differs") {
  const auto op = make_op("", "Conv", 11, {{"group", int64_t{2}}, {"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  REQUIRE(op.ok());
  const Attributes attributes = op_attributes(*op);
  REQUIRE(attributes.size() == 2);
  CHECK(attributes[0].name == "group");
  CHECK(attributes[1].name == "pads");
  CHECK(op_attributes(*op, true).size() == 6);
  const auto wrong = make_op("", "Conv", 11, {{"group", 2.0f}});
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.failure().message == "attribute 'group' of Conv is a float, expected an int");
  CHECK_FALSE(make_op("", "Conv", 11, {{"group", int64_t{1}}, {"group", int64_t{1}}}).ok());

  const auto concat = make_op("", "Concat", 13, {{"axis", int64_t{0}}});
  REQUIRE(concat.ok());
  CHECK(op_attributes(*concat).size() == 1);  // required: written even where it is 0

  const auto unknown = make_op("", "NoSuchOperator", 17, {{"a", int64_t{1}}});
  REQUIRE(unknown.ok());
  REQUIRE(as<Opaque>(*unknown) != nullptr);
  CHECK(as<Opaque>(*unknown)->version == 17);
  CHECK(op_since(*unknown) == 17);
}

TEST_CASE("a node's links see types and constants") {
  const Graph graph =
      parsed("graph { input x: float32[4] const c: float32[4] = {1, 2, 3, 4} y = Clip(x, _, c) output y }");
  // c has rank 1 and one element per channel: not a scalar, but known to the graph.
  const LinkContext context = link_context(graph, graph.order()[0]);
  REQUIRE(context.inputs.size() == 3);
  CHECK(context.inputs[0] == kVector);
  CHECK(context.inputs[1].dtype == DType::undefined);
  CHECK_FALSE(context.has(1));
  REQUIRE(context.constants[2] != nullptr);
  CHECK(context.constants[2]->size() == 4);
  CHECK(context.constants[0] == nullptr);
  CHECK(context.outputs == std::vector<Type>{kVector});
}
