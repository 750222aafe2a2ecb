// Nodes of older opsets, run: expected values follow from the operator's text in the opset the node was written for.
#include <cmath>

#include "formats/onnx/onnx.h"
#include "runtime/executor.h"
#include "tests/catch.h"
#include "tests/formats/onnx_proto.h"

using namespace pare;
using pare::testing::ModelBuilder;
using Floats = std::vector<float>;
using Ints = std::vector<int64_t>;

namespace {

Graph read(const ModelBuilder& model) {
  auto graph = model.read();
  if (!graph) FAIL(graph.failure().message);
  return *std::move(graph);
}

Tensor run(const ModelBuilder& model, const std::vector<Tensor>& inputs) {
  auto executor = Executor::create(std::make_shared<const Graph>(read(model)), {.reference = true});
  if (!executor) FAIL(executor.failure().message);
  auto outputs = (*executor)->run(inputs);
  if (!outputs) FAIL(outputs.failure().message);
  return (*outputs)[0];
}

Tensor floats(Dims dims, const Floats& values) { return Tensor::of<float>(std::move(dims), values); }

std::string types(const Graph& graph) {
  std::string text;
  for (const NodeId id : graph.order()) text += (text.empty() ? "" : " ") + std::string(op_type(graph.node(id).op));
  return text;
}

const Opaque& only_opaque(const Graph& graph) {
  REQUIRE(graph.order().size() == 1);
  const auto* opaque = as<Opaque>(graph.node(graph.order()[0]).op);
  REQUIRE(opaque != nullptr);
  return *opaque;
}

}  // namespace

TEST_CASE("upgrade: axes of Squeeze, Unsqueeze and reductions become an input") {
  ModelBuilder squeeze(11);
  squeeze.input("x", {1, 2, 1}).result("y").node("Squeeze", {"x"}, {"y"}).with("axes", Ints{2});
  CHECK(run(squeeze, {floats({1, 2, 1}, {3, 4})}).dims() == Dims{1, 2});
  ModelBuilder unsqueeze(11);
  unsqueeze.input("x", {2}).result("y").node("Unsqueeze", {"x"}, {"y"}).with("axes", Ints{0, 2});
  CHECK(run(unsqueeze, {floats({2}, {3, 4})}).dims() == Dims{1, 2, 1});
  for (const auto& [type, opset, expected] : {std::tuple{"ReduceMean", 13, Floats{1.5f, 3.5f}},
                                              {"ReduceSum", 11, Floats{3, 7}},
                                              {"ReduceMax", 12, Floats{2, 4}}}) {
    ModelBuilder reduce(opset);
    reduce.input("x", {2, 2}).result("y").node(type, {"x"}, {"y"}).with("axes", Ints{1}).with("keepdims", 0);
    const Tensor y = run(reduce, {floats({2, 2}, {1, 2, 3, 4})});
    CHECK(y.dims() == Dims{2});
    CHECK(y.floats() == expected);
  }
}

TEST_CASE("upgrade: Slice, Split, Pad and Clip take their attributes as inputs") {
  ModelBuilder slice(9);
  slice.input("x", {2, 3}).result("y").node("Slice", {"x"}, {"y"});
  slice.with("starts", Ints{1}).with("ends", Ints{1000}).with("axes", Ints{1});
  CHECK(run(slice, {floats({2, 3}, {1, 2, 3, 4, 5, 6})}).floats() == Floats{2, 3, 5, 6});
  ModelBuilder split(11);
  split.input("x", {3}).result("a").result("b").node("Split", {"x"}, {"a", "b"}).with("split", Ints{1, 2});
  CHECK(run(split, {floats({3}, {1, 2, 3})}).floats() == Floats{1});
  ModelBuilder pad(10);
  pad.input("x", {2}).result("y").node("Pad", {"x"}, {"y"}).with("pads", Ints{1, 2}).with("value", 9.0f);
  CHECK(run(pad, {floats({2}, {1, 2})}).floats() == Floats{9, 1, 2, 9, 9});
  ModelBuilder clip(6);
  clip.input("x", {4}).result("y").node("Clip", {"x"}, {"y"}).with("max", 2.5f);
  CHECK(run(clip, {floats({4}, {-7, 1, 2, 3})}).floats() == Floats{-7, 1, 2, 2.5f});
}

TEST_CASE("upgrade: Softmax before opset 13 runs over all axes from its axis on") {
  // exp(0), exp(ln 2), exp(ln 3), exp(ln 2): shares of 8
  const Floats logits{0, 0.69314718f, 1.0986123f, 0.69314718f};
  for (const bool known : {true, false}) {
    ModelBuilder model(11);
    model.input("x", known ? Ints{1, 2, 2} : Ints{-1, 2, 2}).result("y").node("Softmax", {"x"}, {"y"});
    const Floats y = run(model, {floats({1, 2, 2}, logits)}).floats();
    REQUIRE(y.size() == 4);
    CHECK(y[0] == Approx(1.0 / 8));
    CHECK(y[1] == Approx(2.0 / 8));
    CHECK(y[2] == Approx(3.0 / 8));
    CHECK(y[3] == Approx(2.0 / 8));
  }
  ModelBuilder last(11);
  last.input("x", {2, 2}).result("y").node("Softmax", {"x"}, {"y"}).with("axis", 1);
  CHECK(types(read(last)) == "Softmax");
  ModelBuilder thirteen(13);
  thirteen.input("x", {1, 2, 2}).result("y").node("Softmax", {"x"}, {"y"}).with("axis", 1);
  CHECK(types(read(thirteen)) == "Softmax");
  CHECK(run(thirteen, {floats({1, 2, 2}, logits)}).floats()[0] == Approx(1.0 / 4));
}

TEST_CASE("upgrade: Upsample and the first Resize are asymmetric and round down") {
  for (const int opset : {7, 9, 10}) {
    ModelBuilder model(opset);
    model.input("x", {1, 1, 1, 2}).result("y");
    const Floats scales{1, 1, 1, 2.5f};
    if (opset == 7) {
      model.node("Upsample", {"x"}, {"y"}).with("scales", scales);
    } else {
      model.floats("s", {4}, scales).node(opset == 9 ? "Upsample" : "Resize", {"x", "s"}, {"y"});
    }
    // floor(i / 2.5) for i = 0..4
    CHECK(run(model, {floats({1, 1, 1, 2}, {5, 6})}).floats() == Floats{5, 5, 5, 6, 6});
    CHECK(types(read(model)) == "Resize");
  }
  ModelBuilder linear(9);
  linear.input("x", {1, 1, 1, 2}).result("y").floats("s", {4}, {1, 1, 1, 2}).node("Upsample", {"x", "s"}, {"y"});
  linear.with("mode", "linear");
  CHECK(run(linear, {floats({1, 1, 1, 2}, {4, 6})}).floats() == Floats{4, 5, 6, 6});
}

TEST_CASE("upgrade: Resize of opset 11 may leave roi and scales empty") {
  ModelBuilder model(11);
  model.input("x", {1, 1, 1, 2}).result("y").floats("roi", {0}, {}).floats("scales", {0}, {});
  model.ints("sizes", {4}, {1, 1, 1, 4}).node("Resize", {"x", "roi", "scales", "sizes"}, {"y"});
  CHECK(run(model, {floats({1, 1, 1, 2}, {5, 6})}).floats() == Floats{5, 5, 6, 6});
}

TEST_CASE("upgrade: BatchNormalization drops what is no longer there") {
  for (const int opset : {6, 7, 9}) {
    ModelBuilder model(opset);
    model.input("x", {1, 2, 1}).result("y");
    model.floats("s", {2}, {2, 1}).floats("b", {2}, {1, 0}).floats("m", {2}, {3, 0}).floats("v", {2}, {4, 1});
    model.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"}).with("epsilon", 0.0f);
    if (opset < 9) model.with("spatial", 1);
    if (opset == 6) model.with("is_test", 1);
    CHECK(run(model, {floats({1, 2, 1}, {5, 7})}).floats() == Floats{3, 7});
  }
  ModelBuilder elementwise(7);
  elementwise.input("x", {1, 2, 1}).result("y");
  for (const char* name : {"s", "b", "m", "v"}) elementwise.floats(name, {2, 1}, {1, 1});
  elementwise.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"}).with("spatial", 0);
  CHECK(only_opaque(read(elementwise)).version == 7);
}

TEST_CASE("upgrade: Dropout's ratio and TopK's k become inputs") {
  ModelBuilder dropout(7);
  dropout.input("x", {2}).result("y").node("Dropout", {"x"}, {"y"}).with("ratio", 0.25f);
  const Graph graph = read(dropout);
  const Node& node = graph.node(graph.order()[0]);
  REQUIRE(node.inputs.size() == 2);
  CHECK(graph.value(node.inputs[1]).constant->floats() == Floats{0.25f});
  CHECK(run(dropout, {floats({2}, {1, 2})}).floats() == Floats{1, 2});
  ModelBuilder top(9);
  top.input("x", {4}).result("y").result("i", 7).node("TopK", {"x"}, {"y", "i"}).with("k", 2);
  const Graph top_graph = read(top);
  const Node& top_node = top_graph.node(top_graph.order()[0]);
  REQUIRE(top_node.inputs.size() == 2);
  CHECK(top_graph.value(top_node.inputs[1]).constant->ints() == Ints{2});
}

TEST_CASE("upgrade: the axis of DFT becomes an input, the first axis of a signal without it") {
  for (const bool given : {false, true}) {
    ModelBuilder dft(17);
    dft.input("x", {1, 2, 3, 1}).result("y").node("DFT", {"x"}, {"y"});
    if (given) dft.with("axis", 2);
    const Graph graph = read(dft);
    const Node& node = graph.node(graph.order()[0]);
    REQUIRE(node.inputs.size() == 3);
    CHECK(graph.value(node.inputs[2]).constant->ints() == Ints{given ? 2 : 1});
    CHECK(graph.value(node.outputs[0]).type.dims() == Dims{1, 2, 3, 2});
  }
}

TEST_CASE("upgrade: opset 6 places the second operand along an axis") {
  ModelBuilder add(6);
  add.input("x", {1, 2, 2}).result("y").floats("b", {2}, {10, 20});
  add.node("Add", {"x", "b"}, {"y"}).with("broadcast", 1).with("axis", 1);
  CHECK(run(add, {floats({1, 2, 2}, {1, 2, 3, 4})}).floats() == Floats{11, 12, 23, 24});
  ModelBuilder prelu(6);
  prelu.input("x", {1, 2, 2}).result("y").floats("s", {2}, {10, 20}).node("PRelu", {"x", "s"}, {"y"});
  CHECK(run(prelu, {floats({1, 2, 2}, {-1, 2, -3, 4})}).floats() == Floats{-10, 2, -60, 4});
  ModelBuilder gemm(6);
  gemm.input("x", {1, 2}).result("y").floats("w", {2, 1}, {1, 2}).floats("c", {1}, {5});
  gemm.node("Gemm", {"x", "w", "c"}, {"y"}).with("broadcast", 1);
  CHECK(run(gemm, {floats({1, 2}, {3, 4})}).floats() == Floats{16});
}

TEST_CASE("upgrade: attributes of the first opsets") {
  ModelBuilder cast(5);
  cast.input("x", {1}).result("y", 7).node("Cast", {"x"}, {"y"}).with("to", "INT64");
  CHECK(run(cast, {floats({1}, {3.75f})}).ints() == Ints{3});
  ModelBuilder reshape(4);
  reshape.input("x", {2, 2}).result("y").node("Reshape", {"x"}, {"y"}).with("shape", Ints{4, 1});
  reshape.with("consumed_inputs", Ints{0});
  CHECK(run(reshape, {floats({2, 2}, {1, 2, 3, 4})}).dims() == Dims{4, 1});
  ModelBuilder concat(3);
  concat.input("x", {1, 2}).result("y").node("Concat", {"x", "x"}, {"y"});
  CHECK(run(concat, {floats({1, 2}, {1, 2})}).dims() == Dims{1, 4});
  ModelBuilder selu(1);
  selu.input("x", {1}).result("y").node("Selu", {"x"}, {"y"});
  CHECK(run(selu, {floats({1}, {2})}).floats()[0] == Approx(2 * 1.0507).epsilon(1e-7));
  ModelBuilder tile(5);
  tile.input("x", {1, 2})
      .result("y")
      .floats("n", {}, {3})
      .floats("axis", {}, {0})
      .node("Tile", {"x", "n", "axis"}, {"y"});
  CHECK(run(tile, {floats({1, 2}, {1, 2})}).dims() == Dims{3, 2});
  ModelBuilder rnn(1);
  rnn.input("x", {1, 1, 1}).result("y").floats("w", {1, 1, 1}, {1}).floats("r", {1, 1, 1}, {0});
  rnn.node("RNN", {"x", "w", "r"}, {"y"}).with("hidden_size", 1).with("output_sequence", 1);
  CHECK(run(rnn, {floats({1, 1, 1}, {0.5f})}).floats()[0] == Approx(std::tanh(0.5)));
}

TEST_CASE("upgrade: normalizations by group and over axes") {
  ModelBuilder group(18);  // groups {-1, 1} and {-3, 3}: unit variance but for epsilon
  group.input("x", {1, 4, 1, 1}).result("y").floats("s", {2}, {2, 10}).floats("b", {2}, {0.5f, -1});
  group.node("GroupNormalization", {"x", "s", "b"}, {"y"}).with("num_groups", 2).with("epsilon", 0.0f);
  CHECK(run(group, {floats({1, 4, 1, 1}, {-1, 1, 3, -3})}).floats() == Floats{-1.5f, 2.5f, 9, -11});
  ModelBuilder whole(8);
  whole.input("x", {1, 2, 1, 2}).result("y").node("MeanVarianceNormalization", {"x"}, {"y"}).with("across_channels", 1);
  CHECK(run(whole, {floats({1, 2, 1, 2}, {-1, 1, 1, -1})}).floats() == Floats{-1, 1, 1, -1});
  ModelBuilder mean(8);
  mean.input("x", {1, 2, 1, 2}).result("y").node("MeanVarianceNormalization", {"x"}, {"y"});
  mean.with("normalize_variance", 0);
  CHECK(run(mean, {floats({1, 2, 1, 2}, {1, 3, 10, 14})}).floats() == Floats{-1, 1, -2, 2});
}

TEST_CASE("upgrade: an attribute that no rule or operator knows leaves the node as it is") {
  ModelBuilder model(13);
  model.input("x", {1}).output("y", {1}).node("Relu", {"x"}, {"y"}).with("novelty", 1);
  const Graph graph = read(model);
  const Opaque& opaque = only_opaque(graph);
  CHECK(opaque.type == "Relu");
  CHECK(opaque.attributes.size() == 1);
  CHECK(opaque.reason.find("novelty") != std::string::npos);
}

// As the text of Scan-8 has it: a batch first, then the scanned axis; cumulative sums of [[1,2],[3,4]] and
// [[5,6],[7,8]], scaled by a captured value.
TEST_CASE("upgrade: Scan over a batch") {
  const auto scan = [](bool backwards, const std::string& lengths) {
    ModelBuilder model(8);
    model.input("start", {2, 2}).input("x", {2, 2, 2}).input("k", {2}).result("all").result("last");
    if (!lengths.empty()) model.ints(lengths, {2}, {1, 2});
    model.node("Scan", {lengths, "start", "x"}, {"last", "all"}).with("num_scan_inputs", 1);
    if (backwards) model.with("directions", Ints{1});
    ModelBuilder body(8);
    body.input("s", {2}).input("e", {2}).output("t", {2}).output("u", {2});
    body.node("Add", {"s", "e"}, {"t"}).node("Mul", {"t", "k"}, {"u"});
    *model.attribute("body", 5).mutable_g() = body.graph();
    return model;
  };
  const std::vector<Tensor> inputs{floats({2, 2}, {0, 0, 10, 10}), floats({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}),
                                   floats({2}, {1, 100})};
  const Tensor all = run(scan(false, ""), inputs);
  CHECK(all.dims() == Dims{2, 2, 2});
  CHECK(all.floats() == Floats{1, 200, 4, 600, 15, 1600, 22, 2400});
  CHECK(run(scan(true, ""), inputs).floats() == Floats{3, 400, 4, 600, 17, 1800, 22, 2400});
  const Opaque& opaque = only_opaque(read(scan(false, "lengths")));
  CHECK(opaque.version == 8);
  CHECK(opaque.reason.find("length") != std::string::npos);
}

TEST_CASE("upgrade: operators it does not know keep their opset, at least the oldest that is written") {
  for (const int opset : {7, 15}) {
    ModelBuilder model(opset);
    model.input("x", {1}).output("y", {1}).node("NotInOnnx", {"x"}, {"y"});
    CHECK(only_opaque(read(model)).version == std::max(opset, 13));
  }
}

TEST_CASE("upgrade: operators that were experiments become what they computed") {
  ModelBuilder affine(1);
  affine.input("x", {2}).result("y").node("Affine", {"x"}, {"y"}).with("alpha", 2.0f).with("beta", 1.0f);
  CHECK(run(affine, {floats({2}, {1, -3})}).floats() == Floats{3, -5});
  ModelBuilder scaler(8);
  scaler.input("x", {1, 2, 1, 1}).result("y").node("ImageScaler", {"x"}, {"y"}).with("scale", 0.5f);
  scaler.with("bias", Floats{1, 10});
  CHECK(run(scaler, {floats({1, 2, 1, 1}, {4, 6})}).floats() == Floats{3, 13});
  ModelBuilder curve(1);
  curve.input("x", {1}).result("y").node("ScaledTanh", {"x"}, {"y"}).with("alpha", 3.0f).with("beta", 2.0f);
  CHECK(run(curve, {floats({1}, {0.25f})}).floats()[0] == Approx(3 * std::tanh(0.5)));
  ModelBuilder soft(1);
  soft.input("x", {1}).result("y").node("ParametricSoftplus", {"x"}, {"y"}).with("alpha", 3.0f).with("beta", 2.0f);
  CHECK(run(soft, {floats({1}, {0.25f})}).floats()[0] == Approx(3 * std::log1p(std::exp(0.5))));
  const Tensor image = floats({1, 1, 3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  ModelBuilder crop(1);  // left 1, top 0, right 2, bottom 1
  crop.input("x", {1, 1, 3, 4}).result("y").node("Crop", {"x"}, {"y"}).with("border", Ints{1, 0, 2, 1});
  CHECK(run(crop, {image}).floats() == Floats{1, 5});
  crop.with("scale", Ints{1, 3});
  CHECK(run(crop, {image}).floats() == Floats{1, 2, 3});
}
