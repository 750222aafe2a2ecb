// Expected types follow from the formulas and examples of the ONNX operator specifications.
#include "graph/infer.h"

#include <map>

#include "graph/text.h"
#include "tests/catch.h"

using namespace pare;

namespace {

Result<Graph> graph_of(const std::string& body) { return parse("graph {\n" + body + "\n output y\n}"); }

// The types of y and of further values, separated by spaces.
std::string types(const std::string& body, const std::vector<std::string>& names = {"y"}) {
  const auto graph = graph_of(body);
  if (!graph) return graph.failure().message;
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? "" : " ") + to_string(graph->value(*graph->find(name)).type);
  return text;
}

// What is wrong, without the node it is in.
std::string fault(const std::string& body) {
  const auto graph = graph_of(body);
  if (graph) return "no fault: " + to_string(graph->value(*graph->find("y")).type);
  const std::string& message = graph.failure().message;
  const size_t node = message.find("): ");
  return node == std::string::npos ? message : message.substr(node + 3);
}

std::string conv(const std::string& x, const std::string& w, const std::string& attributes) {
  return "input x: float32[" + x + "] input w: float32[" + w + "] y = Conv(x, w) {" + attributes + "}";
}

std::string max_pool(const std::string& x, const std::string& attributes) {
  return "input x: float32[" + x + "] y = MaxPool(x) {" + attributes + "}";
}

}  // namespace

TEST_CASE("infer Conv") {
  CHECK(types(conv("1,1,5,5", "1,1,3,3", "pads = [1, 1, 1, 1]")) ==
        "float32[1,1,5,5]");  // the specification's examples
  CHECK(types(conv("1,1,5,5", "1,1,3,3", "")) == "float32[1,1,3,3]");
  CHECK(types(conv("1,1,7,5", "1,1,3,3", "pads = [1, 1, 1, 1], strides = [2, 2]")) == "float32[1,1,4,3]");
  CHECK(types(conv("1,1,7,5", "1,1,3,3", "pads = [1, 0, 1, 0], strides = [2, 2]")) == "float32[1,1,4,2]");
  CHECK(types(conv("1,1,5,5", "1,1,3,3", "auto_pad = \"SAME_LOWER\", strides = [2, 2]")) == "float32[1,1,3,3]");
  CHECK(types(conv("N,3,32,32", "8,3,3,3", "auto_pad = \"VALID\"")) == "float32[N,8,30,30]");
  CHECK(types(conv("N,8,32,32", "8,1,3,3", "group = 8, dilations = [2, 2]")) == "float32[N,8,28,28]");
  CHECK(types(conv("N,3,H,W", "8,3,3,3", "pads = [1, 1, 1, 1]")) == "float32[N,8,H,W]");
  CHECK(types(conv("N,3,H,W", "8,3,3,3", "")) == "float32[N,8,H - 2,W - 2]");
  CHECK(types(conv("N,3,16", "8,3,4", "")) == "float32[N,8,13]");
  CHECK(types(conv("*", "8,3,3,3", "")) == "float32[?,8,?,?]");
  CHECK(types("input x: float32[*] input w: float32[*] y = Conv(x, w)") == "float32[*]");

  CHECK(fault(conv("1,4,5,5", "1,3,3,3", "")) == "X has 4 channels, expected 3 from W and group 1");
  CHECK(fault(conv("1,3,5,5", "1,3,3", "")) == "W has rank 3, expected the rank of X, 4");
  CHECK(fault(conv("3,5", "1,3", "")) == "X has rank 2, expected 3 or more");
  CHECK(fault(conv("1,3,2,2", "1,3,3,3", "")) ==
        "the kernel covers 3 elements, but the padded input has 2; expected at least as many");
  CHECK(fault(conv("1,3,5,5", "1,3,3,3", "group = 0")) == "group is 0, expected 1 or more");
  CHECK(fault(conv("1,4,5,5", "3,2,3,3", "group = 2")) == "group 2 does not divide the first extent of W, 3");
  CHECK(fault(conv("1,3,5,5", "1,3,3,3", "strides = [1]")) == "strides has 1 entries, expected 2");
  CHECK(fault(conv("1,3,5,5", "1,3,3,3", "strides = [1, 0]")) == "strides has an entry 0, expected 1 or more");
  CHECK(fault(conv("1,3,5,5", "1,3,3,3", "pads = [0, 0, 0, -1]")) == "pads has an entry -1, expected 0 or more");
  CHECK(fault(conv("1,3,5,5", "1,3,3,3", "kernel_shape = [5, 5]")) ==
        "kernel_shape and the extents of W: 3 against 5, expected to agree");
  CHECK(fault(conv("1,3,5,5", "1,3,3,3", "auto_pad = \"SAME\"")) ==
        "auto_pad is 'SAME', expected one of NOTSET, SAME_UPPER, SAME_LOWER, VALID");
  CHECK(fault(conv("1,3,5,5", "1,3,3,3", "dilations = [9223372036854775807, 1]")) ==
        "dilations has an entry 9223372036854775807, expected less than 2^31");
  CHECK(fault("input x: float32[1,3,5,5] input w: float16[1,3,3,3] y = Conv(x, w)") ==
        "input 1 is float16 while input 0 is float32, expected one element type");
  CHECK(fault("input x: float32[1,3,5,5] input w: float32[2,3,3,3] input b: float32[3] y = Conv(x, w, b)") ==
        "elements of B and output channels: 3 against 2, expected to agree");
  CHECK(fault("input x: float32[1,3,5,5] y = Conv(x)") == "has 1 inputs, expected 2 to 3");
  CHECK(fault("input x: float32[1,3,5,5] y = Conv(x, _)") == "leaves out input 1, which it needs");
}

TEST_CASE("infer ConvTranspose") {
  const auto with = [](const std::string& attributes) {
    return "input x: float32[1,1,3,3] input w: float32[1,2,3,3] y = ConvTranspose(x, w) {" + attributes + "}";
  };
  CHECK(types(with("")) == "float32[1,2,5,5]");  // the specification's examples
  CHECK(types(with("strides = [3, 2], output_shape = [10, 8]")) == "float32[1,2,10,8]");
  CHECK(types(with("strides = [3, 2], output_padding = [1, 1]")) == "float32[1,2,10,8]");
  CHECK(types(with("strides = [3, 2], pads = [1, 2, 1, 2]")) == "float32[1,2,7,3]");
  CHECK(types(with("auto_pad = \"SAME_UPPER\", strides = [2, 2]")) == "float32[1,2,6,6]");
  CHECK(types(with("dilations = [2, 2]")) == "float32[1,2,7,7]");
  CHECK(types("input x: float32[N,4,3] input w: float32[4,5,3] y = ConvTranspose(x, w) {group = 2}") ==
        "float32[N,10,5]");
  CHECK(fault(with("pads = [9, 9, 9, 9]")) ==
        "the output has no positive extent along spatial axis 0, expected pads that leave some");
}

TEST_CASE("infer ConvInteger and MatMulInteger") {
  CHECK(types("input x: uint8[1,1,3,3] input w: uint8[1,1,2,2] y = ConvInteger(x, w)") == "int32[1,1,2,2]");
  CHECK(types("input a: uint8[4,3] input b: int8[3,2] y = MatMulInteger(a, b)") == "int32[4,2]");
  CHECK(fault("input x: float32[1,1,3,3] input w: uint8[1,1,2,2] y = ConvInteger(x, w)") ==
        "x is float32, expected uint8 or int8");
}

TEST_CASE("infer Gemm and MatMul") {
  CHECK(types("input a: float32[N,3] input b: float32[3,5] y = Gemm(a, b)") == "float32[N,5]");
  CHECK(types("input a: float32[3,N] input b: float32[5,3] input c: float32[5] y = Gemm(a, b, c) {transA = 1, transB = "
              "1}") == "float32[N,5]");
  CHECK(fault("input a: float32[2,3] input b: float32[4,5] y = Gemm(a, b)") ==
        "the inner extents of A and B: 3 against 4, expected to agree");
  CHECK(fault("input a: float32[2,3] input b: float32[3,5] input c: float32[4] y = Gemm(a, b, c)") ==
        "C has extent 4 where 5 is needed, expected that or 1");
  CHECK(types("input a: float32[2,1,3,4] input b: float32[5,4,6] y = MatMul(a, b)") == "float32[2,5,3,6]");
  CHECK(types("input a: float32[4] input b: float32[4] y = MatMul(a, b)") == "float32[]");
  CHECK(types("input a: float32[4] input b: float32[2,4,6] y = MatMul(a, b)") == "float32[2,6]");
  CHECK(types("input a: float32[B,S,4] input b: float32[4] y = MatMul(a, b)") == "float32[B,S]");
  CHECK(fault("input a: float32[] input b: float32[4] y = MatMul(a, b)") == "A has rank 0, expected 1 or more");
}

TEST_CASE("infer pooling") {
  CHECK(types(max_pool("1,3,32,32", "kernel_shape = [2, 2]")) == "float32[1,3,31,31]");  // the specification's examples
  CHECK(types(max_pool("1,1,4,4", "kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1")) == "float32[1,1,2,2]");
  CHECK(types(max_pool("1,1,4,4", "kernel_shape = [3, 3], strides = [2, 2]")) == "float32[1,1,1,1]");
  CHECK(types(max_pool("1,1,4,4", "kernel_shape = [2, 2], dilations = [2, 2]")) == "float32[1,1,2,2]");
  CHECK(types(max_pool("1,1,5,5", "kernel_shape = [3, 3], strides = [2, 2], auto_pad = \"SAME_UPPER\"")) ==
        "float32[1,1,3,3]");
  CHECK(types(max_pool("1,3,28,28", "kernel_shape = [3, 3], pads = [2, 2, 2, 2]")) == "float32[1,3,30,30]");
  // A window starting in the end padding is dropped: (2 + 0 - 1) / 2 would round up to 2.
  CHECK(types(max_pool("1,1,2", "kernel_shape = [1], strides = [2], ceil_mode = 1")) == "float32[1,1,1]");
  CHECK(types("input x: float32[1,3,8,8] y, i = MaxPool(x) {kernel_shape = [2, 2]}", {"y", "i"}) ==
        "float32[1,3,7,7] int64[1,3,7,7]");
  CHECK(types("input x: float32[1,3,227,227] y = AveragePool(x) {kernel_shape = [3, 3], strides = [2, 2]}") ==
        "float32[1,3,113,113]");
  CHECK(types("input x: float32[N,3,H,W] y = GlobalAveragePool(x)") == "float32[N,3,1,1]");
  CHECK(fault(max_pool("1,3,8", "kernel_shape = [2, 2]")) == "X has rank 3, expected 4");
  CHECK(fault(max_pool("1,3,8", "kernel_shape = []")) == "kernel_shape is empty, expected one entry per spatial axis");
}

TEST_CASE("infer Resize") {
  const auto resize = [](const std::string& rest) { return "input x: float32[1,N,4,6] " + rest; };
  CHECK(types(resize("const s: float32[4] = {1, 1, 0.6, 2} y = Resize(x, _, s)")) == "float32[1,N,2,12]");
  CHECK(types(resize("const z: int64[4] = {1, 2, 7, 8} y = Resize(x, _, _, z)")) == "float32[1,2,7,8]");
  CHECK(types(resize("const e: float32[0] = {} const z: int64[4] = {1, 2, 7, 8} y = Resize(x, e, e, z)")) ==
        "float32[1,2,7,8]");
  CHECK(types(resize("const z: int64[2] = {8, 18} y = Resize(x, _, _, z) {axes = [2, 3]}")) == "float32[1,N,8,18]");
  CHECK(types(resize("const z: int64[2] = {8, 18} y = Resize(x, _, _, z) {axes = [2, -1], "
                     "keep_aspect_ratio_policy = \"not_larger\"}")) == "float32[1,N,8,12]");
  CHECK(types(resize("const z: int64[2] = {8, 18} y = Resize(x, _, _, z) {axes = [2, 3], "
                     "keep_aspect_ratio_policy = \"not_smaller\"}")) == "float32[1,N,12,18]");
  CHECK(fault(resize("y = Resize(x)")) == "neither scales nor sizes is given, expected one of them");
  CHECK(fault(resize("const s: float32[3] = {1, 1, 2} y = Resize(x, _, s)")) == "scales has 3 elements, expected 4");
  CHECK(fault(resize("const s: float32[4] = {1, 1, 0, 2} y = Resize(x, _, s)")) ==
        "scales has an entry 0.000000, expected a number above 0");
  CHECK(fault(resize("const s: float32[4] = {1, 1, 1e30, 2} y = Resize(x, _, s)")) ==
        "the resized extent is too large");
  CHECK(fault(resize("const s: float32[4] = {1, 1, 2, 2} y = Resize(x, _, s) {mode = \"area\"}")) ==
        "mode is 'area', expected one of nearest, linear, cubic");
}

TEST_CASE("infer DepthToSpace and SpaceToDepth") {
  CHECK(types("input x: float32[1,8,2,3] y = DepthToSpace(x) {blocksize = 2}") == "float32[1,2,4,6]");
  CHECK(types("input x: float32[1,1,4,6] y = SpaceToDepth(x) {blocksize = 2}") == "float32[1,4,2,3]");
  CHECK(fault("input x: float32[1,6,2,3] y = DepthToSpace(x) {blocksize = 2}") ==
        "the number of channels is 6, expected a multiple of 4");
  CHECK(fault("input x: float32[1,6,2,3] y = DepthToSpace(x) {blocksize = 0}") == "blocksize is 0, expected 1 or more");
}

TEST_CASE("infer elementwise operators") {
  const auto binary = [](const std::string& a, const std::string& b, const std::string& op = "Add") {
    return types("input a: float32[" + a + "] input b: float32[" + b + "] y = " + op + "(a, b)");
  };
  CHECK(binary("2,3,4,5", "") == "float32[2,3,4,5]");  // the examples of "Broadcasting in ONNX"
  CHECK(binary("2,3,4,5", "5") == "float32[2,3,4,5]");
  CHECK(binary("4,5", "2,3,4,5") == "float32[2,3,4,5]");
  CHECK(binary("1,4,5", "2,3,1,1") == "float32[2,3,4,5]");
  CHECK(binary("3,4,5", "2,1,1,1") == "float32[2,3,4,5]");
  CHECK(binary("N,1", "1,M") == "float32[N,M]");
  CHECK(binary("N,C", "4") == "float32[N,4]");
  CHECK(binary("N", "M") == "float32[?]");
  CHECK(binary("N", "N") == "float32[N]");
  CHECK(binary("0,3", "1,3") == "float32[0,3]");
  CHECK(binary("*", "4") == "float32[*]");
  CHECK(binary("2,3", "3", "Less") == "bool[2,3]");
  CHECK(binary("2,3,4", "3,1", "PRelu") == "float32[2,3,4]");
  CHECK(fault("input a: float32[2,3] input b: float32[4] y = Add(a, b)") ==
        "extents 3 and 4 do not broadcast, expected equal extents or 1");
  CHECK(fault("input a: float32[3] input b: float32[2,3] y = PRelu(a, b)") == "slope has rank 2, expected at most 1");
  CHECK(fault("input a: float32[3] input b: int64[3] y = Mul(a, b)") ==
        "input 1 is int64 while input 0 is float32, expected one element type");
  CHECK(types("input a: float32[3] input b: int64[3] y = Pow(a, b)") == "float32[3]");
  CHECK(fault("input a: bool[3] y = Relu(a)") == "X is bool, expected a number type");
  CHECK(fault("input a: int64[3] y = Exp(a)") == "X is int64, expected a floating-point type");
  CHECK(types("input a: float16[3] y = IsNaN(a)") == "bool[3]");
  CHECK(types("input a: float32[3] input b: float32[2,1] input c: float32[1] y = Max(a, b, c)") == "float32[2,3]");
  CHECK(types("input a: float32[3,N] y = Clip(a)") == "float32[3,N]");
  CHECK(types("input a: float32[3,N] y = Cast(a) {to = int8}") == "int8[3,N]");
  CHECK(fault("input a: float32[3] y = Cast(a) {to = 0}") == "attribute 'to' is 0, expected an element type");
  CHECK(fault("input a: float32[3] y = Cast(a) {to = 99}").find("is 99, which is no element type of ONNX") !=
        std::string::npos);
  CHECK(types("input c: bool[2,1] input a: int64[3] input b: int64[] y = Where(c, a, b)") == "int64[2,3]");
  CHECK(types("input a: float32[3,N] y, m = Dropout(a)", {"y", "m"}) == "float32[3,N] bool[3,N]");
  CHECK(types("input a: float32[3] y = Gelu(a) {approximate = \"tanh\"}") == "float32[3]");
  CHECK(fault("input a: float32[3] y = Gelu(a) {approximate = \"fast\"}") ==
        "approximate is 'fast', expected one of none, tanh");
}

TEST_CASE("infer normalizations and reductions") {
  const std::string vectors = "input s: float32[C] input b: float32[C] input m: float32[C] input v: float32[C] ";
  CHECK(types("input x: float32[N,C,8] " + vectors + "y = BatchNormalization(x, s, b, m, v)") == "float32[N,C,8]");
  CHECK(fault("input x: float32[N,3,8] input s: float32[4] y = InstanceNormalization(x, s, s)") ==
        "channels of X and elements of input 1: 3 against 4, expected to agree");
  CHECK(types("input x: float32[2,3,4] input s: float32[3,4] y, m, i = LayerNormalization(x, s) {axis = 1}",
              {"y", "m", "i"}) == "float32[2,3,4] float32[2,1,1] float32[2,1,1]");
  CHECK(fault("input x: float32[2,3,4] input s: float32[3] y = LayerNormalization(x, s)") ==
        "Scale has extent 3 where 4 is needed, expected that or 1");
  CHECK(fault("input x: float32[1,2,3,4] y = Softmax(x) {axis = 5}") ==
        "axis 5 is out of range for rank 4, expected -4..3");
  CHECK(types("input x: float32[1,2,3,4] y = LogSoftmax(x) {axis = -4}") == "float32[1,2,3,4]");
  CHECK(types("input x: float32[3,2,2] const a: int64[1] = {1} y = ReduceMean(x, a)") == "float32[3,1,2]");
  CHECK(types("input x: float32[3,2,2] const a: int64[2] = {-1, 0} y = ReduceMax(x, a) {keepdims = 0}") ==
        "float32[2]");
  CHECK(types("input x: float32[3,2,2] y = ReduceSum(x)") == "float32[1,1,1]");
  CHECK(types("input x: float32[3,2,2] y = ReduceSum(x) {keepdims = 0}") == "float32[]");
  CHECK(types("input x: float32[3,2,2] y = ReduceSum(x) {noop_with_empty_axes = 1}") == "float32[3,2,2]");
  CHECK(types("input x: float32[3,2,2] input a: int64[1] y = ReduceSum(x, a)") == "float32[?,?,?]");
  CHECK(types("input x: float32[3,2,2] input a: int64[2] y = ReduceSum(x, a) {keepdims = 0}") == "float32[?]");
  CHECK(types("input x: float32[3,2,2] input a: int64[K] y = ReduceSum(x, a) {keepdims = 0}") == "float32[*]");
  CHECK(fault("input x: float32[3,2] const a: int64[2] = {1, -1} y = ReduceSum(x, a)") ==
        "axes has -1 twice, expected distinct axes");
  CHECK(types("input x: float32[3,N] y = ArgMax(x) {axis = 1, keepdims = 0}") == "int64[3]");
  CHECK(fault("input x: float32[3] y = LRN(x)").find("lacks its attribute 'size'") != std::string::npos);
}

TEST_CASE("infer quantization") {
  const std::string x = "input x: float32[N,3,4] ";
  CHECK(types(x + "const s: float32[] = {1} y = QuantizeLinear(x, s)") == "uint8[N,3,4]");
  CHECK(types(x + "const s: float32[3] = {1, 1, 1} const z: int8[3] = {0, 0, 0} y = QuantizeLinear(x, s, z)") ==
        "int8[N,3,4]");
  CHECK(types(x + "const s: float32[] = {1} y = QuantizeLinear(x, s) {output_dtype = int4}") == "int4[N,3,4]");
  CHECK(fault(x + "const s: float32[2] = {1, 1} y = QuantizeLinear(x, s)") ==
        "elements of the scale and extent of its axis: 2 against 3, expected to agree");
  CHECK(fault(x + "const s: float32[3] = {1, 1, 1} y = QuantizeLinear(x, s) {axis = 3}") ==
        "axis 3 is out of range for rank 3, expected -3..2");
  CHECK(
      fault(x + "const s: float32[] = {1} const z: int8[] = {0} y = QuantizeLinear(x, s, z) {output_dtype = uint8}") ==
      "output_dtype is uint8, expected the zero point's type, int8");
  CHECK(types("input x: int8[4,6] input s: float32[4,2] y = DequantizeLinear(x, s) {axis = 1, block_size = 3}") ==
        "float32[4,6]");
  CHECK(types("input x: int32[4] const s: float16[] = {1} y = DequantizeLinear(x, s)") == "float16[4]");
  CHECK(fault("input x: int8[4,6] input s: float32[4,3] y = DequantizeLinear(x, s) {axis = 1, block_size = 3}") ==
        "extent of the scale along axis 1: 3 against 2, expected to agree");
  CHECK(fault("input x: float32[4] const s: float32[] = {1} y = DequantizeLinear(x, s)") ==
        "x is float32, expected an integer or 8-bit float type");
  CHECK(types("input x: float32[N] y, s, z = DynamicQuantizeLinear(x)", {"y", "s", "z"}) ==
        "uint8[N] float32[] uint8[]");
}

TEST_CASE("infer Reshape") {
  const auto reshape = [](const std::string& x, int rank, const std::string& shape, const std::string& rest = "") {
    return "input x: float32[" + x + "] const s: int64[" + std::to_string(rank) + "] = {" + shape +
           "} y = Reshape(x, s) {" + rest + "}";
  };
  CHECK(types(reshape("2,3,4", 3, "4, 2, 3")) == "float32[4,2,3]");  // the specification's examples
  CHECK(types(reshape("2,3,4", 3, "2, -1, 2")) == "float32[2,6,2]");
  CHECK(types(reshape("2,3,4", 4, "-1, 2, 3, 4")) == "float32[1,2,3,4]");
  CHECK(types(reshape("2,3,4", 4, "2, 0, 4, 1")) == "float32[2,3,4,1]");
  CHECK(types(reshape("2,3,4", 4, "2, 0, 1, -1")) == "float32[2,3,1,4]");
  CHECK(types(reshape("0,3,4", 3, "3, 4, 0", "allowzero = 1")) == "float32[3,4,0]");
  CHECK(types(reshape("2,3,4", 0, "")).find("24 elements, expected 1") != std::string::npos);
  CHECK(types(reshape("1,1", 0, "")) == "float32[]");
  CHECK(types(reshape("N,3,4", 2, "-1, 12")) == "float32[N,12]");
  CHECK(types(reshape("N,3,4", 2, "0, -1")) == "float32[N,12]");
  CHECK(types(reshape("N,3,4", 2, "-1, 6")) == "float32[2*N,6]");
  CHECK(types(reshape("N,M,4", 2, "-1, 4")) == "float32[M*N,4]");
  CHECK(types("input x: float32[2,3] input s: int64[3] y = Reshape(x, s)") == "float32[?,?,?]");
  CHECK(types("input x: float32[2,3] input s: int64[R] y = Reshape(x, s)") == "float32[*]");
  CHECK(fault(reshape("2,3,4", 2, "-1, -1")) == "the target shape has -1 twice, expected once at most");
  CHECK(fault(reshape("2,3,4", 2, "-1, 5")) ==
        "the input has 24 elements (common symbols left out), expected a multiple of 5");
  CHECK(fault(reshape("2,3,4", 2, "5, 5")) == "the input has 24 elements, expected 25 for the target shape");
  CHECK(fault(reshape("2,3,4", 1, "-2")) == "the target shape has an entry -2, expected -1 or more");
  CHECK(fault(reshape("2", 2, "2, 0")) ==
        "the target shape has 0 at position 1, but the input has rank 1; expected 0 only where there is an extent to "
        "keep");
  CHECK(fault(reshape("0,2", 2, "0, -1", "allowzero = 1")) ==
        "the target shape has both 0 and -1 under allowzero, expected one of them at most");
  CHECK(fault(reshape("4,4", 2, "4611686018427387904, 4")) ==
        "the input has 16 elements, expected more than 2^63 for the target shape");
}

TEST_CASE("infer axes added, dropped, reordered and repeated") {
  CHECK(types("input x: float32[2,3,4,5] y = Flatten(x)") == "float32[2,60]");
  CHECK(types("input x: float32[2,3,4,5] y = Flatten(x) {axis = 0}") == "float32[1,120]");
  CHECK(types("input x: float32[N,3,4] y = Flatten(x) {axis = -2}") == "float32[N,12]");
  CHECK(types("input x: float32[2,N,4] y = Flatten(x) {axis = 3}") == "float32[8*N,1]");
  CHECK(fault("input x: float32[2,3] y = Flatten(x) {axis = 3}") ==
        "axis 3 is out of range for rank 2, expected -2..2");
  CHECK(types("input x: float32[1,3,1,5] const a: int64[1] = {-2} y = Squeeze(x, a)") == "float32[1,3,5]");
  CHECK(types("input x: float32[1,3,1,5] y = Squeeze(x)") == "float32[3,5]");
  CHECK(types("input x: float32[1,N] y = Squeeze(x)") == "float32[*]");
  CHECK(fault("input x: float32[1,3] const a: int64[1] = {1} y = Squeeze(x, a)") ==
        "axis 1 has extent 3, expected 1 where an axis is squeezed");
  CHECK(types("input x: float32[3,4,5] const a: int64[3] = {2, 4, 5} y = Unsqueeze(x, a)") == "float32[3,4,1,5,1,1]");
  CHECK(types("input x: float32[3] const a: int64[1] = {-1} y = Unsqueeze(x, a)") == "float32[3,1]");
  CHECK(fault("input x: float32[3] const a: int64[2] = {1, 1} y = Unsqueeze(x, a)") ==
        "axes has 1 twice, expected distinct axes");
  CHECK(types("input x: float32[2,3,N] y = Transpose(x)") == "float32[N,3,2]");
  CHECK(types("input x: float32[2,3,N] y = Transpose(x) {perm = [1, 2, 0]}") == "float32[3,N,2]");
  CHECK(types("input x: float32[*] y = Transpose(x) {perm = [1, 0]}") == "float32[?,?]");
  CHECK(fault("input x: float32[2,3] y = Transpose(x) {perm = [0, 0]}") ==
        "perm has an entry 0, expected each of 0..1 once");
  CHECK(fault("input x: float32[2,3] y = Transpose(x) {perm = [0]}") == "perm has 1 entries, expected 2");
  CHECK(types("input x: float32[3,1] const s: int64[3] = {2, 1, 6} y = Expand(x, s)") == "float32[2,3,6]");
  CHECK(types("input x: float32[3,1] const s: int64[2] = {1, 1} y = Expand(x, s)") == "float32[3,1]");
  CHECK(types("input x: float32[2,N] const r: int64[2] = {3, 1} y = Tile(x, r)") == "float32[6,N]");
  CHECK(fault("input x: float32[2,2] const r: int64[1] = {3} y = Tile(x, r)") ==
        "repeats has 1 elements, expected the rank of the input, 2");
}

TEST_CASE("infer joins and cuts") {
  CHECK(types("input a: float32[2,N] input b: float32[3,N] y = Concat(a, b) {axis = 0}") == "float32[5,N]");
  CHECK(types("input a: float32[2,3] input b: float32[N,?] y = Concat(a, b) {axis = -2}") == "float32[N + 2,3]");
  CHECK(fault("input a: float32[2,3] input b: float32[2,4] y = Concat(a, b) {axis = 0}") ==
        "extents along axis 1: 3 against 4, expected to agree");
  CHECK(fault("input a: float32[2,3] input b: float32[2] y = Concat(a, b) {axis = 0}") ==
        "input 1 has rank 1, expected 2");
  CHECK(types("input x: float32[6,N] y, z, w = Split(x)", {"y", "w"}) == "float32[2,N] float32[2,N]");
  CHECK(types("input x: float32[7] y, z = Split(x) {num_outputs = 2}", {"y", "z"}) == "float32[4] float32[3]");
  CHECK(types("input x: float32[N,6] const s: int64[2] = {2, 4} y, z = Split(x, s) {axis = 1}", {"y", "z"}) ==
        "float32[N,2] float32[N,4]");
  CHECK(fault("input x: float32[7] y, z = Split(x)") ==
        "extent 7 does not split into 2 equal parts, expected a multiple or the sizes");
  CHECK(fault("input x: float32[7] const s: int64[2] = {2, 4} y, z = Split(x, s)") ==
        "split adds up to 6, expected the extent 7");
  CHECK(fault("input x: float32[7] y, z = Split(x) {num_outputs = 3}") ==
        "num_outputs is 3, expected the number of outputs, 2");

  const auto slice = [](const std::string& x, const std::string& starts, const std::string& ends,
                        const std::string& axes, const std::string& steps) {
    return "input x: float32[" + x + "] const s: int64[1] = {" + starts + "} const e: int64[1] = {" + ends +
           "} const a: int64[1] = {" + axes + "} const t: int64[1] = {" + steps + "} y = Slice(x, s, e, a, t)";
  };
  CHECK(types(slice("20,10,5", "0", "3", "0", "1")) == "float32[3,10,5]");  // the conformance tests' cases
  CHECK(types(slice("20,10,5", "1", "1000", "1", "1")) == "float32[20,9,5]");
  CHECK(types(slice("20,10,5", "0", "-1", "1", "1")) == "float32[20,9,5]");
  CHECK(types(slice("20,10,5", "20", "0", "0", "-1")) == "float32[19,10,5]");
  CHECK(types(slice("20,10,5", "10", "4", "1", "-2")) == "float32[20,3,5]");
  CHECK(types(slice("20,10,5", "1000", "1000", "1", "1")) == "float32[20,0,5]");
  CHECK(types(slice("20,10,5", "-1", "-9223372036854775808", "1", "-1")) == "float32[20,10,5]");
  CHECK(types(slice("N,10", "0", "9223372036854775807", "0", "1")) == "float32[N,10]");
  CHECK(types(slice("N,10", "0", "5", "0", "1")) == "float32[min(N, 5),10]");
  CHECK(types(slice("8,10", "0", "9223372036854775807", "-1", "9223372036854775807")) == "float32[8,1]");
  CHECK(types(slice("8,10", "9", "-11", "-1", "-9223372036854775808")) == "float32[8,1]");
  CHECK(fault(slice("8,10", "0", "1", "0", "0")) == "steps has an entry 0, expected another step");
  CHECK(fault(slice("8,10", "0", "1", "2", "1")) == "axis 2 is out of range for rank 2, expected -2..1");

  CHECK(types("input x: float32[N,3] const p: int64[4] = {0, 1, 0, -2} y = Pad(x, p)") == "float32[N,2]");
  CHECK(types("input x: float32[N,3] const p: int64[2] = {1, 1} const a: int64[1] = {-1} y = Pad(x, p, _, a)") ==
        "float32[N,5]");
  CHECK(fault("input x: float32[2,3] const p: int64[3] = {0, 1, 0} y = Pad(x, p)") ==
        "pads has 3 elements, expected 4");
  CHECK(fault("input x: float32[3] const p: int64[2] = {-4, 0} y = Pad(x, p)") ==
        "padding an extent of 3 by -4 and 0 leaves no valid extent, expected 0 or more");
  CHECK(types("input x: float32[5,4,3] input i: int64[N,2] y = Gather(x, i) {axis = 1}") == "float32[5,N,2,3]");
  CHECK(types("input x: float32[5,4] const i: int64[] = {-1} y = Gather(x, i)") == "float32[4]");
  CHECK(fault("input x: float32[5,4] const i: int64[] = {5} y = Gather(x, i)") ==
        "index 5 is out of range for extent 5, expected -5..4");
}

TEST_CASE("shape arithmetic is followed") {
  const std::string x = "input x: float32[N,3,4,5] sh = Shape(x) ";
  CHECK(types(x + "y = Shape(x) {start = 1, end = -1}") == "int64[2]");
  // view(x.size(0), -1)
  CHECK(types(x + R"(const zero: int64[] = {0} const axes: int64[1] = {0} const rest: int64[1] = {-1}
    n = Gather(sh, zero) n1 = Unsqueeze(n, axes) target = Concat(n1, rest) {axis = 0} y = Reshape(x, target))") ==
        "float32[N,60]");
  // x.view(N, 3 * 4, 5)
  CHECK(types(x +
              R"(const at0: int64[1] = {0} const at1: int64[1] = {1} const at2: int64[1] = {2} const at3: int64[1] = {3}
    const at4: int64[1] = {4} n = Slice(sh, at0, at1) c = Slice(sh, at1, at2) h = Slice(sh, at2, at3) w = Slice(sh, at3, at4)
    ch = Mul(c, h) target = Concat(n, ch, w) {axis = 0} y = Reshape(x, target))") == "float32[N,12,5]");
  // An amount for Pad put together as exporters do: [-1, 2], reversed, transposed.
  CHECK(types(x + R"(const pads: int64[8] = {1, 2, 3, 4, 0, 0, 0, 0} const pairs: int64[2] = {-1, 2}
    const begin: int64[1] = {-1} const end: int64[1] = {-9223372036854775807} const first: int64[1] = {0}
    const flat: int64[1] = {-1} p = Reshape(pads, pairs) r = Slice(p, begin, end, first, begin) t = Transpose(r)
    amounts = Reshape(t, flat) y = Pad(x, amounts))") == "float32[N,3,11,8]");
  // expand(-1 means keep): Where(shape == -1, own, shape)
  CHECK(types(x + R"(const want: int64[4] = {-1, 3, 4, 5} const minus: int64[4] = {-1, -1, -1, -1}
    is = Equal(want, minus) target = Where(is, sh, want) y = ConstantOfShape(target))") == "float32[N,3,4,5]");
  CHECK(types(x + "const two: int64[1] = {2} z = ConstantOfShape(two) {value = int64[1]{3}} y = ConstantOfShape(z)") ==
        "float32[3,3]");
  CHECK(types("input x: float32[4,5] n = Size(x) const z: int64[] = {0} const d: int64[] = {1} y = Range(z, n, d)") ==
        "int64[20]");
  CHECK(types("const a: int64[] = {10} const b: int64[] = {4} const d: int64[] = {-2} y = Range(a, b, d)") ==
        "int64[3]");
  CHECK(types("const a: float32[] = {1} const b: float32[] = {5} const d: float32[] = {2} y = Range(a, b, d)") ==
        "float32[2]");
  CHECK(
      types(x + R"(const zero: int64[] = {0} n = Gather(sh, zero) const one: int64[] = {1} y = Range(zero, n, one))") ==
      "int64[N]");
  CHECK(fault("const a: int64[] = {1} const d: int64[] = {0} y = Range(a, a, d)") == "delta is 0, expected a step");
  CHECK(types("const a: int64[] = {-9223372036854775807} const b: int64[] = {9223372036854775807} "
              "const d: int64[] = {1} y = Range(a, b, d)")
            .find("too many") != std::string::npos);
  CHECK(fault("const s: int64[2] = {2, -1} y = ConstantOfShape(s)") == "the shape has an entry -1, expected 0 or more");
  CHECK(types("const s: int64[3] = {2, 3, 4} y0 = ReduceProd(s) {keepdims = 0} const ax: int64[1] = {0} "
              "y1 = Unsqueeze(y0, ax) y = ConstantOfShape(y1)") == "float32[24]");
  CHECK(types("const s: int64[3] = {7, 3, 0} const d: int64[] = {2} q = Div(s, d) y = ConstantOfShape(q)") ==
        "float32[3,1,0]");
  CHECK(types("const s: int64[2] = {7, 3} const d: int64[] = {0} q = Div(s, d) y = ConstantOfShape(q)") ==
        "float32[?,?]");
}

TEST_CASE("declared types stay where they say more, and must not contradict") {
  CHECK(types("input x: float32[*] y: float32[N,4] = Relu(x)") == "float32[N,4]");
  CHECK(types("input x: float32[?,4] y: float32[N,?] = Relu(x)") == "float32[N,4]");
  CHECK(types("input x: float32[M,4] y: float32[2,4] = Relu(x)") == "float32[2,4]");
  CHECK(types("input x: float32[2] y: float32[2,7] = com.acme.Foo(x)") == "float32[2,7]");
  const auto wrong = graph_of("input x: float32[N,3] y: float32[N,4] = Relu(x) \"act\"");
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.failure().message == "node 'act' (Relu): 'y' is declared as float32[N,4], but must be float32[N,3]");
  CHECK(fault("input x: float32[3] y: int8[3] = Relu(x)") == "'y' is declared as int8[3], but must be float32[3]");
  CHECK(fault("input x: float32[3] y: float32[3,1] = Relu(x)") ==
        "'y' is declared as float32[3,1], but must be float32[3]");
}

TEST_CASE("symbols of inputs are bound to numbers") {
  auto graph = graph_of("input x: float32[N,3,H] input m: float32[N] z: float32[N,3,K] = com.acme.Foo(x) y = Relu(z)");
  REQUIRE(graph.ok());
  REQUIRE(bind_input_dims(*graph, {{"x", {2, 3, 7}}}).ok());
  CHECK(to_string(graph->value(*graph->find("m")).type) == "float32[2]");
  CHECK(to_string(graph->value(*graph->find("y")).type) == "float32[2,3,K]");
  const auto bind = [&](const std::string& name, const Dims& dims) {
    auto fresh = graph_of("input x: float32[N,3,H] input m: float32[N] y = Relu(x)");
    const auto bound = bind_input_dims(*fresh, {{"m", {5}}, {name, dims}});
    return bound ? std::string("bound") : bound.failure().message;
  };
  CHECK(bind("x", {5, 3, 9}) == "bound");
  CHECK(bind("x", {2, 3, 9}) == "input 'x' cannot have extent 2 along axis 0, expected 5 for N");
  CHECK(bind("x", {5, 4, 9}) == "input 'x' cannot have extent 4 along axis 1, expected 3");
  CHECK(bind("x", {5, 3}) == "input 'x' has rank 3, found 2 dimensions to bind");
  CHECK(bind("q", {5, 3}) == "input 'q' is not an input of the graph");
  CHECK(bind("x", {5, 3, -1}) == "input 'x' cannot have extent -1 along axis 2, expected H");
}
