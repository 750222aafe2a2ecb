// Links against execution: what is left after elements were dropped along them must be what the operator computes from
// what is left of its operands.
#include <cmath>
#include <set>

#include "compress/coupling.h"
#include "graph/infer.h"
#include "tests/compress/support.h"

using namespace pare;
using namespace pare::test;

namespace {

// A graph of one node whose operands are constants, so that they can be cut.
struct Case {
  std::string name;
  Op op;
  std::vector<Tensor> inputs;
  size_t outputs = 1;
};

Tensor ramp(Dims dims, double phase = 0) {
  Tensor tensor(DType::float32, std::move(dims));
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.set_double(i, std::sin(0.7 * static_cast<double>(i) + phase) + 1.5);
  return tensor;
}
Tensor ints(std::vector<int64_t> values) { return Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values); }

Graph graph_of(const Case& one) {
  Graph graph;
  std::vector<ValueId> inputs, outputs;
  for (size_t i = 0; i < one.inputs.size(); ++i) {
    bool left_out = one.inputs[i].dtype() == DType::undefined;
    inputs.push_back(left_out ? ValueId::none : graph.add_constant("in" + std::to_string(i), one.inputs[i]));
  }
  for (size_t i = 0; i < one.outputs; ++i) outputs.push_back(graph.add_value("out" + std::to_string(i)));
  graph.add_node(one.op, inputs, outputs);
  graph.outputs = outputs;
  auto inferred = infer_types(graph);
  if (!inferred) FAIL(one.name << ": " << inferred.failure().message);
  return graph;
}

ValueId operand(const Node& node, const AxisRef& ref) {
  return ref.side == AxisRef::Side::input ? node.inputs[static_cast<size_t>(ref.slot)]
                                          : node.outputs[static_cast<size_t>(ref.slot)];
}

int64_t extent(const Graph& graph, ValueAxis at) {
  return (*graph.value(at.value).type.shape)[static_cast<size_t>(at.axis)].size;
}

// What must go with one element, or nothing where something fixed would have to go.
std::set<AxisElement> closure(const Graph& graph, AxisElement start) {
  const Node& node = graph.node(graph.order()[0]);
  LinkContext context = link_context(graph, graph.order()[0]);
  op_links(node.op, context);
  std::set<AxisElement> gone{start};
  for (bool grown = true; grown;) {
    grown = false;
    for (const Link& link : context.links) {
      ValueAxis source{operand(node, link.source), link.source.axis}, target{operand(node, link.target), link.target.axis};
      for (int64_t j = 0; j < extent(graph, target); ++j) {
        int64_t i = link.map.source(j, extent(graph, source));
        if (i < 0) continue;
        if (gone.contains({source, i}) != gone.contains({target, j})) {
          gone.insert({source, i});
          gone.insert({target, j});
          grown = true;
        }
      }
    }
  }
  std::set<ValueAxis> free;
  for (const Link& link : context.links) {
    for (const AxisRef& ref : {link.source, link.target}) free.insert({operand(node, ref), ref.axis});
  }
  for (const AxisRef& ref : context.fixed) free.erase({operand(node, ref), ref.axis});
  for (const AxisElement& element : gone) {
    if (!free.contains(element.at)) return {};
  }
  return gone;
}

// Elements of `tensor` that are left when `gone` indices go along their axes.
Tensor cut(const Tensor& tensor, ValueId id, const std::set<AxisElement>& gone) {
  Dims dims = tensor.dims();
  for (const AxisElement& element : gone) dims[static_cast<size_t>(element.at.axis)] -= element.at.value == id;
  Tensor result(tensor.dtype(), dims);
  int64_t next = 0;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    bool kept = true;
    int64_t rest = i;
    for (int axis = tensor.rank(); axis-- > 0; rest /= tensor.dims()[static_cast<size_t>(axis)]) {
      kept = kept && !gone.contains({{id, axis}, rest % tensor.dims()[static_cast<size_t>(axis)]});
    }
    if (kept) result.set_double(next++, tensor.as_double(i));
  }
  return result;
}

// The tensor with those elements zero.
Tensor zeroed(const Tensor& tensor, ValueId id, const std::set<AxisElement>& gone) {
  Tensor result = tensor;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    int64_t rest = i;
    for (int axis = tensor.rank(); axis-- > 0; rest /= tensor.dims()[static_cast<size_t>(axis)]) {
      if (gone.contains({{id, axis}, rest % tensor.dims()[static_cast<size_t>(axis)]})) result.set_double(i, 0);
    }
  }
  return result;
}

KeptIndices kept_of(const Graph& graph, const std::set<AxisElement>& gone) {
  KeptIndices kept;
  for (const AxisElement& element : gone) kept[element.at] = {};
  for (auto& [at, indices] : kept) {
    for (int64_t i = 0; i < extent(graph, at); ++i) {
      if (!gone.contains({at, i})) indices.push_back(i);
    }
  }
  return kept;
}

// Drops every element of every axis in turn; returns how many could go.
int check_drops(const Case& one) {
  Graph graph = graph_of(one);
  const Node node = graph.node(graph.order()[0]);
  int dropped = 0;
  std::vector<Tensor> whole = outputs_of(graph, {});
  for (ValueId id : graph.values()) {
    for (int axis = 0; axis < static_cast<int>(graph.value(id).type.shape->size()); ++axis) {
      for (int64_t i = 0; i < extent(graph, {id, axis}); ++i) {
        std::set<AxisElement> gone = closure(graph, {{id, axis}, i});
        if (gone.empty()) continue;
        KeptIndices kept = kept_of(graph, gone);
        if (std::ranges::any_of(kept, [](const auto& entry) { return entry.second.empty(); })) continue;
        INFO(one.name << ": element " << i << " of axis " << axis << " of " << graph.value(id).name);
        bool reaches_output = std::ranges::any_of(
            gone, [&](const AxisElement& e) { return graph.value(e.at.value).producer != NodeId::none; });
        std::vector<Tensor> expected = whole;
        if (!reaches_output) {  // summed over: dropping is multiplying with zero
          Graph masked = graph;
          for (ValueId input : node.inputs) {
            if (input == ValueId::none || masked.value(input).type.dtype != DType::float32) continue;
            masked.set_constant(input, zeroed(*graph.value(input).constant, input, gone));
          }
          expected = outputs_of(masked, {});
        }
        Graph smaller = graph;
        remove_elements(smaller, kept);
        std::vector<Tensor> found = outputs_of(smaller, {});
        for (size_t o = 0; o < found.size(); ++o) {
          CHECK(relative_difference(found[o], cut(expected[o], node.outputs[o], gone)) < 1e-5);
        }
        ++dropped;
      }
    }
  }
  return dropped;
}

void expect_drops(const Case& one, int at_least) {
  INFO(one.name);
  CHECK(check_drops(one) >= at_least);
}

}  // namespace

TEST_CASE("index maps read as their definition") {
  CHECK(IndexMap{}.source(3, 4) == 3);
  CHECK(IndexMap{}.source(4, 4) == -1);
  CHECK(IndexMap{.offset = -2}.source(1, 4) == -1);
  CHECK(IndexMap{.offset = -2}.source(2, 4) == 0);
  CHECK(IndexMap{.step = 2, .offset = 1}.source(2, 8) == 5);
  CHECK(IndexMap{.step = -1, .offset = 7}.source(7, 8) == 0);
  CHECK(IndexMap{.repeat = 9}.source(17, 4) == 1);
  CHECK(IndexMap{.modulo = 4}.source(6, 4) == 2);
}

TEST_CASE("dropping along links is computing on what is left: convolutions") {
  expect_drops({"Conv", Conv{.pads = {1, 1, 1, 1}}, {ramp({1, 3, 4, 4}), ramp({4, 3, 3, 3}, 1), ramp({4}, 2)}}, 14);
  expect_drops({"Conv of two groups", Conv{.group = 2}, {ramp({1, 4, 3, 3}), ramp({6, 2, 3, 3}, 1), ramp({6}, 2)}}, 20);
  expect_drops({"depthwise Conv", Conv{.group = 3}, {ramp({1, 3, 4, 4}), ramp({3, 1, 3, 3}, 1), ramp({3}, 2)}}, 9);
  expect_drops({"depthwise Conv, multiplier 2", Conv{.group = 3}, {ramp({1, 3, 4, 4}), ramp({6, 1, 3, 3}, 1)}}, 15);
  expect_drops({"ConvTranspose", ConvTranspose{.strides = {2, 2}}, {ramp({1, 3, 3, 3}), ramp({3, 4, 2, 2}, 1), ramp({4}, 2)}}, 14);
  expect_drops({"depthwise ConvTranspose", ConvTranspose{.group = 3}, {ramp({1, 3, 3, 3}), ramp({3, 1, 2, 2}, 1)}}, 6);
}

TEST_CASE("dropping along links is computing on what is left: matrix products") {
  expect_drops({"Gemm", Gemm{}, {ramp({2, 3}), ramp({3, 4}, 1), ramp({4}, 2)}}, 15);
  expect_drops({"Gemm transposed", Gemm{.alpha = 2, .beta = 3, .transA = 1, .transB = 1}, {ramp({3, 2}), ramp({4, 3}, 1), ramp({2, 4}, 2)}}, 15);
  expect_drops({"MatMul", MatMul{}, {ramp({2, 3, 4}), ramp({4, 5}, 1)}}, 20);
  expect_drops({"MatMul batched", MatMul{}, {ramp({2, 2, 3}), ramp({2, 3, 4}, 1)}}, 16);
  expect_drops({"MatMul vector", MatMul{}, {ramp({3}), ramp({3, 4}, 1)}}, 10);
}

TEST_CASE("dropping along links is computing on what is left: elementwise and norms") {
  expect_drops({"Add", Binary{.kind = Binary::Kind::Add}, {ramp({2, 3, 2}), ramp({3, 1}, 1)}}, 14);
  expect_drops({"PRelu", Binary{.kind = Binary::Kind::PRelu}, {ramp({2, 3, 2}), ramp({3, 1}, 1)}}, 14);
  expect_drops({"Sum", Variadic{.kind = Variadic::Kind::Sum}, {ramp({2, 3}), ramp({3}, 1), ramp({2, 1}, 2)}}, 12);
  expect_drops({"BatchNormalization", BatchNormalization{}, {ramp({2, 3, 2}), ramp({3}), ramp({3}, 1), ramp({3}, 2), ramp({3}, 3)}}, 20);
  expect_drops({"InstanceNormalization", InstanceNormalization{}, {ramp({2, 3, 4}), ramp({3}), ramp({3}, 1)}}, 10);
  expect_drops({"LayerNormalization", LayerNormalization{}, {ramp({2, 3, 4}), ramp({4}), ramp({4}, 1)}}, 10);
  expect_drops({"Softmax", Softmax{.axis = 1}, {ramp({2, 3, 4})}}, 12);
  expect_drops({"LRN", LRN{.size = 3}, {ramp({2, 3, 4, 4})}}, 4);
  expect_drops({"ReduceMean", Reduce{.kind = Reduce::Kind::Mean, .keepdims = 0}, {ramp({2, 3, 4}), ints({-1})}}, 10);
  expect_drops({"ArgMax", ArgReduce{.axis = 1}, {ramp({2, 3, 4})}}, 12);
}

TEST_CASE("dropping along links is computing on what is left: moving elements") {
  expect_drops({"Flatten", Flatten{}, {ramp({2, 3, 2, 2})}}, 10);
  expect_drops({"Reshape merging", Reshape{}, {ramp({2, 3, 4}), ints({2, 12})}}, 7);
  expect_drops({"Reshape splitting", Reshape{}, {ramp({2, 12}), ints({0, 3, -1})}}, 7);
  expect_drops({"Reshape with ones", Reshape{}, {ramp({2, 3, 1}), ints({2, 1, 3})}}, 10);
  expect_drops({"Transpose", Transpose{.perm = {2, 0, 1}}, {ramp({2, 3, 4})}}, 18);
  expect_drops({"Transpose reversed", Transpose{}, {ramp({2, 3})}}, 10);
  expect_drops({"Squeeze", Squeeze{}, {ramp({2, 1, 3}), ints({1})}}, 10);
  expect_drops({"Unsqueeze", Unsqueeze{}, {ramp({2, 3}), ints({0, 2})}}, 10);
  expect_drops({"Concat", Concat{.axis = 1}, {ramp({2, 3}), ramp({2, 2}, 1)}}, 10);
  expect_drops({"Split", Split{.axis = -1}, {ramp({2, 5}), ints({2, 3})}, 2}, 10);
  expect_drops({"Slice", Slice{}, {ramp({2, 6}), ints({1}), ints({-1}), ints({1})}}, 10);
  expect_drops({"Slice backward", Slice{}, {ramp({2, 6}), ints({4}), ints({-100}), ints({1}), ints({-1})}}, 10);
  expect_drops({"Slice strided", Slice{}, {ramp({3, 6}), ints({0}), ints({6}), ints({1}), ints({2})}}, 6);
  expect_drops({"Pad", Pad{}, {ramp({2, 3}), ints({0, 2, 0, 1})}}, 10);
  expect_drops({"Pad cutting", Pad{}, {ramp({2, 5}), ints({0, -1, 0, -2})}}, 8);
  expect_drops({"Pad reflecting", Pad{.mode = "reflect"}, {ramp({2, 4}), ints({0, 2, 0, 1})}}, 4);
  expect_drops({"Gather", Gather{.axis = 1}, {ramp({2, 3, 4}), ints({2, 0})}}, 12);
  expect_drops({"Expand", Expand{}, {ramp({2, 1, 3}), ints({2, 4, 3})}}, 8);
  expect_drops({"Tile", Tile{}, {ramp({2, 3}), ints({1, 2})}}, 8);
  expect_drops({"MaxPool", MaxPool{.kernel_shape = {2, 2}}, {ramp({2, 3, 3, 3})}}, 10);
  expect_drops({"GlobalAveragePool", GlobalPool{}, {ramp({2, 3, 3, 3})}}, 10);
  expect_drops({"DepthToSpace", DepthToSpace{.blocksize = 2}, {ramp({2, 4, 2, 2})}}, 4);
  expect_drops({"Resize", Resize{}, {ramp({2, 3, 2, 2}), {}, {}, ints({2, 3, 4, 4})}}, 10);
}

TEST_CASE("dropping along links is computing on what is left: quantizers") {
  Tensor zero(DType::uint8, {3});
  expect_drops({"QuantizeLinear", QuantizeLinear{}, {ramp({2, 3, 2}), ramp({3}), zero}}, 14);
  expect_drops({"DequantizeLinear", DequantizeLinear{}, {Tensor(DType::uint8, {2, 3, 2}), ramp({3}), zero}}, 14);
}

TEST_CASE("a strided slice, a padding of channels and an axis that is read as a shape hold still") {
  CHECK(closure(graph_of({"", Slice{}, {ramp({3, 6}), ints({0}), ints({6}), ints({1}), ints({2})}}), {{ValueId(0), 1}, 0}).empty());
  CHECK(closure(graph_of({"", ShapeOf{}, {ramp({3, 6})}}), {{ValueId(0), 1}, 0}).empty());
  Graph pad = graph_of({"", Pad{}, {ramp({1, 3}), ints({0, 2, 0, 1})}});
  ValueId padded = pad.outputs[0];
  CHECK(closure(pad, {{padded, 1}, 0}) == std::set<AxisElement>{{{padded, 1}, 0}});  // a border element goes alone
}
