#include "quantize/layer_matrix.h"

#include "graph/error.h"
#include "graph/text.h"
#include "runtime/executor.h"
#include "tests/catch.h"

namespace pare {
namespace {

Tensor wave(Dims dims) {
  Tensor tensor(DType::float32, std::move(dims));
  auto data = tensor.mutable_data<float>();
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<float>((i * 37 + 11) % 29) / 14.0f - 1.0f;
  return tensor;
}

struct Case {
  Graph graph;
  LayerMatrix layer;
  Tensor weight;
  Tensor activation;
  Tensor output;
  // The product at one position, by the definition in the header.
  double at(int64_t group, int64_t position, int64_t row) const {
    const ActivationRows rows(layer, graph, activation);
    REQUIRE(position < rows.positions());
    std::vector<float> x(static_cast<size_t>(layer.columns));
    rows.gather(group, position, 1, 1, x.data());
    double sum = 0;
    for (int64_t c = 0; c < layer.columns; ++c) {
      sum += double{x[static_cast<size_t>(c)]} * double{weight.data<float>()[static_cast<size_t>(layer.element(group, row, c))]};
    }
    return sum;
  }
  int64_t positions() const { return ActivationRows(layer, graph, activation).positions(); }
};

// The graph holds one node, the constant weight 'w', one input 'x' and output 'y'.
Case make_case(const std::string& weight_dims, const Dims& w, const std::string& x_type, const Dims& x, const std::string& node,
               int slot = 1) {
  Graph graph = unwrap(parse("graph \"g\" {\n input x: " + x_type + "\n input w: " + weight_dims + "\n y = " + node + "\n output y\n}"));
  const ValueId id = *graph.find("w");
  graph.inputs.erase(std::find(graph.inputs.begin(), graph.inputs.end(), id));
  graph.set_constant(id, wave(w));
  unwrap(infer_types(graph));
  const auto layer = LayerMatrix::of(graph, graph.order()[0], slot);
  REQUIRE(layer);
  ExecutorOptions options;
  options.reference = true;
  auto executor = unwrap(Executor::create(std::make_shared<Graph>(graph), options));
  const Tensor activation = wave(x);
  const Tensor output = unwrap(executor->run(std::vector<Tensor>{activation}))[0];
  return {graph, *layer, wave(w), activation, output};
}

// Conv: output [N, groups * rows, cells].
void check_convolution(const Case& c) {
  const int64_t cells = c.output.size() / (c.output.dims()[0] * c.output.dims()[1]);
  CHECK(c.layer.groups * c.layer.rows == c.output.dims()[1]);
  REQUIRE(c.positions() == c.output.dims()[0] * cells);
  for (int64_t p = 0; p < c.positions(); ++p) {
    for (int64_t g = 0; g < c.layer.groups; ++g) {
      for (int64_t r = 0; r < c.layer.rows; ++r) {
        const int64_t at = (p / cells * c.output.dims()[1] + g * c.layer.rows + r) * cells + p % cells;
        CHECK(c.at(g, p, r) == Approx(c.output.data<float>()[static_cast<size_t>(at)]).margin(1e-5));
      }
    }
  }
}

TEST_CASE("a convolution is the product of its patches and its weight") {
  check_convolution(make_case("float32[4,3,3,2]", {4, 3, 3, 2}, "float32[N,3,5,6]", {2, 3, 5, 6},
                              "Conv(x, w) {pads = [1, 0, 0, 2], strides = [2, 1], dilations = [1, 2]}"));
  check_convolution(make_case("float32[6,2,3,3]", {6, 2, 3, 3}, "float32[N,4,4,5]", {2, 4, 4, 5},
                              "Conv(x, w) {group = 2, auto_pad = \"SAME_UPPER\", strides = [2, 2]}"));
  check_convolution(make_case("float32[4,1,3,3]", {4, 1, 3, 3}, "float32[N,4,4,4]", {1, 4, 4, 4},
                              "Conv(x, w) {group = 4, auto_pad = \"SAME_LOWER\", strides = [2, 2]}"));
  check_convolution(make_case("float32[2,3,4]", {2, 3, 4}, "float32[N,3,9]", {2, 3, 9}, "Conv(x, w) {pads = [3, 0], dilations = [2]}"));
}

// Output [positions, rows] but for batches of both, [groups, positions, rows].
void check_product(const Case& c) {
  REQUIRE(c.output.size() == c.layer.groups * c.positions() * c.layer.rows);
  for (int64_t g = 0; g < c.layer.groups; ++g) {
    for (int64_t p = 0; p < c.positions(); ++p) {
      for (int64_t r = 0; r < c.layer.rows; ++r) {
        const int64_t at = (g * c.positions() + p) * c.layer.rows + r;
        CHECK(c.at(g, p, r) == Approx(c.output.data<float>()[static_cast<size_t>(at)]).margin(1e-5));
      }
    }
  }
}

TEST_CASE("matrix products, transposed and batched") {
  check_product(make_case("float32[3,4]", {3, 4}, "float32[N,3]", {5, 3}, "Gemm(x, w)"));
  check_product(make_case("float32[4,3]", {4, 3}, "float32[3,N]", {3, 5}, "Gemm(x, w) {transA = 1, transB = 1}"));
  check_product(make_case("float32[3,4]", {3, 4}, "float32[N,2,3]", {5, 2, 3}, "MatMul(x, w)"));
  check_product(make_case("float32[3]", {3}, "float32[N,2,3]", {5, 2, 3}, "MatMul(x, w)"));
  check_product(make_case("float32[2,3,4]", {2, 3, 4}, "float32[2,N,3]", {2, 5, 3}, "MatMul(x, w)"));
}

TEST_CASE("a constant left operand multiplies columns") {
  const Case c = make_case("float32[4,3]", {4, 3}, "float32[N,3,2]", {2, 3, 2}, "MatMul(w, x)", 0);
  CHECK(c.layer.rows == 4);
  REQUIRE(c.positions() == 4);
  for (int64_t p = 0; p < 4; ++p) {
    for (int64_t r = 0; r < 4; ++r) {
      CHECK(c.at(0, p, r) == Approx(c.output.data<float>()[static_cast<size_t>((p / 2 * 4 + r) * 2 + p % 2)]).margin(1e-5));
    }
  }
}

TEST_CASE("a transposed convolution adds the products that fall on one cell") {
  const Case c = make_case("float32[4,3,2]", {4, 3, 2}, "float32[1,4,3]", {1, 4, 3}, "ConvTranspose(x, w) {group = 2}");
  CHECK(c.layer.rows == 6);  // 3 channels by 2 cells
  CHECK(c.layer.columns == 2);
  REQUIRE(c.output.dims() == Dims{1, 6, 4});
  for (int64_t g = 0; g < 2; ++g) {
    for (int64_t m = 0; m < 3; ++m) {
      for (int64_t o = 0; o < 4; ++o) {
        double sum = 0;
        for (int64_t k = 0; k < 2; ++k) {
          if (o - k >= 0 && o - k < 3) sum += c.at(g, o - k, m * 2 + k);
        }
        CHECK(sum == Approx(c.output.data<float>()[static_cast<size_t>((g * 3 + m) * 4 + o)]).margin(1e-5));
      }
    }
  }
}

// With the gate's function the identity and one unit per row, Y[t] = W X[t] + R Y[t - 1].
TEST_CASE("the rows of a recurrence are its inputs and the state of the step before") {
  for (const int layout : {0, 1}) {
    Graph graph = unwrap(parse(R"(graph "g" {
      input x: float32[S,B,3]
      input w: float32[2,2,3]
      input r: float32[2,2,2]
      y = RNN(x, w, r) {hidden_size = 2, direction = "bidirectional", activations = ["Affine", "Affine"], activation_alpha = [1.0, 1.0], activation_beta = [0.0, 0.0], layout = )" +
                               std::to_string(layout) + "}\n output y\n}"));
    graph.set_constant(graph.inputs[1], wave({2, 2, 3}));
    graph.set_constant(graph.inputs[2], wave({2, 2, 2}));
    graph.inputs.resize(1);
    unwrap(infer_types(graph));
    const NodeId node = graph.order()[0];
    const auto from_input = LayerMatrix::of(graph, node, 1), from_state = LayerMatrix::of(graph, node, 2);
    REQUIRE(from_input);
    REQUIRE(from_state);
    const int64_t outer = layout == 0 ? 4 : 2, inner = layout == 0 ? 2 : 4;  // 4 steps of 2 samples
    const Tensor x = wave({outer, inner, 3});
    ExecutorOptions options;
    options.reference = true;
    const Tensor y = unwrap(unwrap(Executor::create(std::make_shared<Graph>(graph), options))->run(std::vector<Tensor>{x}))[0];
    const Case inputs{graph, *from_input, wave({2, 2, 3}), x, y}, states{graph, *from_state, wave({2, 2, 2}), y, y};
    CHECK(inputs.positions() == 8);
    REQUIRE(states.positions() == 6);
    for (int64_t step = 0; step < 3; ++step) {
      for (int64_t sample = 0; sample < 2; ++sample) {
        for (int64_t d = 0; d < 2; ++d) {
          for (int64_t unit = 0; unit < 2; ++unit) {
            const int64_t t = d == 0 ? step + 1 : step;  // reads the state of `step`, or backwards of step + 1
            const int64_t x_at = layout == 0 ? t * 2 + sample : sample * 4 + t;
            const int64_t h_at = layout == 0 ? step * 2 + sample : sample * 3 + step;
            const int64_t y_at = layout == 0 ? ((t * 2 + d) * 2 + sample) * 2 + unit : ((sample * 4 + t) * 2 + d) * 2 + unit;
            CHECK(inputs.at(d, x_at, unit) + states.at(d, h_at, unit) == Approx(y.data<float>()[static_cast<size_t>(y_at)]).margin(1e-5));
          }
        }
      }
    }
  }
}

TEST_CASE("there is no matrix where the state is no output, and for what is no product") {
  Graph graph = unwrap(parse(R"(graph "g" {
    input x: float32[S,B,3]
    const w: float32[1,1,3] = {1, 2, 3}
    const r: float32[1,1,1] = {1}
    _, h = RNN(x, w, r) {hidden_size = 1}
    s = Add(h, r)
    output s
  })"));
  CHECK(LayerMatrix::of(graph, graph.order()[0], 1));
  CHECK_FALSE(LayerMatrix::of(graph, graph.order()[0], 2));
  CHECK_FALSE(LayerMatrix::of(graph, graph.order()[1], 1));
}

}  // namespace
}  // namespace pare
