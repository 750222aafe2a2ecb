#include "tests/ops/case_builders.h"

namespace pare::test {
namespace {

void add_elementwise(std::vector<Case>& list) {
  const std::vector<double> five{-2, -0.5, 0, 0.5, 2};
  // Values by each operator's formula in the ONNX specification.
  list.push_back(values("Abs", five, {2, 0.5, 0, 0.5, 2}));
  list.push_back(values("Acos", {-1, 0, 1}, {3.14159265358979, 1.5707963267949, 0}));
  list.push_back(values("Acosh", {1, 2, 10}, {0, 1.31695789692482, 2.99322284612638}));
  list.push_back(values("Asin", {-1, 0, 0.5}, {-1.5707963267949, 0, 0.523598775598299}));
  list.push_back(values("Asinh", {-2, 0, 1}, {-1.44363547517881, 0, 0.881373587019543}));
  list.push_back(values("Atan", {-1, 0, 1}, {-0.785398163397448, 0, 0.785398163397448}));
  list.push_back(values("Atanh", {-0.5, 0, 0.5}, {-0.549306144334055, 0, 0.549306144334055}));
  list.push_back(values("Ceil", five, {-2, 0, 0, 1, 2}));
  list.push_back(values("Cos", {0, 1}, {1, 0.54030230586814}));
  list.push_back(values("Cosh", {0, 1}, {1, 1.54308063481524}));
  list.push_back(values("Erf", {-0.5, 0, 1}, {-0.520499877813047, 0, 0.842700792949715}));
  list.push_back(values("Exp", {-1, 0, 1}, {0.367879441171442, 1, 2.71828182845905}));
  list.push_back(values("Floor", five, {-2, -1, 0, 0, 2}));
  list.push_back(values("HardSwish", {-4, -1.5, 0, 1.5, 4}, {0, -0.375, 0, 1.125, 4}));
  list.push_back(values("Identity", five, five));
  list.push_back(values("Log", {1, 2.71828182845905, 10}, {0, 1, 2.30258509299405}));
  list.push_back(values("Mish", {-1, 0, 1}, {-0.303401461374217, 0, 0.86509838826731}));
  list.push_back(values("Neg", five, {2, 0.5, 0, -0.5, -2}));
  list.push_back(values("Reciprocal", {-2, 0.5, 4}, {-0.5, 2, 0.25}));
  list.push_back(values("Relu", five, {0, 0, 0, 0.5, 2}));
  list.push_back(values("Round", {-2.5, -1.5, 0.5, 1.5, 2.4}, {-2, -2, 0, 2, 2}));
  list.push_back(values("Sigmoid", {-1, 0, 1}, {0.268941421369995, 0.5, 0.731058578630005}));
  list.push_back(values("Sign", five, {-1, -1, 0, 1, 1}));
  list.push_back(values("Sin", {0, 1}, {0, 0.841470984807897}));
  list.push_back(values("Sinh", {0, 1}, {0, 1.1752011936438}));
  list.push_back(values("Softplus", {-1, 0, 1}, {0.313261687518223, 0.693147180559945, 1.31326168751822}));
  list.push_back(
      values("Softsign", five, {-0.666666666666667, -0.333333333333333, 0, 0.333333333333333, 0.666666666666667}));
  list.push_back(values("Sqrt", {0, 1, 2}, {0, 1, 1.4142135623731}));
  list.push_back(values("Tan", {0, 1}, {0, 1.5574077246549}));
  list.push_back(values("Tanh", {-1, 0, 1}, {-0.761594155955765, 0, 0.761594155955765}));
  list.push_back(values("LeakyRelu", five, {-0.2, -0.05, 0, 0.5, 2}, " {alpha = 0.1}"));
  list.push_back(values("Elu", {-1, 0, 1}, {-1.26424111765712, 0, 1}, " {alpha = 2.0}"));
  list.push_back(values("Celu", {-1, 0, 1}, {-0.786938680574733, 0, 1}, " {alpha = 2.0}"));
  list.push_back(values("ThresholdedRelu", five, {0, 0, 0, 0, 2}, " {alpha = 0.5}"));
  list.push_back(values("Selu", {-1, 0, 1}, {-3.79272343, 0, 3.0}, " {alpha = 2.0, gamma = 3.0}"));
  list.push_back(values("HardSigmoid", {-4, 0, 1, 4}, {0, 0.5, 0.7, 1}));
  list.push_back(values("Gelu", {-1, 0, 1}, {-0.158655253931457, 0, 0.841344746068543}));
  list.push_back(values("Gelu", {-1, 0, 1}, {-0.158808009, 0, 0.841191991}, " {approximate = \"tanh\"}"));
  for (const char* op : {"Relu", "Sigmoid", "HardSwish", "Tanh", "Exp", "Abs"}) list.push_back(unary(op));
  list.push_back(unary("Relu", "float16"));
  list.push_back(unary("Sqrt", "float64"));
  list.push_back(unary("Neg", "int32"));
  list.push_back(unary("Not", "bool"));
  list.push_back(unary("BitwiseNot", "uint8"));
  list.push_back(unary("IsNaN", "float32"));
  for (const char* op :
       {"Add", "Sub", "Mul", "Div", "Pow", "PRelu", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"})
    list.push_back(binary(op, "float32[2,3,4,5]", "float32[3,1,1]"));
  for (const char* op : {"Add", "Mul", "Div", "Sub"}) {
    list.push_back(binary(op, "float32[2,3,4,5]", "float32[2,3,4,5]"));
    list.push_back(binary(op, "float32[5]", "float32[2,3,4,5]"));
    list.push_back(binary(op, "float32[2,3,1,1]", "float32[2,3,4,5]"));
    list.push_back(binary(op, "int64[2,3]", "int64[3]"));
  }
  for (const char* op : {"And", "Or", "Xor"}) list.push_back(binary(op, "bool[2,3]", "bool[3]"));
  for (const char* op : {"BitwiseAnd", "BitwiseOr", "BitwiseXor"})
    list.push_back(binary(op, "int32[2,3]", "int32[2,1]"));
  for (const char* op : {"Max", "Min", "Sum", "Mean"})
    list.push_back(body(op, "input a: float32[2,3,4,4]\ninput b: float32[3,1,1]\ninput c: float32[4]\ny = " +
                                std::string(op) + "(a, b, c)\noutput y"));
  list.push_back(body("Max.two", "input a: float32[2,3,4,4]\ninput b: float32[2,3,4,4]\ny = Max(a, b)\noutput y"));
  list.push_back(
      body("Clip",
           "input x: float32[5]\nconst lo: float32[] = {-1}\nconst hi: float32[] = {1}\ny = Clip(x, lo, hi)\noutput y",
           0, {-1, -0.5, 0, 0.5, 1}, {five}));
  list.push_back(body("Clip.low", "input x: int32[5]\nconst lo: int32[] = {-1}\ny = Clip(x, lo)\noutput y", 0,
                      {-1, -1, 0, 1, 2}, {{-2, -1, 0, 1, 2}}));
  list.push_back(body("Cast", "input x: float32[5]\ny = Cast(x) {to = 7}\noutput y", 0, {-2, 0, 0, 0, 2}, {five}));
  list.push_back(body("Cast.float", "input x: int32[2,3,4,5]\ny = Cast(x) {to = 1}\noutput y"));
  list.push_back(body("Where",
                      "input c: bool[2,1]\ninput a: float32[2,3]\ninput b: float32[3]\ny = Where(c, a, b)\noutput y", 0,
                      {1, 2, 3, 8, 9, 10}, {{1, 0}, {1, 2, 3, 4, 5, 6}, {8, 9, 10}}));
  list.push_back(body("Dropout", "input x: float32[2,3]\ny, m = Dropout(x)\noutput y\noutput m"));
}

void add_shapes(std::vector<Case>& list) {
  list.push_back(
      body("Reshape", "input x: float32[2,3,4]\nconst s: int64[3] = {0, -1, 2}\ny = Reshape(x, s)\noutput y"));
  list.push_back(
      body("Reshape.symbolic", "input x: float32[N,3,4]\nconst s: int64[2] = {0, -1}\ny = Reshape(x, s)\noutput y"));
  list.push_back(body("Flatten", "input x: float32[N,3,4,5]\ny = Flatten(x)\noutput y"));
  list.push_back(body(
      "Squeeze",
      "input x: float32[2,1,3,1]\nconst a: int64[1] = {1}\ny = Squeeze(x, a)\nz = Squeeze(x)\noutput y\noutput z"));
  list.push_back(
      body("Unsqueeze", "input x: float32[2,3]\nconst a: int64[2] = {0, -1}\ny = Unsqueeze(x, a)\noutput y"));
  list.push_back(body("Transpose", "input x: float32[2,3]\ny = Transpose(x)\noutput y", 0, {1, 4, 2, 5, 3, 6},
                      {{1, 2, 3, 4, 5, 6}}));
  list.push_back(body("Transpose.perm",
                      "input x: float32[2,3,4,5]\nr = Relu(x)\ny = Transpose(r) {perm = [0, 2, 3, 1]}\noutput y"));
  list.push_back(
      body("Concat", "input a: float32[2,3,4,4]\ninput b: float32[2,2,4,4]\ny = Concat(a, b) {axis = 1}\noutput y"));
  list.push_back(body(
      "Concat.channels_last",
      "input x: float32[2,3,6,6]\nconst w: float32[2,3,1,1] = {1, 2, 3, -1, -2, -3}\na = Conv(x, w)\nb = Conv(x, w)\n"
      "y = Concat(a, b, x) {axis = 1}\nz = GlobalAveragePool(y)\noutput z\noutput y"));
  list.push_back(body("Split", "input x: float32[2,6,4,4]\ny, z = Split(x) {axis = 1}\noutput y\noutput z"));
  list.push_back(body("Split.sizes",
                      "input x: float32[6]\nconst s: int64[2] = {4, 2}\ny, z = Split(x, s)\noutput y\noutput z", 0,
                      {1, 2, 3, 4}, {{1, 2, 3, 4, 5, 6}}));
  list.push_back(
      body("Slice",
           "input x: float32[2,4]\nconst s: int64[2] = {1, 0}\nconst e: int64[2] = {2, 3}\nconst a: int64[2] = {0, 1}\n"
           "const t: int64[2] = {1, 2}\ny = Slice(x, s, e, a, t)\noutput y",
           0, {5, 7}, {{1, 2, 3, 4, 5, 6, 7, 8}}));
  list.push_back(body("Slice.back",
                      "input x: float32[5]\nconst s: int64[1] = {-1}\nconst e: int64[1] = {-9999}\nconst a: int64[1] = "
                      "{0}\nconst t: int64[1] = {-2}\n"
                      "y = Slice(x, s, e, a, t)\noutput y",
                      0, {5, 3, 1}, {{1, 2, 3, 4, 5}}));
  list.push_back(body(
      "Slice.shortcut",
      "input x: float32[2,3,6,6]\nconst w: float32[3,3,1,1] = {1, 0, 0, 0, 1, 0, 0, 0, 1}\nc = Conv(x, w)\nconst s: "
      "int64[2] = {0, 0}\n"
      "const e: int64[2] = {6, 6}\nconst a: int64[2] = {2, 3}\nconst t: int64[2] = {2, 2}\nd = Slice(c, s, e, a, t)\n"
      "const p: int64[8] = {0, 1, 0, 0, 0, 2, 0, 0}\ny = Pad(d, p)\noutput y"));
  list.push_back(body(
      "Pad",
      "input x: float32[1,2]\nconst p: int64[4] = {0, 1, 1, 0}\nconst v: float32[] = {9}\ny = Pad(x, p, v)\noutput y",
      0, {9, 1, 2, 9, 9, 9}, {{1, 2}}));
  list.push_back(body("Pad.reflect",
                      "input x: float32[3]\nconst p: int64[2] = {2, 1}\ny = Pad(x, p) {mode = \"reflect\"}\noutput y",
                      0, {3, 2, 1, 2, 3, 2}, {{1, 2, 3}}));
  list.push_back(body("Pad.edge",
                      "input x: float32[3]\nconst p: int64[2] = {2, 1}\ny = Pad(x, p) {mode = \"edge\"}\noutput y", 0,
                      {1, 1, 1, 2, 3, 3}, {{1, 2, 3}}));
  list.push_back(body("Gather", "input x: float32[3,2]\ninput i: int64[2]\ny = Gather(x, i)\noutput y", 0, {5, 6, 1, 2},
                      {{1, 2, 3, 4, 5, 6}, {-1, 0}}));
  list.push_back(body("Expand", "input x: float32[3,1]\nconst s: int64[2] = {1, 2}\ny = Expand(x, s)\noutput y", 0,
                      {1, 1, 2, 2, 3, 3}, {{1, 2, 3}}));
  list.push_back(body("Tile", "input x: float32[1,2]\nconst r: int64[2] = {2, 2}\ny = Tile(x, r)\noutput y", 0,
                      {1, 2, 1, 2, 1, 2, 1, 2}, {{1, 2}}));
  list.push_back(
      body("Shape", "input x: float32[N,3,4]\ny = Shape(x) {start = 1}\nz = Shape(x)\noutput y\noutput z", 0, {3, 4}));
  list.push_back(body("Size", "input x: float32[2,3]\ny = Size(x)\noutput y", 0, {6}));
  list.push_back(body("ConstantOfShape",
                      "input x: float32[2,3]\ns = Shape(x)\ny = ConstantOfShape(s) {value = int64[1]{7}}\noutput y", 0,
                      {7, 7, 7, 7, 7, 7}));
  list.push_back(body("Range",
                      "input n: int64[]\nconst z: int64[] = {1}\nconst d: int64[] = {2}\ny = Range(z, n, d)\noutput y",
                      0, {1, 3, 5}, {{6}}));
  list.push_back(body("DepthToSpace",
                      "input x: float32[2,8,2,3]\ny = DepthToSpace(x) {blocksize = 2}\nz = DepthToSpace(x) {blocksize "
                      "= 2, mode = \"CRD\"}\noutput y\noutput z"));
  list.push_back(body("DepthToSpace.values", "input x: float32[1,4,1,1]\ny = DepthToSpace(x) {blocksize = 2}\noutput y",
                      0, {1, 2, 3, 4}, {{1, 2, 3, 4}}));
  list.push_back(body("SpaceToDepth", "input x: float32[1,1,2,2]\ny = SpaceToDepth(x) {blocksize = 2}\noutput y", 0,
                      {1, 2, 3, 4}, {{1, 2, 3, 4}}));
  for (const char* mode : {"nearest", "linear", "cubic"})
    list.push_back(
        body("Resize." + std::string(mode),
             "input x: float32[1,2,3,4]\nconst s: float32[4] = {1, 1, 2, 1.5}\ny = Resize(x, _, s) {mode = \"" +
                 std::string(mode) + "\"}\noutput y"));
  list.push_back(body("Resize.values",
                      "input x: float32[1,1,2,2]\nconst s: float32[4] = {1, 1, 2, 2}\ny = Resize(x, _, s) {mode = "
                      "\"linear\"}\noutput y",
                      1e-6, {1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4},
                      {{1, 2, 3, 4}}));
}

void add_norms(std::vector<Case>& list) {
  list.push_back(body("BatchNormalization",
                      "input x: float32[2,2,3,3]\nconst s: float32[2] = {1, 2}\nconst b: float32[2] = {0, 1}\nconst m: "
                      "float32[2] = {0.5, -0.5}\n"
                      "const v: float32[2] = {1, 4}\ny = BatchNormalization(x, s, b, m, v)\noutput y"));
  list.push_back(body("InstanceNormalization",
                      "input x: float32[2,3,4,4]\nconst s: float32[3] = {1, 2, 3}\nconst b: float32[3] = {0, 1, -1}\n"
                      "y = InstanceNormalization(x, s, b)\noutput y"));
  list.push_back(
      body("LayerNormalization",
           "input x: float32[2,3,4]\nconst s: float32[4] = {1, 2, 3, 4}\nconst b: float32[4] = {0, 1, -1, 2}\n"
           "y, m, v = LayerNormalization(x, s, b)\noutput y\noutput m\noutput v"));
  list.push_back(body("LRN", "input x: float32[2,5,3,3]\ny = LRN(x) {size = 3, alpha = 0.1}\noutput y"));
  list.push_back(body("Softmax", "input x: float32[1,3]\ny = Softmax(x)\noutput y", 1e-6,
                      {0.09003058, 0.24472848, 0.66524094}, {{-1, 0, 1}}));
  list.push_back(body("LogSoftmax", "input x: float32[1,3]\ny = LogSoftmax(x)\noutput y", 1e-6,
                      {-2.4076061, -1.407606, -0.407606}, {{-1, 0, 1}}));
  list.push_back(body("Softmax.channels", "input x: float32[2,3,4,4]\ny = Softmax(x) {axis = 1}\noutput y"));
  for (const char* op : {"L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"})
    list.push_back(body("Reduce" + std::string(op),
                        "input x: float32[2,3,4]\nconst a: int64[1] = {1}\ny = Reduce" + std::string(op) +
                            "(x, a)\nz = Reduce" + std::string(op) + "(x) {keepdims = 0}\noutput y\noutput z",
                        1e-5));
  list.push_back(
      body("ReduceMean.pool",
           "input x: float32[2,3,4,5]\nconst a: int64[2] = {2, -1}\ny = ReduceMean(x, a) {keepdims = 0}\noutput y"));
  list.push_back(body("ArgMax", "input x: float32[2,3]\ny = ArgMax(x) {axis = 1, keepdims = 0}\noutput y", 0, {1, 2},
                      {{1, 3, 2, 1, 2, 3}}));
  list.push_back(body("ArgMin", "input x: float32[2,3]\ny = ArgMin(x) {axis = 0, select_last_index = 1}\noutput y", 0,
                      {1, 1, 0}, {{1, 3, 2, 1, 2, 3}}));
}

void add_windows(std::vector<Case>& list) {
  // The Conv example of the specification: a 5x5 ramp under a 3x3 filter of ones, padded and strided.
  const std::string ramp = "input x: float32[1,1,5,5]\nconst w: float32[1,1,3,3] = {1, 1, 1, 1, 1, 1, 1, 1, 1}\n";
  std::vector<double> elements;
  for (int i = 0; i < 25; ++i) elements.push_back(i);
  list.push_back(body("Conv.values", ramp + "y = Conv(x, w) {pads = [1, 1, 1, 1], strides = [2, 2]}\noutput y", 1e-6,
                      {12, 27, 24, 63, 108, 81, 72, 117, 84}, {elements}));
  const auto conv = [&](const std::string& name, const std::string& x, const std::string& w,
                        const std::string& attributes, const std::string& after) {
    list.push_back(body("Conv." + name, "input x: float32" + x + "\ninput f: float32" + w +
                                            "\nconst z: float32[] = {0.25}\nw: float32" + w +
                                            " = Mul(f, z)\ny = Conv(x, w) {" + attributes + "}\n" + after +
                                            "output y"));
  };
  conv("grouped", "[2,6,7,7]", "[4,3,3,3]", "group = 2, pads = [1, 1, 1, 1]", "");
  conv("depthwise", "[2,6,7,7]", "[6,1,3,3]", "group = 6, pads = [0, 0, 1, 1], strides = [2, 2]", "");
  conv("dilated", "[1,3,9,9]", "[5,3,3,3]", "dilations = [2, 2]", "");
  conv("same", "[1,3,9,8]", "[5,3,3,3]", "auto_pad = \"SAME_LOWER\", strides = [2, 2]", "");
  conv("line", "[2,3,16]", "[4,3,5]", "pads = [2, 2]", "");
  conv("cube", "[1,2,4,4,4]", "[3,2,2,2,2]", "", "");
  list.push_back(body(
      "Conv.fused",
      "input x: float32[2,2,6,6]\nconst w: float32[2,2,1,1] = {1, -0.5, 0.25, 2}\nconst b: float32[2] = {0.5, -0.5}\n"
      "const s: float32[2] = {1, 2}\nconst o: float32[2] = {0, 1}\nconst m: float32[2] = {0.5, -0.5}\nconst v: "
      "float32[2] = {1, 4}\n"
      "c = Conv(x, w, b)\nn = BatchNormalization(c, s, o, m, v)\na = Add(x, n)\nlo = Identity(a)\nr = Relu(lo)\n"
      "const three: float32[] = {3}\nconst zero: float32[] = {0}\nconst six: float32[] = {6}\nd = Conv(r, w)\nt = "
      "Add(d, three)\n"
      "k = Clip(t, zero, six)\np = Mul(d, k)\ny = Div(p, six)\noutput y"));
  list.push_back(body(
      "ConvTranspose",
      "input x: float32[1,1,3,3]\nconst w: float32[1,2,3,3] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}\n"
      "y = ConvTranspose(x, w) {strides = [2, 2], pads = [1, 1, 1, 1], output_padding = [1, 1]}\noutput y"));
  list.push_back(body("ConvTranspose.fused",
                      "input x: float32[2,2,4,4]\nconst w: float32[2,3,2,2] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "
                      "-1, -2, -3, -4, -5, -6, "
                      "-7, -8, -9, -10, -11, -12}\nconst b: float32[3] = {1, 2, 3}\nconst s: float32[3] = {1, 2, 4}\nc "
                      "= ConvTranspose(x, w, b) {strides = [2, 2]}\n"
                      "n = BatchNormalization(c, s, b, b, s)\ny = Relu(n)\noutput y"));
  list.push_back(body("ConvTranspose.values",
                      "input x: float32[1,1,1,2]\nconst w: float32[1,1,1,2] = {1, 10}\nconst b: float32[1] = {0.5}\n"
                      "y = ConvTranspose(x, w, b)\noutput y",
                      1e-6, {1.5, 12.5, 20.5}, {{1, 2}}));
  list.push_back(body("ConvInteger",
                      "input x: uint8[1,1,3,3]\nconst w: uint8[1,1,2,2] = {1, 1, 1, 1}\nconst z: uint8[] = {1}\ny = "
                      "ConvInteger(x, w, z)\noutput y",
                      0, {12, 16, 24, 28}, {{2, 3, 4, 5, 6, 7, 8, 9, 10}}));
  list.push_back(body("Gemm.values",
                      "input a: float32[2,2]\nconst b: float32[2,2] = {1, 2, 3, 4}\nconst c: float32[2] = {10, 20}\n"
                      "y = Gemm(a, b, c) {alpha = 0.5, beta = 2.0, transB = 1}\noutput y",
                      1e-6, {22.5, 45.5, 25.5, 52.5}, {{1, 2, 3, 4}}));
  list.push_back(body(
      "Gemm",
      "input a: float32[3,4]\ninput b: float32[3,5]\ninput c: float32[4,5]\ny = Gemm(a, b, c) {transA = 1}\noutput y"));
  list.push_back(body("MatMul", "input a: float32[2,3,4]\ninput b: float32[4,5]\ny = MatMul(a, b)\noutput y"));
  list.push_back(body("MatMul.fused",
                      "input a: float32[2,3]\nconst b: float32[3,2] = {1, 2, 3, 4, 5, 6}\nconst c: float32[2] = {-1, "
                      "1}\nm = MatMul(a, b)\n"
                      "s = Add(m, c)\ny = Relu(s)\noutput y",
                      1e-6, {21, 29, 0, 0}, {{1, 2, 3, -1, -1, -1}}));
  list.push_back(
      body("MatMul.batch", "input a: float32[2,1,3,4]\ninput b: float32[3,4,2]\ny = MatMul(a, b)\noutput y"));
  list.push_back(body("MatMulInteger",
                      "input a: uint8[2,2]\nconst b: uint8[2,2] = {1, 2, 3, 4}\nconst z: uint8[] = {1}\ny = "
                      "MatMulInteger(a, b, z)\noutput y",
                      0, {3, 4, 11, 16}, {{1, 2, 3, 4}}));
  const std::string pool = "input x: float32[2,3,7,7]\n";
  list.push_back(body(
      "MaxPool", pool + "y = MaxPool(x) {kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]}\noutput y"));
  list.push_back(
      body("MaxPool.ceil", pool + "y = MaxPool(x) {kernel_shape = [2, 2], strides = [2, 2], ceil_mode = 1}\noutput y"));
  list.push_back(body("MaxPool.indices",
                      "input x: float32[1,1,2,2]\ny, i = MaxPool(x) {kernel_shape = [2, 2]}\noutput i\noutput y", 0,
                      {2}, {{1, 2, 4, 3}}));
  list.push_back(
      body("AveragePool", pool + "y = AveragePool(x) {kernel_shape = [3, 3], pads = [1, 1, 1, 1]}\noutput y"));
  list.push_back(body("AveragePool.ceil", pool + "y = AveragePool(x) {kernel_shape = [3, 3], strides = [2, 2], pads = "
                                                 "[0, 0, 1, 1], ceil_mode = 1, count_include_pad = 1}\noutput y"));
  list.push_back(body("GlobalAveragePool", "input x: float32[1,2,1,2]\ny = GlobalAveragePool(x)\noutput y", 1e-6,
                      {1.5, 3.5}, {{1, 2, 3, 4}}));
  list.push_back(body("GlobalMaxPool", pool + "y = GlobalMaxPool(x)\noutput y"));
}

void add_quantized(std::vector<Case>& list) {
  // The specification's example of QuantizeLinear.
  list.push_back(body(
      "QuantizeLinear",
      "input x: float32[6]\nconst s: float32[] = {2}\nconst z: uint8[] = {128}\ny = QuantizeLinear(x, s, z)\noutput y",
      0, {128, 129, 130, 255, 1, 0}, {{0, 2, 3, 1000, -254, -1000}}));
  list.push_back(body("QuantizeLinear.axis",
                      "input x: float32[1,2,2]\nconst s: float32[2] = {2, 4}\nconst z: int8[2] = {0, 1}\n"
                      "y = QuantizeLinear(x, s, z) {axis = 1}\noutput y",
                      0, {0, 2, 2, -1}, {{1, 3, 5, -8}}));
  list.push_back(body(
      "DequantizeLinear",
      "input x: uint8[4]\nconst s: float32[] = {2}\nconst z: uint8[] = {128}\ny = DequantizeLinear(x, s, z)\noutput y",
      0, {-256, -250, 0, 254}, {{0, 3, 128, 255}}));
  // y_scale = (3 + 2.5) / 255, y_zero_point = round(2.5 / y_scale) = 116
  list.push_back(body("DynamicQuantizeLinear",
                      "input x: float32[3]\ny, s, z = DynamicQuantizeLinear(x)\noutput y\noutput s\noutput z", 1e-6,
                      {116, 255, 0}, {{0, 3, -2.5}}));
  const std::string input =
      "input x: float32[2,4,6,6]\nconst xs: float32[] = {0.02}\nconst xz: uint8[] = {120}\nxq = QuantizeLinear(x, xs, "
      "xz)\nxd = DequantizeLinear(xq, xs, xz)\n";
  const std::string weights =
      "const wq: int8[4,4,1,1] = {10, -20, 30, 40, -50, 60, 70, -80, 90, 100, -110, 120, 127, -127, 1, 0}\n"
      "const ws: float32[4] = {0.01, 0.02, 0.005, 0.01}\nw = DequantizeLinear(wq, ws) {axis = 0}\n"
      "const bq: int32[4] = {100, -200, 300, 0}\nconst bs: float32[4] = {0.0002, 0.0004, 0.0001, 0.0002}\nb = "
      "DequantizeLinear(bq, bs) {axis = 0}\n";
  const std::string output = "const ys: float32[] = {0.03}\nconst yz: uint8[] = {100}\n";
  const auto ends = [](const std::string& value) {
    return "yq = QuantizeLinear(" + value + ", ys, yz)\ny = DequantizeLinear(yq, ys, yz)\noutput y";
  };
  const double step = 0.0301;  // of the output's scale
  list.push_back(
      quantized("Quantized.Conv", input + weights + output + "c = Conv(xd, w, b)\nr = Relu(c)\n" + ends("r"), step));
  list.push_back(quantized("Quantized.Conv.residual",
                           input + weights + output + "c = Conv(xd, w, b)\ns = Add(c, xd)\nr = Relu(s)\n" + ends("r"),
                           step));
  list.push_back(
      quantized("Quantized.Conv.middle",
                input + weights + output +
                    "const us: float32[] = {0.025}\nconst uz: uint8[] = {128}\nc = Conv(xd, w, b)\n"
                    "uq = QuantizeLinear(c, us, uz)\nu = DequantizeLinear(uq, us, uz)\ns = Add(u, xd)\nr = Relu(s)\n" +
                    ends("r"),
                step));
  list.push_back(quantized("Quantized.Conv.float", input + weights + "y = Conv(xd, w, b)\noutput y", 5e-5));
  list.push_back(
      quantized("Quantized.Add", input + output + "m = Relu(xd)\ns = Add(xd, xd)\n" + ends("s") + "\noutput m", step));
  list.push_back(quantized("Quantized.Sigmoid", input + output + "s = Sigmoid(xd)\n" + ends("s"), step));
  list.push_back(quantized(
      "Quantized.Pools",
      input + output + "a = AveragePool(xd) {kernel_shape = [2, 2], strides = [2, 2]}\n" + ends("a") +
          "\nm = MaxPool(xd) {kernel_shape = [3, 3]}\nmq = QuantizeLinear(m, xs, xz)\nmd = DequantizeLinear(mq, xs, "
          "xz)\noutput md\n"
          "g = GlobalAveragePool(xd)\ngq = QuantizeLinear(g, xs, xz)\ngd = DequantizeLinear(gq, xs, xz)\noutput gd",
      step));
  list.push_back(quantized("Quantized.Concat",
                           input + output +
                               "t = Tanh(xd)\ntq = QuantizeLinear(t, ys, yz)\ntd = DequantizeLinear(tq, ys, yz)\n"
                               "c = Concat(xd, td) {axis = 1}\n" +
                               ends("c"),
                           step));
  list.push_back(quantized(
      "Quantized.Gemm",
      "input x: uint8[3,4]\nconst xs: float32[] = {0.02}\nconst xz: uint8[] = {120}\nxd = DequantizeLinear(x, xs, xz)\n"
      "const wq: int8[2,4] = {1, -2, 3, 4, -5, 6, 7, -128}\nconst ws: float32[2] = {0.1, 0.2}\nw = "
      "DequantizeLinear(wq, ws) {axis = 0}\n"
      "const b: float32[2] = {0.5, -1}\nf = Flatten(xd)\nc = Gemm(f, w, b) {transB = 1}\n" +
          output + ends("c"),
      step));
}

}  // namespace

const std::vector<Case>& cases() {
  static const std::vector<Case> list = [] {
    std::vector<Case> made;
    add_elementwise(made);
    add_shapes(made);
    add_norms(made);
    add_windows(made);
    add_quantized(made);
    add_recurrent(made);
    add_attention(made);
    add_normalize(made);
    add_gather(made);
    add_arithmetic(made);
    add_spatial(made);
    add_signal(made);
    add_random(made);
    add_training(made);
    add_control(made);
    add_sequence(made);
    add_strings(made);
    add_qlinear(made);
    add_blocks(made);
    add_microsoft(made);
    add_ml_trees(made);
    add_ml(made);
    made.push_back(body(
        "Opaque",
        "input x: float32[2,3]\nu = Relu(x)\nv = com.acme.Foo(u) {k = 1.5}\noutput u\noutput v\ndomain com.acme 1"));
    return made;
  }();
  return list;
}

}  // namespace pare::test
