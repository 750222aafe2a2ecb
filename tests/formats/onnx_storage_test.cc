// Where weights lie: large fields that stay in the file, external data and its confinement, data files of models that
// replace others, and files that would take more memory than they can need.
#include <unistd.h>

#include "formats/onnx/onnx.h"
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
namespace fs = std::filesystem;

namespace {

constexpr int64_t kElements = 5000;  // elements that a reader leaves in the file

Graph unwrapped(Result<Graph> graph) {
  if (!graph) FAIL(graph.failure().message);
  return *std::move(graph);
}

Floats counted(float from = 0) {
  Floats values(kElements);
  for (size_t i = 0; i < values.size(); ++i) values[i] = from + static_cast<float>(i);
  return values;
}

void set_raw(testing::wire::TensorProto& tensor, const Floats& values) {
  tensor.set_data_type(1);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  tensor.set_raw_data(values.data(), values.size() * sizeof(float));
}

// If(c) whose branches add a constant of their own, the second the first's plus one.
ModelBuilder branches() {
  ModelBuilder model(13);
  model.input("c", Ints{}, 9).input("x", {kElements}).output("y", {kElements}).node("If", {"c"}, {"y"}, "choice");
  for (const char* branch : {"then_branch", "else_branch"}) {
    const bool first = branch[0] == 't';
    ModelBuilder body(13);
    const std::string out = std::string("out_") + branch, w = std::string("w_") + branch;
    body.output(out, {kElements}).node("Add", {"x", w}, {out});
    auto& tensor = *body.graph().add_initializer();
    tensor.set_name(w);
    set_raw(tensor, counted(first ? 0 : 1));
    *model.attribute(branch, 5).mutable_g() = body.graph();
  }
  return model;
}

std::vector<std::string> names_in(const ScratchFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("large weights are read from where they lie in the file, whatever field holds them") {
  ModelBuilder model = relu();
  auto& raw = *model.graph().add_initializer();
  raw.set_name("raw");
  set_raw(raw, counted());
  model.floats("typed", {kElements}, counted(7));
  auto& doubles = *model.graph().add_initializer();
  doubles.set_name("doubles");
  doubles.set_data_type(11);
  doubles.add_dims(kElements);
  for (int64_t i = 0; i < kElements; ++i) doubles.add_double_data(0.5 * static_cast<double>(i));
  model.node("Constant", {}, {"attribute"});
  set_raw(*model.attribute("value", 4).mutable_t(), counted(-3));
  const ScratchFolder scratch;
  for (const Graph& graph : {unwrapped(model.read()), unwrapped(read_onnx(scratch.file("m.onnx", model.bytes())))}) {
    CHECK(constant(graph, "raw").floats() == counted());
    CHECK(constant(graph, "typed").floats() == counted(7));
    CHECK(constant(graph, "doubles").as_double(kElements - 1) == 0.5 * (kElements - 1));
    CHECK(constant(graph, "attribute").floats() == counted(-3));
    const std::string copy = scratch / "copy.onnx";
    REQUIRE(write_onnx(graph, copy).ok());
    CHECK(equal(graph, unwrapped(read_onnx(copy))));
    testing::wire::ModelProto official;  // plain protobuf reads what was put together piece by piece
    REQUIRE(official.ParseFromString(testing::read_bytes(copy)));
    CHECK(official.graph().initializer(0).raw_data().size() == kElements * 4);
    CHECK_FALSE(official.graph().initializer(0).has_lifted_bytes());
  }
}

TEST_CASE("large weights of the wrong size or type are refused") {
  ModelBuilder model = relu();
  auto& tensor = *model.graph().add_initializer();
  tensor.set_name("w");
  set_raw(tensor, counted());
  tensor.set_dims(0, kElements + 1);
  mentions(failure(model.read()), "'w'");
  tensor.set_dims(0, kElements);
  tensor.set_data_type(8);
  mentions(failure(model.read()), "strings");
  ModelBuilder typed = relu();
  typed.floats("w", {kElements}, counted());
  typed.graph().mutable_initializer(0)->set_data_type(6);  // int32, whose values do not lie in float_data
  mentions(failure(typed.read()), "'w'");
}

TEST_CASE("a file cannot send a reader beyond its own bytes") {
  ModelBuilder model = relu();
  auto& tensor = *model.graph().add_initializer();
  tensor.set_name("w");
  tensor.set_data_type(1);
  tensor.add_dims(kElements);
  tensor.set_lifted_offset(uint64_t{1} << 40);
  tensor.set_lifted_bytes(kElements * 4);
  mentions(failure(model.read()), "beyond");
}

TEST_CASE("weights of subgraphs and of attributes survive a round trip, inside and outside the file") {
  const ScratchFolder scratch;
  ModelBuilder model = branches();
  model.node("Mystery", {"x"}, {"z"});
  model.last->set_domain("com.acme");
  set_raw(*model.attribute("table", 4).mutable_t(), counted(9));
  const Graph graph = unwrapped(model.read());
  for (const uint64_t above : {uint64_t{0x7fffffff}, uint64_t{0}}) {
    const std::string copy = scratch / ("copy" + std::to_string(above) + ".onnx");
    const auto written = write_onnx(graph, copy, {.external_above = above});
    if (!written) FAIL(written.failure().message);
    const uint64_t data = above ? 0 : fs::file_size(copy + ".data");
    CHECK(*written == fs::file_size(copy) + data);
    if (!above) {
      CHECK(data >= 2 * kElements * 4);
      CHECK(fs::file_size(copy) < 2 * kElements * 4);  // the attribute alone stays
    }
    uint64_t external = 1;
    CHECK(equal(graph, unwrapped(read_onnx(copy, &external))));
    CHECK(external == data);
  }
}

TEST_CASE("weights that several initializers share are written once") {
  const ScratchFolder scratch;
  Graph graph = unwrapped(relu().read());
  const Tensor shared = Tensor::of<float>({kElements}, counted());
  graph.add_constant("a", shared);
  graph.add_constant("b", shared.reshaped({kElements, 1}));
  REQUIRE(write_onnx(graph, scratch / "m.onnx", {.external_above = 0}).ok());
  CHECK(fs::file_size(scratch / "m.onnx.data") == kElements * 4);
  CHECK(equal(graph, unwrapped(read_onnx(scratch / "m.onnx"))));
}

TEST_CASE("a model that replaces another never touches the data that the other reads") {
  const ScratchFolder scratch;
  ModelBuilder model = relu();
  model.floats("w", {kElements}, counted());
  const Graph first = unwrapped(model.read());
  const std::string path = scratch / "m.onnx";
  REQUIRE(write_onnx(first, path, {.external_above = 0}).ok());
  CHECK(names_in(scratch) == std::vector<std::string>{"m.onnx", "m.onnx.data"});
  const std::string old_model = testing::read_bytes(path), old_data = testing::read_bytes(path + ".data");

  // In place: the graph's weights are still mapped from the file that goes.
  const Graph mapped = unwrapped(read_onnx(path));
  REQUIRE(write_onnx(mapped, path, {.external_above = 0}).ok());
  CHECK(names_in(scratch) == std::vector<std::string>{"m.onnx", "m.onnx.1.data"});
  CHECK(equal(first, unwrapped(read_onnx(path))));
  REQUIRE(write_onnx(mapped, path, {.external_above = 0}).ok());
  CHECK(names_in(scratch) == std::vector<std::string>{"m.onnx", "m.onnx.data"});

  // Back inside the file: the data file of the model that is gone goes with it, another's stays.
  scratch.file("m.onnx.7.data", "somebody else's");
  REQUIRE(write_onnx(mapped, path).ok());
  CHECK(names_in(scratch) == std::vector<std::string>{"m.onnx", "m.onnx.7.data"});
  CHECK(equal(first, unwrapped(read_onnx(path))));

  // A run that was killed before the model was renamed leaves a data file that nothing reads; the next takes another.
  scratch.file("m.onnx", old_model);
  scratch.file("m.onnx.data", old_data);
  scratch.file("m.onnx.1.data", "left behind");
  REQUIRE(write_onnx(mapped, path, {.external_above = 0}).ok());
  CHECK(names_in(scratch) == std::vector<std::string>{"m.onnx", "m.onnx.1.data", "m.onnx.2.data", "m.onnx.7.data"});
  CHECK(equal(first, unwrapped(read_onnx(path))));
}

TEST_CASE("external data is found through no link, wherever it stands in the path") {
  const ScratchFolder outside, scratch;
  const std::string bytes(16, '\1');
  outside.file("w.bin", bytes);
  fs::create_directories(scratch / "sub/deep");
  scratch.file("sub/deep/w.bin", bytes);
  fs::create_symlink(outside.path(), scratch / "away");
  fs::create_symlink("sub", scratch / "inside");
  fs::create_symlink("w.bin", scratch / "sub/deep/link.bin");
  const auto with = [&](const std::string& location) {
    ModelBuilder model = relu();
    auto& tensor = *model.graph().add_initializer();
    tensor.set_name("w");
    tensor.set_data_type(1);
    tensor.add_dims(4);
    tensor.set_data_location(1);
    auto& entry = *tensor.add_external_data();
    entry.set_key("location");
    entry.set_value(location);
    return read_onnx(scratch.file("m.onnx", model.bytes()));
  };
  CHECK(with("sub/deep/w.bin").ok());
  CHECK(with("./sub//deep/./w.bin").ok());
  for (const char* linked : {"away/w.bin", "inside/deep/w.bin", "sub/deep/link.bin"})
    mentions(failure(with(linked)), "link");
  for (const char* climbing : {"sub/../sub/deep/w.bin", "..", "/etc/passwd", "", "sub/deep/../../../x"}) {
    mentions(failure(with(climbing)), "not a path inside");
  }
  mentions(failure(with("sub/deep")), "folder");
  mentions(failure(with("sub/none/w.bin")), "no such file");
}

TEST_CASE("files that ask for much more memory than they have bytes are refused") {
  // Two bytes a node, some hundred in memory.
  ModelBuilder nodes = relu();
  std::string empty_nodes;
  for (int i = 0; i < 2'000'000; ++i) empty_nodes += std::string("\x0a\x00", 2);
  const std::string graph = nodes.graph().SerializeAsString() + empty_nodes;
  nodes.model.clear_graph();
  std::string head = nodes.model.SerializeAsString();
  head += static_cast<char>((7 << 3) | 2);
  for (size_t size = graph.size(); size > 0; size >>= 7)
    head += static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
  const std::string bytes = head + graph;
  mentions(failure(read_onnx(std::as_bytes(std::span(bytes)))), "memory");

  // One byte a dimension, forty in memory.
  ModelBuilder dims = relu();
  auto& tensor = *dims.graph().add_initializer();
  tensor.set_name("w");
  tensor.set_data_type(1);
  for (int i = 0; i < 100'000; ++i) tensor.add_dims(1);
  const auto refused = dims.read();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().code == ErrorCode::unsupported);
  mentions(refused.failure().message, "100000 dimensions");

  // No elements, dense a gigabyte.
  ModelBuilder sparse = relu();
  auto& none = *sparse.graph().add_sparse_initializer();
  none.add_dims(1 << 28);
  none.mutable_values()->set_name("s");
  none.mutable_values()->set_data_type(1);
  none.mutable_values()->add_dims(0);
  none.mutable_indices()->set_data_type(7);
  none.mutable_indices()->add_dims(0);
  mentions(failure(sparse.read()), "'s'");
}

TEST_CASE("functions that multiply each other are refused before they fill the memory") {
  ModelBuilder model(13);
  for (int level = 0; level < 12; ++level) {
    auto& function = *model.model.add_functions();
    function.set_domain("local");
    function.set_name("f" + std::to_string(level));
    function.add_input("a");
    function.add_output("b");
    function.add_opset_import()->set_version(13);
    std::string from = "a";
    for (int call = 0; call < 10; ++call) {
      auto& node = *function.add_node();
      node.set_op_type(level == 0 ? "Relu" : "f" + std::to_string(level - 1));
      if (level > 0) node.set_domain("local");
      node.add_input(from);
      from = call == 9 ? "b" : "t" + std::to_string(call);
      node.add_output(from);
    }
  }
  model.input("x", {2}).output("y", {2}).node("f11", {"x"}, {"y"});
  model.last->set_domain("local");
  mentions(failure(model.read()), "when expanded");
}

TEST_CASE("subgraphs nested without end are refused") {
  testing::wire::GraphProto graph;
  graph.set_name("g");
  for (int depth = 0; depth < 60; ++depth) {
    testing::wire::GraphProto outer;
    auto& node = *outer.add_node();
    node.set_op_type("If");
    auto& attribute = *node.add_attribute();
    attribute.set_name("then_branch");
    attribute.set_type(5);
    attribute.mutable_g()->Swap(&graph);
    graph.Swap(&outer);
  }
  ModelBuilder model(13);
  model.graph().Swap(&graph);
  CHECK_FALSE(model.read().ok());
}

TEST_CASE("sparse initializers are read with linear and with coordinate indices") {
  for (const bool coordinates : {false, true}) {
    ModelBuilder model = relu();
    auto& sparse = *model.graph().add_sparse_initializer();
    sparse.add_dims(2);
    sparse.add_dims(3);
    auto& values = *sparse.mutable_values();
    values.set_name("s");
    values.set_data_type(1);
    values.add_dims(2);
    values.add_float_data(5);
    values.add_float_data(7);
    auto& indices = *sparse.mutable_indices();
    indices.set_data_type(7);
    indices.add_dims(2);
    if (coordinates) indices.add_dims(2);
    for (const int64_t index : coordinates ? Ints{0, 1, 1, 2} : Ints{1, 5}) indices.add_int64_data(index);
    const Graph graph = unwrapped(model.read());
    CHECK(constant(graph, "s").floats() == Floats{0, 5, 0, 0, 0, 7});
    indices.set_int64_data(0, coordinates ? 2 : 6);
    mentions(failure(model.read()), "outside");
  }
}

TEST_CASE("what a file says about itself and its nodes survives a round trip") {
  const ScratchFolder scratch;
  ModelBuilder model = relu();
  model.model.set_producer_name("maker");
  model.model.set_producer_version("1.2");
  model.model.set_domain("org.example");
  model.model.set_model_version(42);
  model.model.set_doc_string("A model.\nTwo lines.");
  model.graph().set_doc_string("A graph.");
  const auto entry = [](auto& properties, const char* key, const char* value) {
    auto& added = *properties.Add();
    added.set_key(key);
    added.set_value(value);
  };
  entry(*model.model.mutable_metadata_props(), "author", "me");
  entry(*model.model.mutable_metadata_props(), "producer_name", "not the field");
  entry(*model.graph().mutable_metadata_props(), "scope", "all");
  entry(*model.last->mutable_metadata_props(), "pkg.torch.onnx.scope", "layer1");
  model.last->set_doc_string("from model.py");
  const Graph graph = unwrapped(model.read());
  REQUIRE(write_onnx(graph, scratch / "m.onnx").ok());
  CHECK(equal(graph, unwrapped(read_onnx(scratch / "m.onnx"))));
  testing::wire::ModelProto written;
  REQUIRE(written.ParseFromString(testing::read_bytes(scratch / "m.onnx")));
  CHECK(written.producer_name() == "maker");
  CHECK(written.producer_version() == "1.2");
  CHECK(written.domain() == "org.example");
  CHECK(written.model_version() == 42);
  CHECK(written.doc_string() == "A model.\nTwo lines.");
  CHECK(written.graph().doc_string() == "A graph.");
  REQUIRE(written.metadata_props_size() == 2);
  CHECK(written.metadata_props(0).key() == "author");
  CHECK(written.metadata_props(1).key() == "producer_name");
  CHECK(written.metadata_props(1).value() == "not the field");
  REQUIRE(written.graph().metadata_props_size() == 1);
  CHECK(written.graph().metadata_props(0).key() == "scope");
  REQUIRE(written.graph().node(0).metadata_props_size() == 1);
  CHECK(written.graph().node(0).metadata_props(0).value() == "layer1");
  CHECK(written.graph().node(0).doc_string() == "from model.py");
}

TEST_CASE("every domain that a node is of is imported") {
  const ScratchFolder scratch;
  Graph graph = unwrapped(relu().read());
  Opaque opaque;
  opaque.domain = "com.example";
  opaque.type = "Thing";
  graph.add(Op(opaque), {graph.inputs[0]}, "z");
  REQUIRE(graph.domains.empty());
  REQUIRE(write_onnx(graph, scratch / "m.onnx").ok());
  testing::wire::ModelProto written;
  REQUIRE(written.ParseFromString(testing::read_bytes(scratch / "m.onnx")));
  REQUIRE(written.opset_import_size() == 2);
  CHECK(written.opset_import(1).domain() == "com.example");
  CHECK(written.opset_import(1).version() == 1);
}
