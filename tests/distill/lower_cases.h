// One graph or more for every operator that training knows, in the body of the text form. Operands are inputs, so that
// gradients can be checked against each of them; the result is `y`.
#pragma once

#include <string>
#include <vector>

namespace pare {

struct LowerCase {
  std::string name;
  std::string body;
  double low = -1.7, high = 1.7;  // range of the float inputs
  bool smooth = true;             // differentiable, and not within a step of finite differences of a kink
};

inline std::vector<LowerCase> unary_cases() {
  struct Domain {
    std::string name;
    double low, high;
    bool smooth = true;
  };
  const std::vector<Domain> domains{
      {"Abs", 0.2, 2}, {"Acos", -0.9, 0.9}, {"Acosh", 1.1, 3}, {"Asin", -0.9, 0.9}, {"Asinh", -2, 2}, {"Atan", -2, 2},
      {"Atanh", -0.9, 0.9}, {"Ceil", -3, 3, false}, {"Cos", -3, 3}, {"Cosh", -2, 2}, {"Erf", -2, 2}, {"Exp", -2, 2},
      {"Floor", -3, 3, false}, {"HardSwish", -2.5, 2.5}, {"Identity", -2, 2}, {"IsNaN", -2, 2, false}, {"Log", 0.2, 3},
      {"Mish", -2, 2}, {"Neg", -2, 2}, {"Reciprocal", 0.3, 2}, {"Relu", 0.1, 2}, {"Relu", -2, -0.1},
      {"Round", -3, 3, false}, {"Sigmoid", -3, 3}, {"Sign", -2, 2, false}, {"Sin", -3, 3}, {"Sinh", -2, 2},
      {"Softplus", -3, 3}, {"Softsign", -3, 3}, {"Sqrt", 0.2, 3}, {"Tan", -1, 1}, {"Tanh", -2, 2}};
  std::vector<LowerCase> cases;
  for (const Domain& d : domains) {
    cases.push_back({d.name, "input x: float32[3,5]\n y = " + d.name + "(x)", d.low, d.high, d.smooth});
  }
  cases.push_back({"Not", "input x: float32[3,5]\n const k: float32[] = {0.1}\n c = Less(x, k)\n y = Not(c)", -1, 1, false});
  cases.push_back({"BitwiseNot", "const x: int64[3] = {0, 5, -7}\n input u: float32[3]\n y = BitwiseNot(x)", -1, 1, false});
  return cases;
}

inline std::vector<LowerCase> binary_cases() {
  const std::string operands = "input a: float32[2,3,4]\n input b: float32[3,1]\n y = ";
  std::vector<LowerCase> cases;
  for (const std::string name : {"Add", "Sub", "Mul", "Div", "Pow"}) {
    cases.push_back({name, operands + name + "(a, b)", 0.3, 2});
  }
  cases.push_back({"PRelu", operands + "PRelu(a, b)", -2, -0.1});
  for (const std::string name : {"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"}) {
    cases.push_back({name, operands + name + "(a, b)", -1, 1, false});
  }
  for (const std::string name : {"And", "Or", "Xor"}) {
    cases.push_back({name,
                     "input a: float32[2,3]\n const k: float32[] = {0.1}\n c = Less(a, k)\n d = Greater(a, k)\n y = " + name +
                         "(c, d)",
                     -1, 1, false});
  }
  for (const std::string name : {"BitwiseAnd", "BitwiseOr", "BitwiseXor"}) {
    cases.push_back({name,
                     "input u: float32[3]\n const a: int64[3] = {12, 5, -7}\n const b: int64[3] = {10, 3, 6}\n y = " + name +
                         "(a, b)",
                     -1, 1, false});
  }
  cases.push_back({"Div of integers", "input u: float32[4]\n const a: int64[4] = {7, -7, 8, -1}\n const b: int64[] = {2}\n y = Div(a, b)",
                   -1, 1, false});
  for (const std::string name : {"Max", "Min", "Mean", "Sum"}) {
    cases.push_back({name, "input a: float32[2,3]\n input b: float32[3]\n input c: float32[2,1]\n y = " + name + "(a, b, c)"});
  }
  return cases;
}

inline std::vector<LowerCase> window_cases() {
  const std::string x = "input x: float32[2,4,6,5]\n ";
  return {
      {"Conv", x + "input w: float32[6,4,3,3]\n input b: float32[6]\n y = Conv(x, w, b) {pads = [1, 1, 1, 1]}"},
      {"Conv grouped, strided, dilated",
       x + "input w: float32[6,2,3,2]\n y = Conv(x, w) {group = 2, strides = [2, 1], dilations = [1, 2], pads = [1, 0, 1, 0]}"},
      {"Conv depthwise, unequal pads", x + "input w: float32[4,1,3,3]\n y = Conv(x, w) {group = 4, strides = [2, 2], pads = [0, 0, 1, 1]}"},
      {"Conv same", x + "input w: float32[3,4,2,2]\n y = Conv(x, w) {auto_pad = \"SAME_LOWER\", strides = [2, 2]}"},
      {"Conv along one axis", "input x: float32[2,3,9]\n input w: float32[4,3,3]\n y = Conv(x, w) {strides = [2]}"},
      {"ConvTranspose", x + "input w: float32[4,3,3,3]\n input b: float32[3]\n y = ConvTranspose(x, w, b) {strides = [2, 2], pads = [1, 1, 0, 1], output_padding = [1, 0]}"},
      {"ConvTranspose grouped", x + "input w: float32[4,2,2,2]\n y = ConvTranspose(x, w) {group = 2, strides = [2, 2]}"},
      {"MaxPool", x + "y = MaxPool(x) {kernel_shape = [3, 2], strides = [2, 2], pads = [1, 0, 0, 1]}"},
      {"MaxPool up", x + "y = MaxPool(x) {kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1}"},
      {"AveragePool", x + "y = AveragePool(x) {kernel_shape = [2, 2], strides = [2, 2]}"},
      {"AveragePool without its padding", x + "y = AveragePool(x) {kernel_shape = [3, 3], pads = [0, 1, 1, 2]}"},
      {"AveragePool with its padding", x + "y = AveragePool(x) {kernel_shape = [3, 3], pads = [1, 1, 1, 1], count_include_pad = 1}"},
      {"GlobalAveragePool", x + "y = GlobalAveragePool(x)"},
      {"GlobalMaxPool", x + "y = GlobalMaxPool(x)"},
      {"Resize nearest", x + "const s: float32[4] = {1, 1, 2, 2}\n y = Resize(x, _, s) {coordinate_transformation_mode = \"asymmetric\", nearest_mode = \"floor\"}"},
      {"Resize linear", x + "const s: int64[4] = {2, 4, 9, 8}\n y = Resize(x, _, _, s) {mode = \"linear\"}"},
      {"Resize cubic", x + "const s: float32[4] = {1, 1, 1.5, 0.8}\n y = Resize(x, _, s) {mode = \"cubic\"}"},
      {"Resize to the corners", x + "const s: int64[4] = {2, 4, 4, 9}\n y = Resize(x, _, _, s) {mode = \"linear\", coordinate_transformation_mode = \"align_corners\"}"},
      {"DepthToSpace", x + "y = DepthToSpace(x) {blocksize = 2}"},
      {"DepthToSpace CRD", x + "y = DepthToSpace(x) {blocksize = 2, mode = \"CRD\"}"},
      {"SpaceToDepth", "input x: float32[1,2,4,6]\n y = SpaceToDepth(x) {blocksize = 2}"},
  };
}

inline std::vector<LowerCase> product_cases() {
  return {
      {"Gemm", "input a: float32[3,4]\n input b: float32[5,4]\n input c: float32[5]\n y = Gemm(a, b, c) {transB = 1, alpha = 0.5, beta = 2.0}"},
      {"Gemm transposed", "input a: float32[4,3]\n input b: float32[4,5]\n y = Gemm(a, b) {transA = 1}"},
      {"MatMul", "input a: float32[2,3,4]\n input b: float32[4,5]\n y = MatMul(a, b)"},
      {"BatchNormalization",
       "input x: float32[2,3,4]\n input s: float32[3]\n input b: float32[3]\n const m: float32[3] = {0.1, -0.5, 1}\n "
       "const v: float32[3] = {0.4, 1, 2}\n "
       "y = BatchNormalization(x, s, b, m, v) {epsilon = 0.01}", 0.3, 2},
      {"InstanceNormalization", "input x: float32[2,3,5]\n input s: float32[3]\n input b: float32[3]\n y = InstanceNormalization(x, s, b)"},
      {"LayerNormalization", "input x: float32[2,3,4]\n input s: float32[3,4]\n input b: float32[3,4]\n y = LayerNormalization(x, s, b) {axis = 1}"},
      {"LRN", "input x: float32[2,5,3]\n y = LRN(x) {size = 3, alpha = 0.3, beta = 0.6, bias = 1.5}"},
      {"Softmax", "input x: float32[2,3,4]\n y = Softmax(x) {axis = 1}"},
      {"LogSoftmax", "input x: float32[2,3,4]\n y = LogSoftmax(x)"},
  };
}

inline std::vector<LowerCase> reduce_cases() {
  std::vector<LowerCase> cases;
  for (const std::string name : {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
                                 "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"}) {
    const std::string x = "input x: float32[2,3,4]\n const a: int64[2] = {0, -1}\n y = " + name;
    cases.push_back({name, x + "(x, a)", 0.3, 2});
    cases.push_back({name + " of all, flat", x + "(x) {keepdims = 0}", 0.3, 2});
  }
  cases.push_back({"ArgMax", "input x: float32[2,5]\n y = ArgMax(x) {axis = 1}", -1, 1, false});
  cases.push_back({"ArgMin", "input x: float32[2,5]\n y = ArgMin(x) {axis = -1, keepdims = 0, select_last_index = 1}", -1, 1, false});
  return cases;
}

inline std::vector<LowerCase> activation_cases() {
  const std::string x = "input x: float32[3,5]\n y = ";
  return {
      {"Clip", "input x: float32[3,5]\n const l: float32[] = {-0.5}\n const h: float32[] = {0.75}\n y = Clip(x, l, h)"},
      {"Clip above", "input x: float32[3,5]\n const h: float32[] = {0.75}\n y = Clip(x, _, h)"},
      {"LeakyRelu", x + "LeakyRelu(x) {alpha = 0.2}"},
      {"Elu", x + "Elu(x) {alpha = 0.7}"},
      {"Celu", x + "Celu(x) {alpha = 0.7}"},
      {"ThresholdedRelu", x + "ThresholdedRelu(x) {alpha = 0.5}"},
      {"Selu", x + "Selu(x)"},
      {"HardSigmoid", x + "HardSigmoid(x) {alpha = 0.4, beta = 0.6}"},
      {"Gelu", x + "Gelu(x)"},
      {"Gelu by tanh", x + "Gelu(x) {approximate = \"tanh\"}"},
      {"Cast", x + "Cast(x) {to = 7}", -3, 3, false},
      {"Where", "input a: float32[2,3]\n input b: float32[3]\n const k: float32[] = {0.1}\n c = Less(a, k)\n y = Where(c, a, b)"},
      {"Dropout", x + "Dropout(x)"},
  };
}

inline std::vector<LowerCase> shape_cases() {
  const std::string x = "input x: float32[2,3,4]\n ";
  return {
      {"Reshape", x + "const s: int64[3] = {0, -1, 2}\n y = Reshape(x, s)"},
      {"Flatten", x + "y = Flatten(x) {axis = 2}"},
      {"Squeeze", "input x: float32[2,1,3,1]\n const a: int64[1] = {-1}\n y = Squeeze(x, a)"},
      {"Unsqueeze", x + "const a: int64[2] = {0, -1}\n y = Unsqueeze(x, a)"},
      {"Transpose", x + "y = Transpose(x) {perm = [2, 0, 1]}"},
      {"Transpose reversed", x + "y = Transpose(x)"},
      {"Concat", x + "input z: float32[2,2,4]\n y = Concat(x, z) {axis = 1}"},
      {"Split", x + "const p: int64[2] = {1, 3}\n y, z = Split(x, p) {axis = 2}"},
      {"Split unevenly", x + "y, z = Split(x) {axis = 1, num_outputs = 2}"},
      {"Slice", x + "const s: int64[2] = {0, 1}\n const e: int64[2] = {9, -1}\n const a: int64[2] = {1, 2}\n const t: int64[2] = {2, 1}\n y = Slice(x, s, e, a, t)"},
      {"Slice backwards", x + "const s: int64[1] = {-1}\n const e: int64[1] = {-9}\n const a: int64[1] = {2}\n const t: int64[1] = {-2}\n y = Slice(x, s, e, a, t)"},
      {"Pad", x + "const p: int64[6] = {0, 1, 0, 0, 2, 1}\n const v: float32[] = {0.5}\n y = Pad(x, p, v)"},
      {"Pad reflect", x + "const p: int64[6] = {0, 1, 2, 0, 2, 1}\n y = Pad(x, p) {mode = \"reflect\"}"},
      {"Pad edge", x + "const p: int64[2] = {2, 1}\n const a: int64[1] = {1}\n y = Pad(x, p, _, a) {mode = \"edge\"}"},
      {"Pad wrap", x + "const p: int64[6] = {0, 0, 2, 0, 0, 1}\n y = Pad(x, p) {mode = \"wrap\"}"},
      {"Gather", x + "const i: int64[2,2] = {0, -1, 1, 1}\n y = Gather(x, i) {axis = 1}"},
      {"Expand", "input x: float32[3,1]\n const s: int64[3] = {2, 1, 4}\n y = Expand(x, s)"},
      {"Tile", x + "const r: int64[3] = {1, 2, 1}\n y = Tile(x, r)"},
      {"Shape", x + "y = Shape(x) {start = 1}", -1, 1, false},
      {"Size", x + "y = Size(x)", -1, 1, false},
      {"ConstantOfShape", x + "s = Shape(x)\n y = ConstantOfShape(s) {value = float32[1]{1.5}}", -1, 1, false},
      {"Range", "input u: float32[1]\n const a: int64[] = {3}\n const b: int64[] = {11}\n const c: int64[] = {3}\n y = Range(a, b, c)", -1, 1, false},
  };
}

inline std::vector<LowerCase> quant_cases() {
  const std::string x = "input x: float32[2,3,4]\n ";
  return {
      {"QuantizeLinear", x + "const s: float32[] = {0.25}\n const z: uint8[] = {3}\n y = QuantizeLinear(x, s, z)", -2, 2, false},
      {"QuantizeLinear per channel", x + "const s: float32[3] = {0.5, 0.125, 0.01}\n const z: int8[3] = {0, 1, -5}\n y = QuantizeLinear(x, s, z)", -2, 2, false},
      {"QuantizeLinear to 4 bits", x + "const s: float32[] = {0.2}\n const z: uint4[] = {7}\n y = QuantizeLinear(x, s, z)", -2, 2, false},
      {"DequantizeLinear", x + "const s: float32[3] = {0.5, 0.125, 0.01}\n const z: int8[3] = {0, 1, -5}\n q = QuantizeLinear(x, s, z)\n y = DequantizeLinear(q, s, z)", -2, 2, false},
      {"DequantizeLinear by blocks", "input x: float32[4,3]\n const s: float32[2,3] = {0.5, 0.25, 0.1, 1, 2, 3}\n const z: int8[2,3] = {0, 1, 2, 3, 4, 5}\n q = QuantizeLinear(x, s, z) {axis = 0, block_size = 2}\n y = DequantizeLinear(q, s, z) {axis = 0, block_size = 2}", -2, 2, false},
  };
}

inline std::vector<LowerCase> sequence_cases() {
  const std::string qkv = "input q: float32[1,2,3,2]\n input k: float32[1,2,3,2]\n input v: float32[1,2,3,2]\n ";
  const std::string x = "input x: float32[2,4,3]\n input s: float32[4]\n input b: float32[4]\n ";
  return {
      {"LSTM", "input x: float32[3,2,2]\n input w: float32[1,12,2]\n input r: float32[1,12,3]\n y = LSTM(x, w, r) {hidden_size = 3}"},
      {"GRU", "input x: float32[3,2,2]\n input w: float32[1,9,2]\n input r: float32[1,9,3]\n y = GRU(x, w, r) {hidden_size = 3}"},
      {"RNN", "input x: float32[3,2,2]\n input w: float32[1,3,2]\n input r: float32[1,3,3]\n y = RNN(x, w, r) {hidden_size = 3}"},
      {"Attention", qkv + "y = Attention(q, k, v)"},
      {"FlexAttention", qkv + "y = ai.onnx.preview.FlexAttention(q, k, v)"},
      {"GroupNormalization", x + "y = GroupNormalization(x, s, b) {num_groups = 2}"},
      {"RMSNormalization", "input x: float32[2,3,4]\n input s: float32[4]\n y = RMSNormalization(x, s)"},
  };
}

inline std::vector<LowerCase> pick_cases() {
  const std::string x = "input x: float32[2,5]\n ";
  return {
      {"OneHot", "input u: float32[2]\n const i: int64[3] = {0, 2, 1}\n const d: int64[] = {3}\n y = OneHot(i, d, u)"},
      {"TopK", x + "const k: int64[1] = {2}\n y, at = TopK(x, k)"},
      {"NonZero", x + "n = NonZero(x)\n y = Cast(n) {to = float32}", 0.5, 2, false},
      {"IsInf", x + "i = IsInf(x)\n y = Cast(i) {to = float32}", -1, 1, false},
      {"CastLike", x + "const t: float32[1] = {0}\n y = CastLike(x, t)"},
  };
}

inline std::vector<LowerCase> all_lower_cases() {
  std::vector<LowerCase> all;
  for (const auto& part : {unary_cases(), binary_cases(), window_cases(), product_cases(), reduce_cases(),
                           activation_cases(), shape_cases(), quant_cases(), sequence_cases(), pick_cases()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace pare
