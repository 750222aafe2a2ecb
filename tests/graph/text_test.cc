#include "graph/text.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "tests/catch.h"

using namespace pare;

namespace {

Graph parsed(std::string_view text) {
  auto graph = parse(text);
  if (!graph) FAIL(graph.failure().message);
  return *std::move(graph);
}

std::string fault(std::string_view text) {
  const auto graph = parse(text);
  if (graph) return "no fault";
  CHECK(graph.failure().code == ErrorCode::input);
  return graph.failure().message;
}

void check_round_trip(const Graph& graph) {
  const std::string text = print(graph);
  INFO(text);
  const auto again = parse(text);
  if (!again) FAIL(again.failure().message);
  CHECK(equal(graph, *again));
  CHECK(print(*again) == text);
}

// A graph whose only node carries these attributes.
Graph with_attributes(Attributes attributes) {
  Graph graph;
  const ValueId x = graph.add_input("x", {DType::float32, Shape{Dim(1)}});
  graph.outputs = {graph.add(Opaque{"com.acme", "Foo", 1, std::move(attributes), ""}, {x}, "y")};
  return graph;
}

const Attributes& attributes_of(const Graph& graph) { return as<Opaque>(graph.node(graph.order()[0]).op)->attributes; }

}  // namespace

TEST_CASE("the text form reads what the header shows") {
  const Graph graph = parsed(R"(
    graph "lenet" {   # a comment
      input x: float32[N,1,28,28]
      const w: float32[2,1,1,1] = {0.5, -1}
      y: float32[N,2,28,28] = Conv(x, w) {strides = [1, 1]} "conv1"
      a, _, b = Split(y) {axis = -1, num_outputs = 3}
      z = com.acme.Foo(a, _, b) {k = 1.5f, s = "x", t = float32[2]{1, 2}, n = 7}
      output z
      domain com.acme 3
      meta "author" = "me"
    })");
  CHECK(graph.name == "lenet");
  REQUIRE(graph.order().size() == 3);
  const Node& conv = graph.node(graph.order()[0]);
  REQUIRE(as<Conv>(conv.op) != nullptr);
  CHECK(as<Conv>(conv.op)->strides == std::vector<int64_t>{1, 1});
  CHECK(conv.name == "conv1");
  const Node& split = graph.node(graph.order()[1]);
  CHECK(split.outputs[1] == ValueId::none);
  CHECK(to_string(graph.value(split.outputs[0]).type) == "float32[N,2,28,10]");
  CHECK(to_string(graph.value(split.outputs[2]).type) == "float32[N,2,28,8]");
  const Node& foo = graph.node(graph.order()[2]);
  CHECK(foo.inputs[1] == ValueId::none);
  const Opaque* opaque = as<Opaque>(foo.op);
  REQUIRE(opaque != nullptr);
  CHECK(opaque->domain == "com.acme");
  CHECK(opaque->version == 3);
  CHECK(std::get<float>(opaque->attributes[0].value) == 1.5f);
  CHECK(std::get<Tensor>(opaque->attributes[2].value) == Tensor::of<float>({2}, {1, 2}));
  CHECK(std::get<int64_t>(opaque->attributes[3].value) == 7);
  CHECK(graph.metadata == std::vector<std::pair<std::string, std::string>>{{"author", "me"}});
  check_round_trip(graph);
}

TEST_CASE("floats survive text to the bit") {
  const std::vector<uint32_t> patterns{0x00000000, 0x80000000, 0x00000001, 0x007fffff, 0x3dcccccd,
                                       0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000,
                                       0x7fc12345, 0x3f800000, 0x4b800001, 0x15ae43fd, 0x501502f9};
  Attributes attributes;
  std::vector<float> all;
  for (const uint32_t bits : patterns) {
    all.push_back(std::bit_cast<float>(bits));
    attributes.push_back({"a" + std::to_string(bits), all.back()});
  }
  attributes.push_back({"list", all});
  attributes.push_back({"constant", Tensor::of<float>({static_cast<int64_t>(all.size())}, all)});
  const Graph graph = with_attributes(attributes);
  check_round_trip(graph);
  const Graph again = parsed(print(graph));
  for (size_t i = 0; i < patterns.size(); ++i) {
    CHECK(std::bit_cast<uint32_t>(std::get<float>(attributes_of(again)[i].value)) == patterns[i]);
  }
}

TEST_CASE("attributes of every kind survive text") {
  Graph inner;
  inner.name = "inner \"graph\"";
  const ValueId i = inner.add_input("i", {DType::float32, std::nullopt});
  inner.outputs = {inner.add(Unary{Unary::Kind::Relu}, {i}, "o")};
  inner.value(inner.outputs[0]).type = {DType::float32, std::nullopt};
  const Graph graph = with_attributes({
      {"int", INT64_MIN},
      {"max", INT64_MAX},
      {"text", std::string("a\"b\\c\n\t\r\0\x7f \xc3\xa9", 14)},
      {"no text", std::string()},
      {"ints", std::vector<int64_t>{1, -2}},
      {"no ints", std::vector<int64_t>{}},
      {"no floats", std::vector<float>{}},
      {"no strings", std::vector<std::string>{}},
      {"strings", std::vector<std::string>{"", "_", "graph"}},
      {"tensor", Tensor::strings({2}, {"x", ""})},
      {"body", std::make_shared<const Graph>(inner)},
      {"rest", RawAttribute{std::string("\x00\xff\x10", 3)}},
      {"nothing", RawAttribute{}},
  });
  check_round_trip(graph);
}

TEST_CASE("constants of every element type survive text") {
  for (int64_t number = 1; number <= 26; ++number) {
    const DType dtype = *dtype_from_number(number);
    for (const int64_t size : {0, 1, 5, 200}) {
      INFO(name(dtype) << " " << size);
      Graph graph;
      Tensor tensor(dtype, {size});
      if (dtype == DType::string) {
        tensor = Tensor::strings({size}, std::vector<std::string>(static_cast<size_t>(size), "a\"b"));
      } else if (dtype != DType::boolean) {
        int next = 3;  // every byte pattern may come from a file
        for (std::byte& byte : tensor.mutable_bytes()) byte = static_cast<std::byte>(next = (next * 5 + 7) % 256);
      } else {
        for (int64_t k = 0; k < size; ++k) tensor.set_double(k, static_cast<double>(k % 2));
      }
      graph.outputs = {graph.add_constant("c", tensor)};
      check_round_trip(graph);
    }
  }
}

TEST_CASE("names that could be taken for something else are quoted") {
  Graph graph;
  graph.name = "g";
  const std::vector<std::string> names{"input", "_",       "",    "a b",  "x:0",        "1",
                                       "-1",    "float32", "...", "a\nb", "/conv/out.0"};
  std::vector<ValueId> ids;
  for (const std::string& value : names) {
    ids.push_back(
        graph.add_input(value, {DType::float32, Shape{Dim("batch size"), Dim("N"), Dim("1x"), Dim("?"), Dim()}}));
  }
  const ValueId y = graph.add_value("const");
  graph.add_node(Opaque{"my domain", "Foo.Bar", 5, {}, ""}, ids, {y}, "output");
  const ValueId z = graph.add_value("graph");
  graph.add_node(Opaque{"ai.onnx", "Relu", 6, {}, ""}, {y}, {z});
  const ValueId w = graph.add_value("last");
  graph.add_node(Opaque{"", "Softmax", 9, {{"axis", int64_t{2}}}, ""}, {z}, {w});
  graph.outputs = {w};
  graph.domains["my domain"] = 5;
  check_round_trip(graph);
}

TEST_CASE("a name on the next line belongs to the next node") {
  const Graph graph = parsed(
      "graph {\n input x: float32[1]\n \"a b\" = Relu(x)\n \"c d\" = Relu(\"a b\") \"label\"\n"
      " output \"c d\"\n}");
  CHECK(graph.node(graph.order()[0]).name.empty());
  CHECK(graph.node(graph.order()[1]).name == "label");
}

TEST_CASE("subgraphs and what they capture survive text") {
  const Graph graph = parsed(R"(
    graph {
      input p: bool[]
      input a: float32[2]
      y = If@16(p) {
        then_branch = graph "then" { capture a: float32[2] b = Relu(a) output b },
        else_branch = graph "else" { capture a const c: float32[] = {2} b = Mul(a, c) output b }
      } "choose"
      output y
    })");
  const Node& node = graph.node(graph.order()[0]);
  REQUIRE(node.captures.size() == 1);
  CHECK(graph.value(node.captures[0]).name == "a");
  CHECK(node.name == "choose");
  check_round_trip(graph);
}

TEST_CASE("element types may stand for their numbers") {
  const Graph graph = parsed("graph { input x: float32[2] y = Cast(x) {to = float16} output y }");
  CHECK(as<Cast>(graph.node(graph.order()[0]).op)->to == DType::float16);
  CHECK(print(graph).find("{to = float16}") != std::string::npos);
  CHECK(equal(graph, parsed("graph { input x: float32[2] y = Cast(x) {to = 10} output y }")));
}

TEST_CASE("printing leaves out what it is asked to") {
  Graph graph;
  graph.outputs = {graph.add_constant("c", Tensor(DType::float32, {100}))};
  PrintOptions options;
  options.elide_above = 10;
  CHECK(print(graph, options) == "graph {\n  const c: float32[100] = ...\n  output c\n}\n");
  CHECK(fault(print(graph, options)).find("printed without them") != std::string::npos);
}

TEST_CASE("faults say where, what was found and what was expected") {
  CHECK(fault("") == "1:1: found the end, expected 'graph'");
  CHECK(fault("graph {\n  input x float32[1]\n}") == "2:18: found '[', expected '='");
  CHECK(fault("graph {\n  y = Relu(x)\n}") == "2:12: found 'x', expected the name of a value defined above");
  CHECK(fault("graph { input x: float33[1] }") == "1:18: found 'float33', expected an element type such as float32");
  CHECK(fault("graph { const c: uint8[1] = {256} }") == "1:30: found '256', expected an integer from 0 to 255");
  CHECK(fault("graph { const c: int64[2] = {1} }") == "1:29: found '{', expected 2 elements for int64[2], not 1");
  CHECK(fault("graph { const c: int64[N] = {1} }").find("numbers only") != std::string::npos);
  CHECK(fault("graph { const c: float32[1] = base64\"AA\" }").find("base64 of whole groups") != std::string::npos);
  CHECK(fault("graph { const c: float32[2] = base64\"AAAAAA==\" }").find("needs 8 bytes, found 4") !=
        std::string::npos);
  CHECK(fault("graph { const c: float32[4611686018427387904] = base64\"AAAAAA==\" }") != "no fault");
  CHECK(fault("graph { meta \"a = \"b\" }") != "no fault");
  CHECK(fault("graph { meta \"\\q\" = \"b\" }") ==
        "1:14: found an unknown escape in quoted text, expected a key in quotes");
  CHECK(fault("graph \"a") == "1:7: found text without its closing quote, expected '{'");
  CHECK(fault("graph ; {}") == "1:7: found a stray character \";\", expected '{'");
  CHECK(fault("graph { input x: float32[1] input x: float32[1] }") ==
        "1:35: found 'x', expected a name that is not taken");
  CHECK(fault("graph { input x: float32[1] y = Elu(x) {alpha = 1} output y }") ==
        "1:33: attribute 'alpha' of Elu is an int, expected a float");
  CHECK(fault("graph { input x: float32[1] y = Elu(x) {alpha = 1f, alpha = 2f} output y }") ==
        "1:53: found 'alpha', expected each attribute once");
  CHECK(fault("graph { input x: float32[1] y = Concat(x) output y }") ==
        "1:33: Concat lacks its attribute 'axis', which has no default");
  CHECK(fault("graph { input x: float32[1] y = F(x) {l = [1, 2.0]} output y }").find("a list of one kind") !=
        std::string::npos);
  CHECK(fault("graph { input x: float32[1] output x } x") == "1:40: found 'x', expected the end");
  std::string deep = "graph { input x: float32[1]";
  for (int i = 0; i < 1000; ++i) deep += " y = F(x) {g = graph { input x: float32[1]";
  CHECK(fault(deep).find("nested at most 64 deep") != std::string::npos);
}

TEST_CASE("text cut anywhere is a fault, not a crash") {
  const std::string text = print(parsed(R"(
    graph "g" { input x: float32[N,2] const c: float16[2] = {1, nan} z = F(x) {a = [1.5], b = "x\n", t = int4[3]{1, -2, 3}}
      y = Cast(c) {to = float32} s = Add(x, y) output s output z meta "k" = "v" })"));
  for (size_t length = 0; length + 2 < text.size(); ++length) {
    REQUIRE(fault(std::string_view(text).substr(0, length)) != "no fault");
  }
}
