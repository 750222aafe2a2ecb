#include <cmath>
#include <cstring>
#include <random>

#include "formats/pare/decode.h"
#include "formats/pare/pare_file.h"
#include "graph/verify.h"
#include "tests/catch.h"
#include "tests/formats/support.h"

namespace pare {
namespace {

using testing::from_hex;
using testing::read_bytes;
using testing::ScratchFolder;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Result<Graph> read(const std::string& bytes) { return read_pare(std::as_bytes(std::span(bytes)), nullptr); }

std::string failure_of(const std::string& bytes) {
  auto graph = read(bytes);
  REQUIRE_FALSE(graph);
  return graph.failure().message;
}

Type floats(Shape shape) { return {DType::float32, std::move(shape)}; }

// Smooth values, as weights of a trained layer are: their exponents repeat, their mantissas do not.
Tensor weights(Dims dims, unsigned seed) {
  Tensor tensor(DType::float32, std::move(dims));
  std::mt19937 random(seed);
  for (float& value : tensor.mutable_data<float>())
    value = (static_cast<float>(random()) / 4294967296.0f - 0.5f) * 0.2f;
  return tensor;
}

// Every form a graph takes in a file: known and opaque nodes, left-out inputs, attributes of every kind, a subgraph
// that captures, symbols, an unknown rank, text, small and large constants, an empty one, and two that are equal.
Graph rich_graph() {
  Graph graph;
  graph.name = "rich";
  graph.domains = {{"com.acme", 3}};
  graph.metadata = {{"author", "me"}, {"empty", ""}};
  const ValueId x = graph.add_input("x", floats({Dim("N"), 4, 16, 16}));
  const ValueId flag = graph.add_input("flag", {DType::boolean, Shape{}});
  const ValueId w = graph.add_constant("w", weights({32, 4, 3, 3}, 1));
  Conv conv;
  conv.pads = {1, 1, 1, 1};
  const ValueId y = graph.add(Op(conv), {x, w}, "y");
  graph.value(y).type = floats({Dim("N"), 32, 16, 16});
  const ValueId high = graph.add_constant("high", Tensor::scalar(6.0f));
  const ValueId c = graph.add(Op(Clip{}), {y, ValueId::none, high}, "c");
  graph.value(c).type = floats({Dim("N"), 32, Dim(), 16});
  const ValueId again = graph.add_constant("again", weights({32, 4, 3, 3}, 1));
  const ValueId text = graph.add_constant("text", Tensor::strings({2}, {"hello", ""}));
  const ValueId none = graph.add_constant("none", Tensor(DType::int64, {0, 3}));
  const ValueId steps = graph.add_constant("steps", [] {
    Tensor tensor(DType::int64, {1000});
    for (size_t i = 0; i < 1000; ++i) tensor.mutable_data<int64_t>()[i] = 1000000007 + 3 * static_cast<int64_t>(i);
    return tensor;
  }());

  Graph body;
  body.name = "then";
  const ValueId outer = body.add_value("c", floats({Dim("N"), 32, 16, 16}));
  body.captured = {outer};
  body.outputs = {body.add(Op(Unary{Unary::Kind::Relu}), {outer}, "r")};

  Opaque opaque;
  opaque.domain = "com.acme";
  opaque.type = "Mystery";
  opaque.version = 3;
  opaque.reason = "is not known";
  opaque.attributes = {{"i", int64_t{-5}},
                       {"f", -0.0f},
                       {"s", std::string("a\0b", 3)},
                       {"ints", std::vector<int64_t>{1, -2, int64_t{1} << 62}},
                       {"no_ints", std::vector<int64_t>{}},
                       {"floats", std::vector<float>{INFINITY, 0.1f}},
                       {"strings", std::vector<std::string>{"", "z"}},
                       {"tensor", Tensor::of<int32_t>({2}, {7, 8})},
                       {"then", std::make_shared<const Graph>(std::move(body))},
                       {"raw", RawAttribute{std::string("\x01\x02", 2)}}};
  const ValueId out = graph.add_value("out");
  const NodeId id =
      graph.add_node(Op(std::move(opaque)), {flag, again, text, none, steps}, {ValueId::none, out}, "mystery");
  graph.node(id).captures = {c};
  graph.outputs = {out, c};
  return graph;
}

// A file whose manifest is not compressed, its checksum put right after `change` has been at it.
template <class F>
std::string with_manifest(std::string bytes, F change) {
  const size_t trailer = bytes.size() - 12;
  uint32_t stored;
  std::memcpy(&stored, bytes.data() + trailer, 4);
  std::string manifest = bytes.substr(trailer - stored, stored);
  change(manifest);
  const auto size = static_cast<uint32_t>(manifest.size());
  const uint32_t numbers[3] = {size, size, crc32_of(std::as_bytes(std::span(manifest)))};
  return bytes.substr(0, trailer - stored) + manifest + std::string(reinterpret_cast<const char*>(numbers), 12);
}

// Version 1, put together by hand from PARE_FORMAT.md: x float32[N,2] -> MatMul "fc" with w (a blob at byte 64) ->
// Softmax.
const std::string kGolden = from_hex(
    "504152450100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000803f000000c00000003f000040400a0f08071201013a0801000000000000000a0f080112020202204028"
    "103527bed252127a0a06676f6c64656e120b0a017810011a040a02030412050a01772002120b0a016810011a040a020304120b0a0179"
    "10011a040a0201041a130a02666312064d61744d756c1a0201022201031a191207536f66746d61781a010322010432080a0461786973"
    "10022201002a0103420c0a06617574686f7212026d651a014ea1000000a1000000bf4b94e5");

TEST_CASE("pare: domains, metadata of nodes and containers are kept, and metadata goes when names are stripped") {
  Graph graph;
  const ValueId x = graph.add_input("x", floats({Dim("N"), 4}));
  const ValueId list = graph.add_input("list", {DType::float32, std::nullopt, Container::sequence});
  const ValueId y = graph.add(Op(Unary{Unary::Kind::Relu}), {x}, "y");
  graph.value(y).type = floats({Dim("N"), 4});
  graph.node(graph.value(y).producer).metadata = {{"scope", "layer1"}, {"doc_string", "a line"}};
  graph.outputs = {y, list};
  ScratchFolder folder;
  for (const bool strip : {false, true}) {
    REQUIRE(write_pare(graph, folder / "m.pare", {.strip_names = strip}));
    auto read_back = read_pare(folder / "m.pare");
    if (!read_back) FAIL(read_back.failure().message);
    const auto& metadata = read_back->node(read_back->order()[0]).metadata;
    CHECK(metadata ==
          (strip ? std::vector<std::pair<std::string, std::string>>() : graph.node(graph.value(y).producer).metadata));
    CHECK(read_back->value(read_back->inputs[1]).type == graph.value(list).type);
  }
}

TEST_CASE("pare: a tensor of more than a window of memory comes back, whatever its encoding") {
  // Shuffled, delta and plain zstd over tensors of 5 MB, more than the writer reads at a time.
  Graph graph;
  Tensor steps(DType::int64, {700'000});
  for (size_t i = 0; i < 700'000; ++i) steps.mutable_data<int64_t>()[i] = 3 * static_cast<int64_t>(i * i);
  Tensor runs(DType::uint8, {5'000'000});
  for (size_t i = 0; i < 5'000'000; ++i) runs.mutable_data<uint8_t>()[i] = static_cast<uint8_t>(i / 1000);
  const ValueId x = graph.add_input("x", floats({}));
  graph.add_constant("weights", weights({1'300'000}, 2));
  graph.add_constant("steps", steps);
  graph.add_constant("runs", runs);
  graph.outputs = {x};
  ScratchFolder folder;
  for (const auto compression : {PareCompression::automatic, PareCompression::none}) {
    REQUIRE(write_pare(graph, folder / "m.pare", {.compression = compression}));
    std::vector<PareTensorInfo> encodings;
    auto read_back = read_pare(folder / "m.pare", &encodings);
    if (!read_back) FAIL(read_back.failure().message);
    CHECK(equal(graph, *read_back));
    for (const PareTensorInfo& info : encodings) {
      CHECK((info.encoding == "plain") == (compression == PareCompression::none));
    }
  }
}

TEST_CASE("pare: the golden file of version 1 is read") {
  auto read_back = read(kGolden);
  if (!read_back) FAIL(read_back.failure().message);
  const Graph& graph = *read_back;
  CHECK(graph.name == "golden");
  CHECK(graph.metadata == std::vector<std::pair<std::string, std::string>>{{"author", "me"}});
  REQUIRE(graph.inputs.size() == 1);
  CHECK(graph.value(graph.inputs[0]).name == "x");
  CHECK(to_string(graph.value(graph.inputs[0]).type) == "float32[N,2]");
  REQUIRE(graph.order().size() == 2);
  const Node& product = graph.node(graph.order()[0]);
  CHECK(product.name == "fc");
  CHECK(op_type(product.op) == "MatMul");
  const Value& w = graph.value(product.inputs[1]);
  REQUIRE(w.constant);
  CHECK(w.constant->dims() == Dims{2, 2});
  CHECK(w.constant->floats() == std::vector<float>{1, -2, 0.5f, 3});
  const Softmax* softmax = as<Softmax>(graph.node(graph.order()[1]).op);
  REQUIRE(softmax);
  CHECK(softmax->axis == 1);
  CHECK(to_string(graph.value(graph.outputs[0]).type) == "float32[?,2]");
}

TEST_CASE("pare: files that the format forbids are refused with a sentence") {
  const auto changed = [](size_t at, const std::string& bytes) {
    std::string file = kGolden;
    file.replace(at, bytes.size(), bytes);
    return file;
  };
  CHECK(holds(failure_of(""), "does not begin as a .pare file does"));
  CHECK(holds(failure_of("PARE"), "ends within its header"));
  CHECK(holds(failure_of(changed(0, "ONNX")), "does not begin"));
  CHECK(holds(failure_of(changed(4, "\x02")),
              "is of format version 2, but this program reads version 1; update the program"));
  CHECK(read(changed(4, "\x02")).failure().code == ErrorCode::unsupported);
  CHECK(holds(failure_of(changed(5, "\x07")), "unknown encoding"));
  CHECK(holds(failure_of(changed(64, "\x01")), "tensor 1: the checksum of its bytes does not match"));
  CHECK(holds(failure_of(changed(100, "\x55")), "checksum of its manifest"));
  for (size_t length = 0; length < kGolden.size(); ++length) CHECK_FALSE(read(kGolden.substr(0, length)));

  const auto manifest = [](const std::string& from, const std::string& to) {
    return failure_of(with_manifest(kGolden, [&](std::string& bytes) {
      const size_t at = bytes.find(from_hex(from));
      REQUIRE(at != std::string::npos);
      bytes.replace(at, from.size() / 2, from_hex(to));
    }));
  };
  CHECK(holds(manifest("20402810", "20402820"), "lies outside the blobs"));  // more bytes than there are
  CHECK(holds(manifest("20402810", "20042810"), "lies outside the blobs"));  // in the header
  CHECK(holds(manifest("20402810", "2040280f"), "checksum of its bytes"));   // fewer bytes
  CHECK(holds(manifest("08011202020220", "08011202020320"), "has 16 bytes where its type needs 24"));
  CHECK(holds(manifest("08011202020220", "08631202020220"), "unknown element type 99"));
  CHECK(holds(manifest("20402810", "18092810"), "encoding 9"));
  CHECK(holds(manifest("0a01772002", "0a01772009"), "refers to tensor 9 of 2"));
  CHECK(holds(manifest("1a020102220103", "1a020109220103"), "node 0: refers to value 8 of 4"));
  CHECK(holds(manifest("1a020102220103", "1a020102220102"), "produces 'w', which is there already"));
  CHECK(holds(manifest("1a020102220103", "1a020104220103"), "'y'"));  // a cycle
  CHECK(holds(manifest("2a0103", "2a0109"), "refers to value 9 of 4"));
  CHECK(holds(manifest("0a0178", "0a0177"), "has two values named 'w'"));
  CHECK(holds(manifest("030412", "050412"), "names a dimension that the file does not list"));
  CHECK(holds(manifest("4d61744d756c1a0201", "4d61744d756c1a7f01"), "malformed"));  // a length
  CHECK(holds(manifest("4d61744d756c1a0201", "4d61744d756c180201"), "malformed"));  // a wire type
  CHECK(holds(manifest("127a0a", "627a0a"), "holds no graph"));
}

TEST_CASE("pare: compressed tensors cannot claim more than they hold") {
  using file_layout::Encoding;
  // A zstd frame of 40 bytes "a" and one that says so of 2^40.
  const std::string small = from_hex("28b52ffd20283d0000086101004a2004"),
                    huge = from_hex("28b52ffde000000000000100003d0000086101004a2004");
  const auto message = [](const std::string& bytes, uint64_t size) {
    auto decoded = decode(Encoding::zstd, std::as_bytes(std::span(bytes)), size, 1, 1024);
    return decoded ? std::string("read") : decoded.failure().message;
  };
  CHECK(holds(message(huge, uint64_t{1} << 40), "more than the format allows"));
  CHECK(holds(message(small, 41), "contradicts"));
  CHECK(holds(message("hello", 5), "contradicts"));
}

TEST_CASE("pare: a rich graph comes back equal, with and without compression") {
  ScratchFolder folder;
  const Graph graph = rich_graph();
  if (const auto valid = verify(graph); !valid) FAIL(valid.failure().message);
  for (const auto compression : {PareCompression::automatic, PareCompression::none}) {
    PareWriteOptions options;
    options.compression = compression;
    REQUIRE(write_pare(graph, folder / "g.pare", options));
    std::vector<PareTensorInfo> encodings;
    auto back = read_pare(folder / "g.pare", &encodings);
    if (!back) FAIL(back.failure().message);
    CHECK(equal(graph, *back));
    const Opaque* opaque = as<Opaque>(back->node(back->order()[2]).op);
    REQUIRE(opaque);
    CHECK(opaque->reason == "is not known");
    CHECK(opaque->version == 3);

    const auto entry = [&](const std::string& name) {
      for (const PareTensorInfo& info : encodings) {
        if (info.name == name) return info;
      }
      return PareTensorInfo{};
    };
    CHECK(entry("w").raw_bytes == 4608);
    CHECK(entry("again").name.empty());  // equal to w and stored once
    CHECK(entry("steps").raw_bytes == 8000);
    if (compression == PareCompression::none) {
      CHECK(entry("w").encoding == "plain");
      CHECK(entry("w").stored_bytes == 4608);
    } else {
      CHECK(entry("steps").encoding == "zstd, delta");
      CHECK(entry("steps").stored_bytes < 100);
      CHECK(entry("w").stored_bytes < 4608);
      CHECK(entry("high").encoding == "inline");
    }
  }
}

TEST_CASE("pare: the same graph gives the same bytes") {
  ScratchFolder folder;
  REQUIRE(write_pare(rich_graph(), folder / "a.pare"));
  REQUIRE(write_pare(rich_graph(), folder / "b.pare"));
  CHECK(read_bytes(folder / "a.pare") == read_bytes(folder / "b.pare"));
}

TEST_CASE("pare: plain tensors are aligned and stay mapped") {
  ScratchFolder folder;
  PareWriteOptions options;
  options.compression = PareCompression::none;
  REQUIRE(write_pare(rich_graph(), folder / "g.pare", options));
  const std::string bytes = read_bytes(folder / "g.pare");
  auto graph = read_pare(std::as_bytes(std::span(bytes)), nullptr);
  REQUIRE(graph);
  const auto w = graph->value(*graph->find("w")).constant->bytes();
  const auto offset = reinterpret_cast<const char*>(w.data()) - bytes.data();
  CHECK(offset >= 0);
  CHECK(offset + static_cast<std::ptrdiff_t>(w.size()) <= static_cast<std::ptrdiff_t>(bytes.size()));
  CHECK(offset % 64 == 0);
}

TEST_CASE("pare: stripped files keep the names of inputs and outputs and what subgraphs refer to") {
  ScratchFolder folder;
  PareWriteOptions options;
  options.strip_names = true;
  REQUIRE(write_pare(rich_graph(), folder / "s.pare", options));
  REQUIRE(write_pare(rich_graph(), folder / "g.pare"));
  auto graph = read_pare(folder / "s.pare");
  if (!graph) FAIL(graph.failure().message);
  CHECK(graph->name.empty());
  for (const char* name : {"x", "flag", "out", "c"}) CHECK(graph->find(name));
  for (const char* name : {"w", "y", "steps"}) CHECK_FALSE(graph->find(name));
  CHECK(graph->node(graph->order()[2]).name.empty());
  CHECK(graph->value(graph->node(graph->order()[0]).inputs[1]).constant->floats() ==
        weights({32, 4, 3, 3}, 1).floats());
  CHECK(std::filesystem::file_size(folder / "s.pare") < std::filesystem::file_size(folder / "g.pare"));
}

TEST_CASE("pare: tensors that compress to almost nothing still come back") {
  ScratchFolder folder;
  Graph graph;
  const ValueId x = graph.add_input("x", floats({1 << 22}));
  const ValueId zeros = graph.add_constant("zeros", Tensor(DType::float32, {1 << 22}));
  graph.outputs = {graph.add(Op(Binary{Binary::Kind::Add}), {x, zeros}, "y")};
  REQUIRE(write_pare(graph, folder / "z.pare"));
  auto back = read_pare(folder / "z.pare");
  if (!back) FAIL(back.failure().message);
  CHECK(back->value(*back->find("zeros")).constant->size() == 1 << 22);
  CHECK(std::filesystem::file_size(folder / "z.pare") < 20000);
}

TEST_CASE("pare: a missing output folder and a missing file are named") {
  ScratchFolder folder;
  auto written = write_pare(rich_graph(), folder / "none/g.pare");
  REQUIRE_FALSE(written);
  CHECK(holds(written.failure().message, "does not exist"));
  auto back = read_pare(std::filesystem::path(folder / "missing.pare"));
  REQUIRE_FALSE(back);
  CHECK(back.failure().code == ErrorCode::input);
  CHECK(holds(back.failure().message, "missing.pare: no such file"));
}

// Whatever the bytes: a failure of the right kind, or a graph that verifies.
void check_survives(const std::string& bytes) {
  auto graph = read(bytes);
  if (graph) {
    const auto valid = verify(*graph);
    CHECK(valid.ok());
  } else {
    CHECK((graph.failure().code == ErrorCode::input || graph.failure().code == ErrorCode::unsupported));
    CHECK_FALSE(graph.failure().message.empty());
  }
}

TEST_CASE("pare: mutated files fail in a sentence or give a valid graph") {
  ScratchFolder folder;
  PareWriteOptions options;
  options.compression = PareCompression::none;
  REQUIRE(write_pare(rich_graph(), folder / "none.pare", options));
  REQUIRE(write_pare(rich_graph(), folder / "auto.pare"));
  const std::string plain = read_bytes(folder / "none.pare"), packed = read_bytes(folder / "auto.pare");
  std::mt19937 random(20240607);
  const auto mutate = [&](std::string& bytes) {
    for (unsigned count = 1 + random() % 4; count > 0 && !bytes.empty(); --count) {
      const size_t at = random() % bytes.size();
      switch (random() % 5) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
          break;
        case 2:
          bytes.insert(at, 1 + random() % 8, static_cast<char>(random()));
          break;
        case 3:
          bytes.erase(at, 1 + random() % 8);
          break;
        default:
          bytes[at] = "\x00\x01\x7f\x80\xff"[random() % 5];
          break;
      }
    }
  };
  for (int i = 0; i < 2000; ++i) check_survives(with_manifest(plain, mutate));
  for (int i = 0; i < 500; ++i) {
    std::string bytes = packed;
    mutate(bytes);
    check_survives(bytes);
  }
}

}  // namespace
}  // namespace pare
