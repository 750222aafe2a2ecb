#include "tests/ops/case_builders.h"

// Expected values: ONNX Runtime 1.32, of QLinearMatMul.specification the ONNX specification.
namespace pare::test {
namespace {

// Scale and zero point as constants `name`_s and `name`_z.
std::string scale(const std::string& name, const std::string& value, const std::string& zero,
                  const std::string& type = "uint8") {
  return "const " + name + "_s: float32[] = {" + value + "}\nconst " + name + "_z: " + type + "[] = {" + zero + "}\n";
}

Case exact(const std::string& name, const std::string& text, std::vector<double> expected,
           std::vector<std::vector<double>> inputs) {
  return body(name, text + "\noutput y", 0, std::move(expected), std::move(inputs));
}

void add_products(std::vector<Case>& list) {
  list.push_back(
      exact("QLinearConv",
            "input x: uint8[1,1,3,3]\nconst w: int8[1,1,2,2] = {0, 10, -5, 7}\nconst ws: float32[1] = {0.01}\n"
            "const wz: int8[1] = {0}\nconst b: int32[1] = {50}\n" +
                scale("x", "0.02", "120") + scale("y", "0.03", "100") +
                "y = QLinearConv(x, x_s, x_z, w, ws, wz, y_s, y_z, b) {pads = [1, 0, 0, 0]}",
            {98, 100, 111, 103, 103, 108}, {{255, 174, 162, 25, 203, 168, 58, 7, 130}}));
  list.push_back(exact("QLinearConv.groups",
                       "input x: uint8[1,2,2,2]\nconst w: int8[4,1,1,1] = {10, -20, 30, 40}\n"
                       "const ws: float32[4] = {0.01, 0.02, 0.005, 0.01}\nconst wz: int8[4] = {0, 0, 0, 0}\n" +
                           scale("x", "0.02", "120") + scale("y", "0.03", "100") +
                           "y = QLinearConv(x, x_s, x_z, w, ws, wz, y_s, y_z) {group = 2}",
                       {92, 93, 101, 108, 132, 127, 97, 68, 89, 95, 97, 108, 70, 86, 92, 121},
                       {{1, 20, 130, 240, 7, 66, 90, 200}}));
  const std::vector<double> a{208, 236, 0, 238, 3, 214, 255, 29};
  const std::vector<double> b{152, 51, 244, 60, 26, 255, 0, 127, 246, 127, 254, 247};
  list.push_back(exact("QLinearMatMul.specification",
                       "input a: uint8[2,4]\ninput b: uint8[4,3]\n" + scale("a", "0.0066", "113") +
                           scale("b", "0.00705", "114") + scale("y", "0.0107", "118") +
                           "y = QLinearMatMul(a, a_s, a_z, b, b_s, b_z, y_s, y_z)",
                       {168, 115, 255, 1, 66, 151}, {a, b}));
  std::vector<double> centred;
  for (const double value : b) centred.push_back(value - 128);
  list.push_back(exact("QLinearMatMul.columns",
                       "input a: uint8[2,4]\ninput b: int8[4,3]\nconst bs: float32[3] = {0.01, 0.02, 0.03}\n"
                       "const bz: int8[3] = {0, 0, 0}\n" +
                           scale("a", "0.0066", "113") + scale("y", "0.0307", "118") +
                           "y = QLinearMatMul(a, a_s, a_z, b, bs, bz, y_s, y_z)",
                       {136, 101, 255, 59, 64, 162}, {a, centred}));
  // Rows of scales 1 and 2: (1 * 3 + 2 * 4) / 2 rounds to 6, (5 * 3 + 6 * 4) * 2 / 2 is 39; plus 1.
  list.push_back(
      exact("QLinearMatMul.rows",
            "input a: int8[2,2]\ninput b: int8[2,1]\nconst as: float32[2] = {1, 2}\nconst az: int8[2] = {0, 0}\n" +
                scale("b", "1", "0", "int8") + scale("y", "2", "1", "int8") +
                "y = QLinearMatMul(a, as, az, b, b_s, b_z, y_s, y_z)",
            {7, 40}, {{1, 2, 5, 6}, {3, 4}}));
  list.push_back(body("QLinearMatMul.batches",
                      "input a: int8[2,1,3,4]\ninput b: uint8[5,4,2]\n" + scale("a", "0.05", "3", "int8") +
                          scale("b", "0.02", "100") + scale("y", "0.5", "9") +
                          "y = QLinearMatMul(a, a_s, a_z, b, b_s, b_z, y_s, y_z)\noutput y",
                      0));
  // 8-bit floats round to their own values: 1.5 * 2 / 0.5 = 6.
  list.push_back(exact("QLinearMatMul.float8",
                       "input a: float8e4m3fn[1,1]\ninput b: float8e4m3fn[1,1]\nconst as: float16[] = {1}\n"
                       "const bs: float16[] = {1}\nconst ys: float16[] = {0.5}\nconst z: float8e4m3fn[] = {0}\n"
                       "y = QLinearMatMul(a, as, z, b, bs, z, ys, z)",
                       {6}, {{1.5}, {2}}));
  const std::string gemm =
      "input a: uint8[2,3]\nconst b: int8[2,3] = {1, -2, 3, 4, -5, 6}\nconst bs: float32[2] = {0.1, 0.2}\n"
      "const bz: int8[2] = {0, 0}\nconst c: int32[2] = {30, -40}\n" +
      scale("a", "0.02", "110") + scale("y", "0.1", "77") + "y = com.microsoft.QGemm(a, a_s, a_z, b, bs, bz, c";
  const std::vector<std::vector<double>> rows{{1, 20, 130, 240, 7, 66}};
  list.push_back(exact("QGemm", gemm + ", y_s, y_z) {alpha = 0.5, transB = 1}", {79, 79, 79, 92}, rows));
  list.push_back(body("QGemm.float", gemm + ") {transB = 1}\noutput y", 1e-6,
                      {0.322000027, 0.376000017, 0.468000025, 2.92400002}, rows));
  list.push_back(body("QGemm.transposed",
                      "input a: int8[4,3]\ninput b: int8[4,2]\n" + scale("a", "0.02", "3", "int8") +
                          scale("b", "0.05", "0", "int8") + scale("y", "0.1", "7", "int8") +
                          "y = com.microsoft.QGemm(a, a_s, a_z, b, b_s, b_z, _, y_s, y_z) {transA = 1}\noutput y",
                      0));
}

void add_pointwise(std::vector<Case>& list) {
  const std::string pair =
      "input a: uint8[2,3]\ninput b: uint8[3]\n" + scale("a", "0.1", "11") + scale("b", "0.3", "3");
  const std::vector<std::vector<double>> levels{{0, 50, 100, 150, 200, 255}, {10, 128, 250}};
  const auto binary_of = [&](const std::string& op, const std::string& out) {
    return pair + scale("y", out, "1") + "y = com.microsoft." + op + "(a, a_s, a_z, b, b_s, b_z, y_s, y_z)";
  };
  list.push_back(exact("QLinearAdd", binary_of("QLinearAdd", "0.2"), {6, 208, 255, 81, 255, 255}, levels));
  list.push_back(exact("QLinearMul", binary_of("QLinearMul", "9"), {1, 17, 74, 4, 80, 202}, levels));
  list.push_back(exact("QLinearAdd.int8",
                       "input a: int8[6]\ninput b: int8[6]\nconst s: float32[] = {0.5}\nconst t: float32[1] = {0.25}\n"
                       "y = com.microsoft.QLinearAdd(a, s, _, b, t, _, s)",
                       {-126, 14, 25, 50, 102, -59}, {{-128, -50, 0, 50, 127, 5}, {5, 127, 50, 0, -50, -128}}));
  const std::string one = "input x: int8[6]\n" + scale("x", "0.05", "-3", "int8");
  const std::vector<std::vector<double>> six{{-128, -50, 0, 50, 127, 5}};
  list.push_back(
      exact("QLinearSigmoid",
            one + scale("y", "0.00390625", "-128", "int8") + "y = com.microsoft.QLinearSigmoid(x, x_s, x_z, y_s, y_z)",
            {-128, -106, 10, 111, 127, 25}, six));
  list.push_back(exact(
      "QLinearLeakyRelu",
      one + scale("y", "0.06", "2", "int8") + "y = com.microsoft.QLinearLeakyRelu(x, x_s, x_z, y_s, y_z) {alpha = 0.1}",
      {-8, -2, 5, 46, 110, 9}, six));
  const std::vector<std::vector<double>> twelve{{0, 10, 100, 120, 3, 255, 128, 130, 90, 66, 7, 200}};
  const auto softmax = [&](const std::string& name, const std::string& out, const std::string& zero,
                           const std::string& attributes, std::vector<double> expected) {
    list.push_back(exact("QLinearSoftmax." + name,
                         "input x: uint8[2,3,2]\n" + scale("x", "0.05", "0") + scale("y", out, zero) +
                             "y = com.microsoft.QLinearSoftmax(x, x_s, x_z, y_s, y_z) {" + attributes + "}",
                         std::move(expected), twelve));
  };
  softmax("last", "0.00392", "0", "axis = -1, opset = 13", {96, 159, 69, 186, 0, 255, 121, 134, 196, 59, 0, 255});
  softmax("middle", "0.00390625", "0", "axis = 1, opset = 13", {2, 0, 252, 0, 2, 255, 222, 7, 33, 0, 1, 248});
  softmax("coerced", "0.00390625", "3", "axis = 1, opset = 12", {3, 3, 3, 3, 3, 255, 10, 10, 4, 3, 3, 244});
}

void add_pooled(std::vector<Case>& list) {
  const std::string scales = scale("x", "0.05", "20") + scale("y", "0.07", "30");
  const std::string nine = "input x: uint8[1,1,3,3]\n" + scales, last = "input x: uint8[1,2,3,2]\n" + scales;
  const std::vector<std::vector<double>> image{{0, 10, 100, 120, 3, 255, 128, 130, 90}};
  const std::vector<std::vector<double>> pixels{{0, 10, 100, 120, 3, 255, 128, 130, 90, 66, 7, 200}};
  const auto pool = [](const std::string& op, const std::string& attributes) {
    return "y = com.microsoft." + op + "(x, x_s, x_z, y_s, y_z)" + attributes;
  };
  const std::string window = " {kernel_shape = [2, 2], pads = [1, 1, 0, 0], strides = [2, 2]";
  list.push_back(
      exact("QLinearAveragePool", nine + pool("QLinearAveragePool", window + "}"), {16, 55, 104, 101}, image));
  list.push_back(exact("QLinearAveragePool.count_include_pad",
                       nine + pool("QLinearAveragePool", window + ", count_include_pad = 1}"), {26, 42, 67, 101},
                       image));
  list.push_back(exact("QLinearAveragePool.channels_last",
                       last + pool("QLinearAveragePool", " {channels_last = 1, kernel_shape = [2, 2]}"),
                       {72, 74, 51, 130}, pixels));
  list.push_back(exact("QLinearGlobalAveragePool", nine + pool("QLinearGlobalAveragePool", ""), {82}, image));
  list.push_back(exact("QLinearGlobalAveragePool.channels_last",
                       last + pool("QLinearGlobalAveragePool", " {channels_last = 1}"), {55, 109}, pixels));
  list.push_back(exact("QLinearConcat",
                       "input b: uint8[1,3]\ninput a: uint8[2,3]\n" + scale("b", "0.1", "11") +
                           scale("y", "0.07", "30") +
                           "y = com.microsoft.QLinearConcat(y_s, y_z, b, b_s, b_z, a, y_s, y_z) {axis = 0}",
                       {29, 197, 255, 0, 50, 100, 150, 200, 255}, {{10, 128, 250}, {0, 50, 100, 150, 200, 255}}));
}

// Element types below 8 bits and floats of 8. Expected values by hand, from the formulas of the specification.
void add_narrow(std::vector<Case>& list) {
  list.push_back(exact("QuantizeLinear.blocks.int4",
                       "input x: float32[4,2]\nconst s: float32[2,2] = {1, 2, 4, 8}\n"
                       "y = QuantizeLinear(x, s) {axis = 0, block_size = 2, output_dtype = int4}",
                       {7, -2, 2, 7, -8, 2, 2, 0}, {{7.6, -3, 2.5, 30, -40, 12, 6, -4}}));
  list.push_back(
      exact("QuantizeLinear.uint2",
            "input x: float32[4]\nconst s: float32[] = {1}\nconst z: uint2[] = {1}\ny = QuantizeLinear(x, s, z)",
            {0, 0, 1, 3}, {{-3, -1.4, 0.5, 2}}));
  // Halfway between 2 and 3: the even mantissa; beyond 6: 6.
  list.push_back(
      exact("QuantizeLinear.float4e2m1",
            "input x: float32[4]\nconst s: float32[] = {2}\ny = QuantizeLinear(x, s) {output_dtype = float4e2m1}",
            {0.5, 2, -6, 0.5}, {{1, 5, -100, 0.9}}));
  // In float16 2049 is 2048.
  list.push_back(
      exact("QuantizeLinear.precision",
            "input x: float32[2]\nconst s: float32[] = {1}\nconst z: int16[] = {0}\ny = QuantizeLinear(x, s, z) "
            "{precision = 10}",
            {2048, -40}, {{2049, -40}}));
  list.push_back(
      body("QuantizeLinear.float8.not_saturated",
           "input x: float32[3]\nconst s: float32[] = {0.5}\nconst z: float8e5m2[] = {0}\nq = QuantizeLinear(x, s, "
           "z) {saturate = 0}\nr = Cast(q) {to = float32}\na = Abs(r)\nconst l: float32[] = {1e30}\nk = Greater(a, "
           "l)\ny = Cast(k) {to = int32}\noutput y",
           0, {1, 0, 1}, {{40000, 20000, -1e9}}));
  list.push_back(
      exact("DequantizeLinear.blocks.uint2",
            "input x: uint2[2,3]\nconst s: float32[2,2] = {0.5, 2, 4, -1}\nconst z: uint2[2,2] = {1, 0, 3, 2}\n"
            "y = DequantizeLinear(x, s, z) {axis = -1, block_size = 2}",
            {-0.5, 1, 4, -12, -8, 1}, {{0, 3, 2, 0, 1, 1}}));
  list.push_back(
      exact("DequantizeLinear.powers",
            "input x: float8e4m3fn[2,2]\nconst s: float8e8m0[2,1] = {0.25, 8}\ny = DequantizeLinear(x, s) {axis = "
            "1, block_size = 2, output_dtype = float32}",
            {0.375, -112, 12, 0}, {{1.5, -448, 1.5, 0}}));
  list.push_back(
      exact("QuantizeLinear.float6e2m3",
            "input x: float32[4]\nconst s: float32[] = {1}\ny = QuantizeLinear(x, s) {output_dtype = float6e2m3}",
            {1, 7.5, -7.5, 0}, {{1.06, 7.4, -100, 0.05}}));
  list.push_back(
      exact("Cast.nearest_power",
            "input x: float32[4]\nc = Cast(x) {round_mode = \"nearest\", to = float8e8m0}\ny = Cast(c) {to = float32}",
            {4, 4, 0.25, 1}, {{3, 3.5, 0.3, 1.4}}));
  list.push_back(exact("Cast.int4", "input x: float32[3]\ny = Cast(x) {to = int4}", {7, -7, 3}, {{-9, 9.7, 3.9}}));
}

}  // namespace

void add_qlinear(std::vector<Case>& list) {
  add_products(list);
  add_pointwise(list);
  add_pooled(list);
  add_narrow(list);
}

}  // namespace pare::test
