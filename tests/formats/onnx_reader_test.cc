// Reading: every form a constant can take, external data and its confinement, functions, subgraphs, and malformed
// files.
#include <cstdio>

#include "formats/onnx/onnx.h"
#include "graph/verify.h"
#include "runtime/executor.h"
#include "tests/formats/onnx_expect.h"
#include "tests/formats/support.h"

using namespace pare;
using pare::testing::constant;
using pare::testing::failure;
using pare::testing::mentions;
using pare::testing::ModelBuilder;
using pare::testing::relu;
using pare::testing::ScratchFolder;
using Floats = std::vector<float>;
using Ints = std::vector<int64_t>;

namespace {

Graph read(const ModelBuilder& model) {
  auto graph = model.read();
  if (!graph) FAIL(graph.failure().message);
  return *std::move(graph);
}

// An initializer "t" of the given type with the values in int32_data.
Tensor from_int32_data(int dtype, const Ints& dims, const std::vector<int32_t>& values) {
  ModelBuilder model = relu();
  auto& tensor = *model.graph().add_initializer();
  tensor.set_name("t");
  tensor.set_data_type(dtype);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  for (const int32_t value : values) tensor.add_int32_data(value);
  return constant(read(model), "t");
}

}  // namespace

TEST_CASE("initializers: typed fields hold narrow types in int32_data") {
  CHECK(from_int32_data(3, {2}, {-1, 127}).ints() == Ints{-1, 127});
  CHECK(from_int32_data(2, {2}, {255, 0}).ints() == Ints{255, 0});
  CHECK(from_int32_data(9, {2}, {1, 0}).ints() == Ints{1, 0});
  CHECK(from_int32_data(5, {1}, {-300}).ints() == Ints{-300});
  CHECK(from_int32_data(10, {2}, {0x3c00, 0xc000}).floats() == Floats{1, -2});  // float16
  CHECK(from_int32_data(16, {1}, {0x3f80}).floats() == Floats{1});              // bfloat16
  CHECK(from_int32_data(22, {3}, {0x8f, 0x07}).ints() == Ints{-1, -8, 7});      // int4, low nibble first
}

TEST_CASE("Constant nodes of every kind become constants") {
  ModelBuilder model = relu();
  model.node("Constant", {}, {"a"}).with("value_float", 1.5f);
  model.node("Constant", {}, {"b"}).with("value_ints", Ints{1, 2});
  model.node("Constant", {}, {"c"}).with("value_floats", Floats{3});
  model.node("Constant", {}, {"d"}).with("value_int", 7);
  model.node("Constant", {}, {"e"}).with("value_string", "text");
  model.node("Constant", {}, {"f"});
  auto& sparse = *model.attribute("sparse_value", 11).mutable_sparse_tensor();
  sparse.add_dims(2);
  sparse.add_dims(2);
  sparse.mutable_values()->set_data_type(1);
  sparse.mutable_values()->add_dims(1);
  sparse.mutable_values()->add_float_data(9);
  sparse.mutable_indices()->set_data_type(7);
  sparse.mutable_indices()->add_dims(1);
  sparse.mutable_indices()->add_int64_data(2);
  const Graph graph = read(model);
  CHECK(constant(graph, "a").floats() == Floats{1.5f});
  CHECK(constant(graph, "a").dims() == Dims{});
  CHECK(constant(graph, "b").ints() == Ints{1, 2});
  CHECK(constant(graph, "c").dims() == Dims{1});
  CHECK(constant(graph, "d").ints() == Ints{7});
  CHECK(constant(graph, "e").string_values() == std::vector<std::string>{"text"});
  CHECK(constant(graph, "f").floats() == Floats{0, 0, 9, 0});
  CHECK(graph.order().size() == 1);
}

TEST_CASE("an initializer among the inputs is a constant") {
  ModelBuilder model(8, 3);
  model.input("x", {2}).input("w", {2}).output("y", {2}).floats("w", {2}, {1, 2}).node("Add", {"x", "w"}, {"y"});
  const Graph graph = read(model);
  REQUIRE(graph.inputs.size() == 1);
  CHECK(graph.value(graph.inputs[0]).name == "x");
  CHECK(constant(graph, "w").floats() == Floats{1, 2});
}

TEST_CASE("nodes out of order are sorted") {
  ModelBuilder model(13);
  model.input("x", {2}).output("y", {2}).node("Relu", {"h"}, {"y"}).node("Abs", {"x"}, {"h"});
  const Graph graph = read(model);
  REQUIRE(graph.order().size() == 2);
  CHECK(op_type(graph.node(graph.order()[0]).op) == "Abs");
}

TEST_CASE("domain ai.onnx is the empty domain, others are kept") {
  ModelBuilder model = relu();
  model.last->set_domain("ai.onnx");
  auto& import = *model.model.add_opset_import();
  import.set_domain("com.acme");
  import.set_version(3);
  model.node("Foo", {"x"}, {"z"}).with("k", 2);
  model.last->set_domain("com.acme");
  auto& type = *model.attribute("t", 13).mutable_tp()->mutable_sequence_type();
  type.mutable_elem_type()->mutable_tensor_type()->set_elem_type(1);
  auto& meta = *model.model.add_metadata_props();
  meta.set_key("author");
  meta.set_value("me");
  model.model.set_producer_name("maker");
  const Graph graph = read(model);
  CHECK(as<Unary>(graph.node(graph.order()[0]).op) != nullptr);
  const auto* opaque = as<Opaque>(graph.node(graph.order()[1]).op);
  REQUIRE(opaque != nullptr);
  CHECK(opaque->domain == "com.acme");
  CHECK(opaque->version == 3);
  CHECK(graph.domains == std::map<std::string, int64_t>{{"com.acme", 3}});
  CHECK(graph.metadata ==
        std::vector<std::pair<std::string, std::string>>{{"producer_name", "maker"}, {"author", "me"}});

  const ScratchFolder scratch;
  REQUIRE(write_onnx(graph, scratch / "m.onnx").ok());
  const auto again = read_onnx(scratch / "m.onnx");
  REQUIRE(again.ok());
  CHECK(equal(graph, *again));
  testing::wire::ModelProto written;
  REQUIRE(written.ParseFromString(testing::read_bytes(scratch / "m.onnx")));
  CHECK(written.opset_import(0).version() == 13);
  CHECK(written.ir_version() == 7);
  CHECK(written.producer_name() == "maker");
  REQUIRE(written.graph().node(1).attribute_size() == 2);
  CHECK(written.graph().node(1).attribute(1).tp().sequence_type().elem_type().tensor_type().elem_type() == 1);
}

TEST_CASE("external data is mapped from the model's folder and from nowhere else") {
  const ScratchFolder outside, scratch;
  const Floats values{1, 2, 3, 4};
  const std::string_view bytes(reinterpret_cast<const char*>(values.data()), 16);
  scratch.file("weights.bin", "0123" + std::string(bytes));
  outside.file("secret.bin", bytes);
  std::filesystem::create_symlink(outside / "secret.bin", scratch / "link.bin");
  const auto with = [&](const std::string& location, const std::string& offset, const std::string& length) {
    ModelBuilder model = relu();
    auto& tensor = *model.graph().add_initializer();
    tensor.set_name("w");
    tensor.set_data_type(1);
    tensor.add_dims(4);
    tensor.set_data_location(1);
    for (const auto& [key, value] : {std::pair{"location", location}, {"offset", offset}, {"length", length}}) {
      auto& entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
    return read_onnx(scratch.file("m.onnx", model.bytes()));
  };
  const auto good = with("weights.bin", "4", "16");
  if (!good) FAIL(good.failure().message);
  CHECK(constant(*good, "w").floats() == values);
  mentions(failure(with("weights.bin", "8", "16")), "beyond");
  mentions(failure(with("weights.bin", "99999999999999999999", "16")), "not a number");
  mentions(failure(with("weights.bin", "18446744073709551612", "16")), "beyond");
  mentions(failure(with("weights.bin", "4", "12")), "12");
  mentions(failure(with("missing.bin", "0", "16")), "missing.bin");
  mentions(failure(with("../" + std::filesystem::path(outside.path()).filename().string() + "/secret.bin", "0", "16")),
           "not a path inside");
  mentions(failure(with(outside / "secret.bin", "0", "16")), "not a path inside");
  mentions(failure(with("link.bin", "0", "16")), "link");
}

TEST_CASE("functions of the model are expanded") {
  // twice(a) {k} = Scale(a + a) with k; called as twice {k = 0.5}(x) in the graph
  ModelBuilder model(13);
  auto& function = *model.model.add_functions();
  function.set_domain("local");
  function.set_name("twice");
  function.add_input("a");
  function.add_output("b");
  function.add_attribute("k");
  auto& import = *function.add_opset_import();
  import.set_version(13);
  auto& add = *function.add_node();
  add.set_op_type("Add");
  add.add_input("a");
  add.add_input("a");
  add.add_output("t");
  auto& leaky = *function.add_node();
  leaky.set_op_type("LeakyRelu");
  leaky.add_input("t");
  leaky.add_output("b");
  auto& alpha = *leaky.add_attribute();
  alpha.set_name("alpha");
  alpha.set_type(1);
  alpha.set_ref_attr_name("k");
  model.input("x", {2}).output("y", {2}).node("twice", {"x"}, {"h"}).with("k", 0.5f);
  model.last->set_domain("local");
  model.node("twice", {"h"}, {"y"});
  model.last->set_domain("local");
  const Graph graph = read(model);
  REQUIRE(graph.order().size() == 4);
  const auto* first = as<LeakyRelu>(graph.node(graph.order()[1]).op);
  const auto* second = as<LeakyRelu>(graph.node(graph.order()[3]).op);
  REQUIRE(first != nullptr);
  REQUIRE(second != nullptr);
  CHECK(first->alpha == 0.5f);
  CHECK(second->alpha == 0.01f);  // left out: the operator's own default
  CHECK(graph.domains.empty());

  add.set_op_type("twice");
  add.set_domain("local");
  add.mutable_input()->RemoveLast();
  mentions(failure(model.read()), "calls itself");
}

TEST_CASE("subgraphs capture values of the graphs around them") {
  ModelBuilder model(13);
  model.input("c", Ints{}, 9)
      .input("x", {2})
      .output("y", {2})
      .node("Abs", {"x"}, {"h"})
      .node("If", {"c"}, {"y"}, "choice");
  for (const char* branch : {"then_branch", "else_branch"}) {
    ModelBuilder body(13);
    body.output(std::string("out_") + branch, {2});
    body.node(branch[0] == 't' ? "Relu" : "Neg", {"h"}, {std::string("out_") + branch});
    *model.attribute(branch, 5).mutable_g() = body.graph();
  }
  const Graph graph = read(model);
  const NodeId choice = graph.order()[1];
  REQUIRE(graph.node(choice).captures.size() == 1);
  CHECK(graph.value(graph.node(choice).captures[0]).name == "h");
  const auto* op = as<If>(graph.node(choice).op);
  REQUIRE(op != nullptr);
  const GraphPtr& body = op->then_branch;
  REQUIRE(body->captured.size() == 1);
  CHECK(to_string(body->value(body->outputs[0]).type) == "float32[2]");

  const ScratchFolder scratch;
  REQUIRE(write_onnx(graph, scratch / "m.onnx").ok());
  const auto again = read_onnx(scratch / "m.onnx");
  REQUIRE(again.ok());
  CHECK(equal(graph, *again));
}

TEST_CASE("functions are expanded inside subgraphs, and subgraphs of functions capture its values") {
  ModelBuilder model(15);
  model.input("c", Ints{}, 9).input("x", {2}).output("y", {2}).node("If", {"c"}, {"y"});
  for (const char* branch : {"then_branch", "else_branch"}) {
    ModelBuilder body(15);
    body.result(std::string("out_") + branch);
    body.node(branch[0] == 't' ? "choose" : "Neg", {"x"}, {std::string("out_") + branch});
    if (branch[0] == 't') {
      body.last->set_domain("local");
      body.last->add_input("c");
    }
    *model.attribute(branch, 5).mutable_g() = body.graph();
  }
  // choose(a, p) = p ? a + a : -(a + a)
  auto& function = *model.model.add_functions();
  function.set_domain("local");
  function.set_name("choose");
  function.add_input("a");
  function.add_input("p");
  function.add_output("b");
  function.add_opset_import()->set_version(15);
  ModelBuilder inside(15);
  inside.node("Add", {"a", "a"}, {"sum"}).node("If", {"p"}, {"b"});
  for (const char* branch : {"then_branch", "else_branch"}) {
    ModelBuilder body(15);
    body.result("r").node(branch[0] == 't' ? "Identity" : "Neg", {"sum"}, {"r"});
    *inside.attribute(branch, 5).mutable_g() = body.graph();
  }
  for (const auto& node : inside.graph().node()) *function.add_node() = node;
  auto& import = *model.model.add_opset_import();
  import.set_domain("local");
  import.set_version(1);
  const Graph graph = read(model);
  auto executor = Executor::create(std::make_shared<const Graph>(graph), {.reference = true});
  REQUIRE(executor.ok());
  const Tensor x = Tensor::of<float>({2}, {1, -3});
  auto outputs = (*executor)->run(std::vector<Tensor>{Tensor::scalar(true), x});
  REQUIRE(outputs.ok());
  CHECK((*outputs)[0].floats() == std::vector<float>{2, -6});
  outputs = (*executor)->run(std::vector<Tensor>{Tensor::scalar(false), x});
  REQUIRE(outputs.ok());
  CHECK((*outputs)[0].floats() == std::vector<float>{-1, 3});
}

TEST_CASE("faults of the graph are named") {
  ModelBuilder cycle(13);
  cycle.input("x", {2}).output("y", {2}).node("Add", {"x", "b"}, {"a"}, "one").node("Relu", {"a"}, {"b"}, "two");
  cycle.node("Relu", {"b"}, {"y"}, "after");
  const std::string text = failure(cycle.read());
  mentions(text, "cycle");
  CHECK((text.find("'one'") != std::string::npos || text.find("'two'") != std::string::npos));

  ModelBuilder dangling(13);
  dangling.input("x", {2}).output("y", {2}).node("Add", {"x", "nowhere"}, {"y"}, "sum");
  mentions(failure(dangling.read()), "'nowhere'");
  mentions(failure(dangling.read()), "'sum'");

  ModelBuilder twice = relu();
  twice.node("Abs", {"x"}, {"y"}, "again");
  mentions(failure(twice.read()), "'y' is defined twice");

  ModelBuilder no_output(13);
  no_output.input("x", {2}).output("z", {2}).node("Relu", {"x"}, {"y"});
  mentions(failure(no_output.read()), "'z'");

  ModelBuilder contradiction(13);
  contradiction.input("x", {2}).output("y", {3}).node("Relu", {"x"}, {"y"});
  mentions(failure(contradiction.read()), "float32[3]");

  ModelBuilder no_opset = relu();
  no_opset.model.clear_opset_import();
  mentions(failure(no_opset.read()), "opset_import");

  ModelBuilder wrong_type(13);
  wrong_type.input("x", {2}).result("y").node("Softmax", {"x"}, {"y"}, "soft").with("axis", "one");
  mentions(failure(wrong_type.read()), "'soft'");
}

TEST_CASE("tensors that claim more than they hold fail before memory is taken") {
  for (const Ints& dims :
       {Ints{1 << 30, 1 << 30}, Ints{int64_t{1} << 40}, Ints{3}, Ints{-1}, Ints{int64_t{1} << 62, 4}}) {
    ModelBuilder model = relu();
    model.floats("w", dims, {1, 2});
    mentions(failure(model.read()), "'w'");
  }
  ModelBuilder unknown = relu();
  unknown.floats("w", {1}, {1});
  unknown.graph().mutable_initializer(0)->set_data_type(77);
  mentions(failure(unknown.read()), "77");
}

TEST_CASE("graph inputs that are no tensors are unsupported") {
  ModelBuilder model = relu();
  auto& info = *model.graph().add_input();
  info.set_name("s");
  auto& map = *info.mutable_type()->mutable_map_type();
  map.set_key_type(7);
  map.mutable_value_type()->mutable_tensor_type()->set_elem_type(1);
  const auto graph = model.read();
  REQUIRE_FALSE(graph.ok());
  CHECK(graph.failure().code == ErrorCode::unsupported);
}

TEST_CASE("files that are no models") {
  const ScratchFolder scratch;
  mentions(failure(read_onnx(scratch.file("text.onnx", "this is a text file, not a model\n"))), "text.onnx");
  mentions(failure(read_onnx(scratch.file("empty.onnx", ""))), "empty.onnx");
  mentions(failure(read_onnx(scratch / "missing.onnx")), "missing.onnx");
}

// A truncated or changed file is read or refused with a sentence; sanitizers watch the rest.
TEST_CASE("truncated and mutated models do not crash") {
  std::vector<std::string> models{relu().bytes()};
  for (const char* name : {"models/tiny-kws.onnx", "models/mnist-cnn-integer.onnx", "models/silero-vad-16k.onnx"}) {
    const std::string path = testing::shared_path(name);
    if (path.empty()) {
      WARN("skipped: " << name << " is not in the shared folder");
    } else {
      models.push_back(testing::read_bytes(path));
    }
  }
  const auto attempt = [](const std::string& bytes) {
    const auto graph = read_onnx(std::as_bytes(std::span(bytes)));
    if (graph) return verify(*graph).ok();
    const ErrorCode code = graph.failure().code;
    return (code == ErrorCode::input || code == ErrorCode::unsupported) && !graph.failure().message.empty();
  };
  uint64_t state = 88172645463325252u;  // xorshift64
  const auto random = [&](uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
  };
  for (const std::string& model : models) {
    for (size_t i = 0; i < 40; ++i) {
      const std::string cut = model.substr(0, model.size() * i / 40);
      CHECK(attempt(cut));
    }
    for (int i = 0; i < 130; ++i) {
      std::string changed = model;
      for (uint64_t n = random(8) + 1; n > 0; --n) {
        // Mostly near the start, where nodes and headers are.
        const uint64_t at = random(random(2) ? changed.size() : std::min<uint64_t>(changed.size(), 4000));
        changed[at] = static_cast<char>(random(256));
      }
      CHECK(attempt(changed));
    }
  }
}
