// What the plan makes of patterns: few steps, and the numbers of the plain kernels.
#include <algorithm>
#include <cmath>

#include "graph/text.h"
#include "runtime/executor.h"
#include "tests/catch.h"

namespace pare {
namespace {

std::shared_ptr<const Graph> graph_of(const std::string& body) {
  auto graph = parse("graph \"test\" {\n" + body + "\n}");
  if (!graph) FAIL(graph.failure().message);
  return std::make_shared<const Graph>(*std::move(graph));
}

Tensor pattern(const Dims& dims, int64_t seed, double offset = 0) {
  Tensor tensor(DType::float32, dims);
  for (int64_t i = 0; i < tensor.size(); ++i)
    tensor.set_double(i, static_cast<double>((i * 7919 + seed * 104729) % 201 - 100) / 100 + offset);
  return tensor;
}

std::vector<Tensor> patterns_for(const Graph& graph) {
  std::vector<Tensor> inputs;
  for (const ValueId id : graph.inputs) {
    const Type& type = graph.value(id).type;
    if (type.dtype == DType::float32) {
      inputs.push_back(pattern(*type.dims(), static_cast<int64_t>(inputs.size()) + 1));
    } else {
      Tensor tensor(type.dtype, *type.dims());
      for (int64_t i = 0; i < tensor.size(); ++i) tensor.set_double(i, static_cast<double>((i * 5 + 3) % 4));
      inputs.push_back(tensor);
    }
  }
  return inputs;
}

std::vector<std::string> kernels_of(const Executor& executor) {
  std::vector<std::string> kernels;
  for (const StepReport& step : executor.steps()) kernels.push_back(step.kernel);
  return kernels;
}

// The planned executor against the plain kernels on every instruction set, the same bits for any number of threads.
// Returns the kernels of the steps.
std::vector<std::string> check_plan(const std::string& body, const std::vector<Tensor>& given = {},
                                    double bound = 2e-5) {
  const auto graph = graph_of(body);
  const std::vector<Tensor> inputs = given.empty() ? patterns_for(*graph) : given;
  auto plain = Executor::create(graph, {.reference = true});
  REQUIRE(plain.ok());
  const auto expected = (*plain)->run(inputs);
  if (!expected) FAIL(expected.failure().message);
  std::vector<std::string> kernels;
  for (const Isa isa : machine_isas()) {
    std::vector<Tensor> first;
    for (const int threads : {1, 3}) {
      auto executor = Executor::create(graph, {.threads = threads, .isa = isa});
      REQUIRE(executor.ok());
      for (int repeat = 0; repeat < 2; ++repeat) {
        const auto outputs = (*executor)->run(inputs);
        if (!outputs) FAIL(outputs.failure().message);
        REQUIRE(outputs->size() == expected->size());
        for (size_t k = 0; k < outputs->size(); ++k) {
          REQUIRE((*outputs)[k].type() == (*expected)[k].type());
          for (int64_t i = 0; i < (*outputs)[k].size(); ++i) {
            const double want = (*expected)[k].as_double(i);
            INFO(body << "\noutput " << k << " element " << i << " on " << name(isa));
            REQUIRE(std::fabs((*outputs)[k].as_double(i) - want) <= bound * std::max(1.0, std::fabs(want)));
          }
        }
        if (first.empty()) first = *outputs;
        for (size_t k = 0; k < outputs->size(); ++k) CHECK((*outputs)[k] == first[k]);
      }
      kernels = kernels_of(**executor);
    }
  }
  return kernels;
}

using Kernels = std::vector<std::string>;

}  // namespace

TEST_CASE("A layer normalization in parts is one step") {
  const std::string head =
      "input x: float32[2,5,8]\nconst axes: int64[1] = {-1}\nconst two: float32[] = {2}\nconst e: float32[] = {1e-5}\n"
      "const w: float32[8] = {1, 2, 3, 4, 5, 6, 7, 8}\nconst b: float32[8] = {1, -1, 1, -1, 1, -1, 1, -1}\n"
      "m = ReduceMean(x, axes)\nd = Sub(x, m)\n";
  const std::string tail = "v = ReduceMean(s, axes)\nve = Add(v, e)\nr = Sqrt(ve)\nn = Div(d, r)\ng = Mul(n, w)\n";
  CHECK(check_plan(head + "s = Pow(d, two)\n" + tail + "y = Add(g, b)\noutput y") == Kernels{"layernorm.float"});
  CHECK(check_plan(head + "s = Mul(d, d)\n" + tail + "y = Add(b, g)\noutput y") == Kernels{"layernorm.float"});
  // The difference is asked for: the parts stay.
  CHECK(check_plan(head + "s = Mul(d, d)\n" + tail + "y = Add(b, g)\noutput y\noutput d") !=
        Kernels{"layernorm.float"});
}

TEST_CASE("A normalization by the root of squares is one step, whatever else uses its operand") {
  const auto kernels = check_plan(
      "input x: float32[3,8]\nconst axes: int64[1] = {-1}\nconst e: float32[] = {1e-5}\nconst one: float32[] = {1}\n"
      "const w: float32[8] = {1, 2, 3, 4, 5, 6, 7, 8}\ns = Mul(x, x)\nv = ReduceMean(s, axes)\nve = Add(v, e)\n"
      "r = Sqrt(ve)\ni = Div(one, r)\nn = Mul(x, i)\ng = Mul(n, w)\ny = Add(g, x)\noutput y");
  CHECK(kernels == Kernels{"rmsnorm.float", "elementwise.float"});
}

TEST_CASE("Gelu and SiLU in parts run in the product before them") {
  const std::string head =
      "input x: float32[3,4]\nconst w: float32[4,2] = {1, -2, 3, -4, 1, 2, -1, 0}\nm = MatMul(x, w)\n";
  CHECK(check_plan(head + "const q: float32[] = {1.4142135}\nconst one: float32[] = {1}\nconst h: float32[] = {0.5}\n"
                          "d = Div(m, q)\ne = Erf(d)\na = Add(e, one)\np = Mul(m, a)\ny = Mul(p, h)\noutput y") ==
        Kernels{"gemm.float"});
  CHECK(check_plan(head + "s = Sigmoid(m)\ny = Mul(m, s)\noutput y") == Kernels{"gemm.float"});
}

TEST_CASE("Element-wise operators with repeated operands are one sweep") {
  CHECK(
      check_plan("input x: float32[2,3,5,7]\ninput c: float32[3,1,1]\ninput r: float32[7]\ninput s: float32[2,1,5,1]\n"
                 "a = Mul(x, c)\nb = Add(r, a)\nd = Sub(s, b)\ne = Tanh(d)\ny = Max(e, a)\noutput y\noutput e") ==
      Kernels{"chain.float"});
  // Sin reads x after y could have been written over it.
  CHECK(check_plan(
            "input z: float32[600]\nx = Softplus(z)\nn = Softmax(x) {axis = 0}\na = Neg(n)\nb = Sin(n)\nc = Add(a, b)\n"
            "y = Softmax(a) {axis = 0}\noutput y\noutput c") ==
        Kernels{"elementwise.float", "softmax.float", "chain.float", "softmax.float"});
}

TEST_CASE("Transposes, slices and repeats of operands cost no step") {
  CHECK(check_plan("input q: float32[2,5,12]\ninput k: float32[2,7,12]\nconst s: int64[4] = {0, 0, 3, 4}\n"
                   "const f: float32[] = {2}\nqr = Reshape(q, s)\nkr = Reshape(k, s)\n"
                   "qt = Transpose(qr) {perm = [0, 2, 1, 3]}\nkt = Transpose(kr) {perm = [0, 2, 3, 1]}\n"
                   "m = MatMul(qt, kt)\nd = Div(m, f)\ny = Softmax(d) {axis = -1}\noutput y") ==
        Kernels{"matmul.float", "softmax.float"});
  CHECK(check_plan("input p: float32[2,3,5,7]\ninput v: float32[2,7,3,4]\nvt = Transpose(v) {perm = [0, 2, 1, 3]}\n"
                   "m = MatMul(p, vt)\nt = Transpose(m) {perm = [0, 2, 1, 3]}\nconst s: int64[3] = {0, 0, -1}\n"
                   "y = Reshape(t, s)\noutput y") == Kernels{"matmul.float"});
  CHECK(
      check_plan(
          "input x: float32[4,6,2]\nconst i: int64[] = {1}\nconst b: int64[1] = {1}\nconst e: int64[1] = {6}\n"
          "const ax: int64[1] = {1}\nconst st: int64[1] = {2}\nconst to: int64[3] = {4, 3, 5}\n"
          "const two: int64[1] = {2}\ng = Gather(x, i) {axis = 2}\nh = Slice(g, b, e, ax, st)\nu = Unsqueeze(h, two)\n"
          "w = Expand(u, to)\ninput z: float32[4,3,5]\ny = Add(w, z)\noutput y") == Kernels{"elementwise.float"});
}

TEST_CASE("Products of vectors, of one row, and of either operand transposed") {
  check_plan("input a: float32[33]\ninput b: float32[33,20]\ny = MatMul(a, b)\noutput y");
  check_plan("input a: float32[4,5,33]\ninput b: float32[33]\ny = MatMul(a, b)\noutput y");
  check_plan("input a: float32[33]\ninput b: float32[33]\ny = MatMul(a, b)\noutput y");
  check_plan("input a: float32[3,1,1,33]\ninput b: float32[2,33,20]\ny = MatMul(a, b)\noutput y");
  check_plan("input a: float32[2,3,6,33]\ninput b: float32[33,20]\ny = MatMul(a, b)\noutput y");
  check_plan(
      "input a: float32[33,6]\ninput b: float32[20,33]\ninput c: float32[20]\n"
      "y = Gemm(a, b, c) {transA = 1, transB = 1, alpha = 0.5, beta = 2.0}\noutput y");
  check_plan("input a: float32[6,33]\ninput b: float32[33,20]\ninput c: float32[6,1]\ny = Gemm(a, b, c)\noutput y");
}

TEST_CASE("Reductions, gathers and joined pieces of views") {
  for (const char* kind :
       {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceSumSquare", "ReduceL1", "ReduceL2"})
    for (const char* axes : {"1] = {-1", "1] = {1", "2] = {1, 2", "1] = {0", "2] = {0, 2"})
      check_plan("input x: float32[3,4,6]\nconst a: int64[" + std::string(axes) + "}\ny = " + kind +
                 "(x, a)\nz = " + kind + "(x, a) {keepdims = 0}\noutput y\noutput z");
  check_plan("input x: float32[3,4,6]\ninput i: int64[2,3]\ny = Gather(x, i) {axis = 1}\noutput y");
  check_plan(
      "input x: float32[3,4,6]\nt = Transpose(x) {perm = [2, 0, 1]}\nconst b: int64[1] = {1}\nconst e: int64[1] = {3}\n"
      "s = Slice(t, b, e)\ny = Concat(s, t) {axis = 0}\noutput y");
}

TEST_CASE("Resizing by weighted sums: every mode of coordinates, up and down") {
  for (const char* mode : {"linear", "cubic"})
    for (const char* coordinates :
         {"half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric"})
      for (const char* more : {"", ", antialias = 1", ", exclude_outside = 1"})
        for (const char* operand : {"const s: float32[4] = {1, 1, 2.5, 0.6}\ny = Resize(x, _, s",
                                    "const s: int64[4] = {2, 3, 3, 11}\ny = Resize(x, _, _, s"})
          CHECK(check_plan("input x: float32[2,3,5,7]\n" + std::string(operand) + ") {mode = \"" + mode +
                           "\", coordinate_transformation_mode = \"" + coordinates + "\"" + more + "}\noutput y")[1] ==
                "resize." + std::string(mode) + ".float");
}

TEST_CASE("Recurrent layers: all directions, lengths, layouts and states") {
  const auto layer = [](const std::string& op, int gates, int directions, const std::string& attributes,
                        const std::string& operands, const std::string& more) {
    const std::string d = std::to_string(directions), g = std::to_string(gates * 5), b = std::to_string(2 * gates * 5);
    std::string constants;
    const auto constant = [&](const std::string& name, const std::string& dims, int count, int seed) {
      constants += "const " + name + ": float32[" + dims + "] = {";
      for (int i = 0; i < count; ++i) constants += (i ? ", " : "") + std::to_string(((i * 31 + seed) % 41 - 20) / 20.0);
      constants += "}\n";
    };
    constant("w", d + "," + g + ",3", directions * gates * 5 * 3, 1);
    constant("r", d + "," + g + ",5", directions * gates * 5 * 5, 2);
    constant("b", d + "," + b, directions * gates * 10, 3);
    return "input x: float32[4,2,3]\n" + constants + more + "y, h" + (op == "LSTM" ? ", c" : "") + " = " + op +
           "(x, w, r, b" + operands + ") {hidden_size = 5" + attributes + "}\noutput y\noutput h" +
           (op == "LSTM" ? "\noutput c" : "");
  };
  const std::string lengths = "const l: int32[2] = {3, 4}\n";
  struct Kind {
    const char* op;
    int gates;
    const char* more;
    const char* kernel;
  };
  for (const Kind& kind : {Kind{"LSTM", 4, "", "lstm.float"}, Kind{"GRU", 3, "", "gru.float"},
                           Kind{"GRU", 3, ", linear_before_reset = 1", "gru.float"}, Kind{"RNN", 1, "", "rnn.float"}}) {
    CHECK(check_plan(layer(kind.op, kind.gates, 1, kind.more, "", "")) == Kernels{kind.kernel});
    check_plan(layer(kind.op, kind.gates, 1, std::string(kind.more) + ", direction = \"reverse\"", ", l", lengths));
    check_plan(layer(kind.op, kind.gates, 2, std::string(kind.more) + ", direction = \"bidirectional\"", ", _, s",
                     "input s: float32[2,2,5]\n"));
  }
}

TEST_CASE("Products of two quantized values read their integers where they lie") {
  const std::string head =
      "input q: float32[2,5,12]\ninput k: float32[2,7,12]\nconst s: int64[4] = {0, 0, 3, 4}\n"
      "const f: float32[] = {2}\nconst sc: float32[] = {0.01}\nconst zu: uint8[] = {99}\nconst zi: int8[] = {0}\n"
      "qq = QuantizeLinear(q, sc, zu)\nkq = QuantizeLinear(k, sc, zi)\n"
      "qd = DequantizeLinear(qq, sc, zu)\nkd = DequantizeLinear(kq, sc, zi)\n";
  // Behind Reshape and Transpose.
  const std::string views =
      "qr = Reshape(qd, s)\nkr = Reshape(kd, s)\nqt = Transpose(qr) {perm = [0, 2, 1, 3]}\n"
      "kt = Transpose(kr) {perm = [0, 2, 3, 1]}\n";
  CHECK(check_plan(head + views + "m = MatMul(qt, kt)\nd = Div(m, f)\ny = Softmax(d) {axis = -1}\noutput y") ==
        Kernels{"quantize.int8", "quantize.int8", "qmatmul.int8", "softmax.float"});
  // In front of them; the result quantized.
  const std::string between =
      "qr = Reshape(qd, s)\nqs = QuantizeLinear(qr, sc, zu)\nqe = DequantizeLinear(qs, sc, zu)\n"
      "qt = Transpose(qe) {perm = [0, 2, 1, 3]}\nkr = Reshape(kd, s)\nkt = Transpose(kr) {perm = [0, 2, 3, 1]}\n"
      "ks = QuantizeLinear(kt, sc, zi)\nke = DequantizeLinear(ks, sc, zi)\n";
  CHECK(check_plan(head + between +
                   "m = MatMul(qt, ke)\nconst ys: float32[] = {0.03}\nyq = QuantizeLinear(m, ys, zu)\n"
                   "y = DequantizeLinear(yq, ys, zu)\noutput y") ==
        Kernels{"quantize.int8", "quantize.int8", "qmatmul.int8", "dequantize.int8"});
  // Somebody wants the transposed floats too.
  check_plan(head + views + "m = MatMul(qt, kt)\nr = Relu(qt)\noutput m\noutput r\noutput kt");
}

TEST_CASE("A quantized product takes the bias that is added behind it and operands that were moved") {
  const std::string head =
      "input x: float32[2,3,2,4]\nconst sc: float32[] = {0.01}\nconst zu: uint8[] = {99}\n"
      "const wq: int8[8,3] = {1, -2, 3, -4, 5, 6, 7, -8, 9, 1, 2, 3, 4, 5, 6, 7, 8, -9, 1, 2, 3, -4, -5, -6}\n"
      "const ws: float32[3] = {0.1, 0.2, 0.3}\nconst b: float32[3] = {0.5, -0.5, 1}\n"
      "const to: int64[3] = {0, 0, -1}\nw = DequantizeLinear(wq, ws) {axis = 1}\n"
      "xq = QuantizeLinear(x, sc, zu)\nxd = DequantizeLinear(xq, sc, zu)\n"
      "t = Transpose(xd) {perm = [0, 2, 1, 3]}\n";
  const std::string tail = "m = MatMul(r, w)\na = Add(b, m)\n";
  const std::string narrow = "const to2: int64[3] = {0, 3, -1}\nr = Reshape(xd, to2)\n";
  CHECK(check_plan(head + narrow + tail + "y = Relu(a)\noutput y") == Kernels{"quantize.int8", "qgemm.int8"});
  const std::string moved = "const to3: int64[3] = {2, 3, 8}\nr = Reshape(t, to3)\n";
  CHECK(check_plan(head + moved + tail +
                   "const ys: float32[] = {0.05}\nyq = QuantizeLinear(a, ys, zu)\ny = DequantizeLinear(yq, ys, zu)\n"
                   "output y") == Kernels{"quantize.int8", "move.copy", "qgemm.int8", "dequantize.int8"});
}

TEST_CASE("Recurrent layers whose weights are integers multiply integers") {
  const auto constant = [](const std::string& name, const std::string& type, int count, int seed, double scale) {
    std::string text = "const " + name + ": " + type + " = {";
    for (int i = 0; i < count; ++i) {
      const double value = ((i * 31 + seed) % 41 - 20) * scale;
      text += (i ? ", " : "") + (scale == 1 ? std::to_string(static_cast<int>(value)) : std::to_string(value));
    }
    return text + "}\n";
  };
  struct Kind {
    const char* op;
    int gates;
    const char* more;
    const char* kernel;
  };
  // Scales: one, one to a row, one to a row of each direction.
  for (const Kind& kind : {Kind{"LSTM", 4, "", "lstm.int8"}, Kind{"GRU", 3, "", "gru.int8"},
                           Kind{"GRU", 3, ", linear_before_reset = 1", "gru.int8"},
                           Kind{"RNN", 1, ", activations = [\"Relu\", \"Relu\"]", "rnn.int8"}})
    for (const int scales : {0, 1, 2})
      for (const bool quantized_x : {false, true}) {
        const int rows = kind.gates * 5;
        const std::string d = "2," + std::to_string(rows);
        std::string scale = "float32[]", attributes;
        int count = 1;
        if (scales == 1) {
          scale = "float32[" + std::to_string(count = rows) + "]";
          attributes = " {axis = 1}";
        } else if (scales == 2) {
          scale = "float32[" + d + ",1]";
          count = 2 * rows;
          attributes = " {axis = 2, block_size = 5}";
        }
        std::string s = "const s: " + scale + " = {";
        for (int i = 0; i < count; ++i) s += (i ? ", " : "") + std::to_string(0.02 + 0.001 * (i % 13));
        const std::string x = quantized_x ? "const xs: float32[] = {0.01}\nconst xz: uint8[] = {120}\n"
                                            "xq = QuantizeLinear(u, xs, xz)\nx = DequantizeLinear(xq, xs, xz)\n"
                                          : "x = Identity(u)\n";
        const auto kernels =
            check_plan("input u: float32[4,2,3]\n" + x + constant("wq", "int8[" + d + ",3]", 2 * rows * 3, 1, 1) +
                           constant("rq", "int8[" + d + ",5]", 2 * rows * 5, 2, 1) +
                           constant("b", "float32[2," + std::to_string(2 * rows) + "]", 4 * rows, 3, 0.05) + s + "}\n" +
                           "w = DequantizeLinear(wq, s)" + attributes + "\nr = DequantizeLinear(rq, s)" + attributes +
                           "\ninput h0: float32[2,2,5]\ny, h = " + kind.op +
                           "(x, w, r, b, _, h0) {hidden_size = 5, direction = " + "\"bidirectional\"" + kind.more +
                           "}\noutput y\noutput h",
                       {}, 3e-4);
        CHECK(kernels.back() == kind.kernel);
        CHECK(kernels.size() == (quantized_x ? 2 : 1));
      }
}

TEST_CASE("A recurrent layer of integers takes little more than their bytes") {
  std::string rows;
  for (int i = 0; i < 4 * 64 * 64; ++i) rows += (i ? "," : "") + std::to_string((i * 37) % 255 - 127);
  const auto graph = graph_of("input x: float32[3,1,64]\nconst s: float32[] = {0.01}\nconst wq: int8[1,256,64] = {" +
                              rows + "}\nw = DequantizeLinear(wq, s)\ny = LSTM(x, w, w) {hidden_size = 64}\noutput y");
  auto executor = Executor::create(graph);
  REQUIRE(executor.ok());
  REQUIRE((*executor)->run(patterns_for(*graph)).ok());
  CHECK(kernels_of(**executor) == Kernels{"lstm.int8"});
  // Two matrices, where a set has no 8-bit dot product of 16 bits each; as floats they would take 128 KiB.
  CHECK((*executor)->memory().weight_bytes <= 2 * 2 * 4 * 64 * 64);
}

TEST_CASE("A sequence that grows packs its weights once") {
  const auto graph = graph_of(
      "input x: float32[1,N,4]\nconst w: float32[4,8] = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, "
      "5, 6, "
      "7, 8, 1, 2, 3, 4, 5, 6, 7, 8}\nm = MatMul(x, w)\nt = Transpose(m) {perm = [0, 2, 1]}\ny = MatMul(m, t)\noutput "
      "y");
  auto executor = Executor::create(graph);
  REQUIRE(executor.ok());
  size_t weights = 0;
  for (int64_t n = 1; n <= 30; ++n) {
    const auto outputs = (*executor)->run(std::vector<Tensor>{pattern({1, n, 4}, n)});
    if (!outputs) FAIL(outputs.failure().message);
    REQUIRE((*outputs)[0].dims() == Dims{1, n, n});
    if (n == 1) weights = (*executor)->memory().weight_bytes;
    CHECK((*executor)->memory().weight_bytes == weights);
  }
}

TEST_CASE("What follows dims that depend on data is planned all the same") {
  const std::string body =
      "input n: int64[]\ninput x: float32[4,3]\nconst z: int64[] = {0}\nconst one: int64[] = {1}\n"
      "const w: float32[3,2] = {1, 2, 3, 4, 5, 6}\nr = Range(z, n, one)\nrows = Gather(x, r) {axis = 0}\n"
      "m = MatMul(rows, w)\ny = Relu(m)\nq = MatMul(x, w)\noutput y\noutput q";
  for (const int64_t n : {3, 1, 4}) {
    const auto kernels = check_plan(body, {Tensor::scalar<int64_t>(n), pattern({4, 3}, 1)});
    CHECK(kernels == Kernels{"gemm.float", "plain.Range", "gather.rows", "gemm.float"});
  }
}

TEST_CASE("A branch whose condition the dims decide is taken when the plan is made") {
  const auto graph = graph_of(
      "input x: float32[N,3]\nh = Shape(x)\nconst i: int64[] = {0}\nn = Gather(h, i)\nconst one: int64[] = {1}\n"
      "c = Equal(n, one)\n"
      "y = If(c) {else_branch = graph {\ncapture x: float32[N,3]\nv = Relu(x)\noutput v\n}, then_branch = graph "
      "{\ncapture x: float32[N,3]\n"
      "v = Neg(x)\noutput v\n}}\noutput y");
  auto executor = Executor::create(graph);
  REQUIRE(executor.ok());
  const auto one = (*executor)->run(std::vector<Tensor>{Tensor::of<float>({1, 3}, {1, -2, 3})});
  if (!one) FAIL(one.failure().message);
  CHECK((*one)[0].floats() == std::vector<float>{-1, 2, -3});
  CHECK(kernels_of(**executor) == Kernels{"elementwise.float"});
  const auto two = (*executor)->run(std::vector<Tensor>{Tensor::of<float>({2, 3}, {1, -2, 3, -4, 5, -6})});
  if (!two) FAIL(two.failure().message);
  CHECK((*two)[0].floats() == std::vector<float>{1, 0, 3, 0, 5, 0});
}

}  // namespace pare
