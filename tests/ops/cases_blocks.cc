#include "tests/ops/case_builders.h"

// Expected values: ONNX Runtime 1.32.
namespace pare::test {
namespace {

// {(step * i + first) % 256 for i below count}
std::string bytes(int count, int step, int first) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += (i ? ", " : "") + std::to_string((step * i + first) % 256);
  return text + "}";
}

void add_nbits(std::vector<Case>& list) {
  std::vector<double> row(20);
  for (int k = 0; k < 20; ++k) row[k] = (k * 7 % 11 - 5) / 4.0;
  const auto product = [&](const std::string& name, int bits, const std::string& more, const std::string& operands,
                           std::vector<double> expected) {
    const int blob = 16 * bits / 8;
    list.push_back(body("MatMulNBits." + name,
                        "input a: float32[1,20]\nconst b: uint8[2,2," + std::to_string(blob) + "] = " +
                            bytes(4 * blob, 37, 11) + "\nconst s: float32[2,2] = {0.0625, 0.125, 0.1875, 0.25}\n" +
                            more + "y = com.microsoft.MatMulNBits(a, b, s" + operands +
                            ") {K = 20, N = 2, bits = " + std::to_string(bits) + ", block_size = 16}\noutput y",
                        1e-6, std::move(expected), {row}));
  };
  const std::string bias = "const c: float32[2] = {0.5, -1}\n";
  const auto zeros = [&](int per_row) {
    return bias + "const z: uint8[2," + std::to_string(per_row) + "] = " + bytes(2 * per_row, 53, 77) + "\n";
  };
  product("two", 2, "", "", {0.15625, -1.25});
  product("two.zero_points", 2, zeros(1), ", z, _, c", {0.765625, -2.625});
  product("four", 4, "", "", {-0.640625, 3.34375});
  product("four.zero_points", 4, zeros(1), ", z, _, c", {-0.59375, 2.625});
  product("four.g_idx", 4, "const g: int32[20] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}\n",
          ", _, g", {-1.953125, 3.859375});
  product("eight", 8, "", "", {-5.0625, -43.90625});
  product("eight.zero_points", 8, zeros(2), ", z, _, c", {-3.578125, -27.234375});
  list.push_back(
      body("MatMulNBits.half",
           "input a: float16[2,3,20]\nconst b: uint8[2,2,8] = " + bytes(32, 37, 11) +
               "\nconst s: float16[4] = {0.0625, 0.125, 0.1875, 0.25}\nconst z: float16[2,2] = {7.5, 8, 3, 4}\n"
               "y = com.microsoft.MatMulNBits(a, b, s, z) {K = 20, N = 2, bits = 4, block_size = 16}\noutput y",
           2e-3));
}

void add_gathers(std::vector<Case>& list) {
  const std::string scales = "const s: float32[3,2] = {0.125, 0.25, 0.375, 0.5, 0.625, 0.75}\n";
  // Every fifth element of the rows.
  const auto gather = [&](int bits, const std::string& more, const std::string& rows, const std::string& operands,
                          std::vector<double> expected) {
    const int width = 32 * bits / 8;
    list.push_back(body("GatherBlockQuantized." + std::to_string(bits) + (operands.empty() ? "" : ".zero_points"),
                        "const d: uint8[3," + std::to_string(width) + "] = " + bytes(3 * width, 37, 11) + "\n" +
                            scales + more + "const i: int64[" + rows +
                            "\ng = com.microsoft.GatherBlockQuantized(d, i, s" + operands +
                            ") {bits = " + std::to_string(bits) +
                            ", block_size = 16}\nconst b: int64[1] = {0}\n"
                            "const e: int64[1] = {32}\nconst x: int64[1] = {1}\nconst t: int64[1] = {5}\n"
                            "y = Slice(g, b, e, x, t)\noutput y",
                        1e-6, std::move(expected)));
  };
  const auto zeros = [](int per_row) {
    return "const z: uint8[3," + std::to_string(per_row) + "] = " + bytes(3 * per_row, 53, 77) + "\n";
  };
  const std::string one = "1] = {1}", two = "2] = {2, 0}";
  gather(2, zeros(1), two, ", z", {0, -1.875, -0.625, 0, -0.75, 0.75, 0, 0.25, -0.125, 0, 0, -0.75, -0.25, -0.75});
  gather(2, "", one, "", {0.375, 0, 0.375, 0, -1, -1, 0.5});
  gather(4, zeros(1), two, ", z", {2.5, 5, -1.875, 1.875, 1.5, -3.75, -3.75, -0.25, -1, -1.125, -1.625, 2.25, 2, 0.5});
  gather(4, "", one, "", {1.125, 0.75, -1.5, -1.125, 2.5, -3.5, -1});
  gather(8, zeros(2), two, ", z",
         {26.25, -18.125, 97.5, 53.125, -29.25, 109.5, 56.25, -8.25, 14.875, 6, -2.875, 27.25, 9.5, -8.25});
  gather(8, "", one, "", {16.125, -10.5, -37.125, 32.25, 7.5, -28, -63.5});
  // By hand: (level - zero) * scale, blocks of 16 along axis 0 of columns 1 and 0, both one block.
  list.push_back(
      body("GatherBlockQuantized.int4",
           "const d: int4[3,2] = {-8, 7, 3, -1, 0, 5}\nconst i: int32[2] = {1, -2}\n"
           "const s: float32[1,2] = {0.5, 2}\nconst z: int4[1,2] = {1, -2}\n"
           "y = com.microsoft.GatherBlockQuantized(d, i, s, z) {block_size = 16, gather_axis = 1, quantize_axis = "
           "0}\noutput y",
           0, {18, -4.5, 2, 1, 14, -0.5}));
}

void add_lstm(std::vector<Case>& list) {
  const std::string forward =
      "input x: float32[3,1,2]\nconst w: uint8[1,2,8] = " + bytes(16, 37, 11) +
      "\nconst r: uint8[1,2,8] = " + bytes(16, 53, 7) +
      "\nconst b: float32[1,16] = {-0.25, -0.125, 0, 0.125, 0.25, -0.25, -0.125, 0, 0.125, 0.25, -0.25, -0.125, 0, "
      "0.125, "
      "0.25, -0.25}\nconst ws: float32[1] = {0.01}\nconst wz: uint8[1] = {128}\nconst rs: float32[1] = {0.02}\n"
      "const rz: uint8[1] = {120}\n";
  const std::vector<std::vector<double>> steps{{0.5, -1, 1.5, 2, -0.3, 0.7}};
  const std::string call =
      "com.microsoft.DynamicQuantizeLSTM(x, w, r, b, _, _, _, _, ws, wz, rs, rz) {hidden_size = 2}\noutput ";
  list.push_back(body("DynamicQuantizeLSTM", forward + "y, h, c = " + call + "y\noutput h\noutput c", 1e-5,
                      {0.177701652, -0.0159082245, 0.114294805, -0.0967485607, 0.00636561448, -0.107018404}, steps));
  list.push_back(
      body("DynamicQuantizeLSTM.cell", forward + "_, _, c = " + call + "c", 1e-5, {0.0125518143, -0.177737638}, steps));
}

}  // namespace

void add_blocks(std::vector<Case>& list) {
  add_nbits(list);
  add_gathers(list);
  add_lstm(list);
  const std::string weights =
      "const b: int8[3,2] = {1, -2, 3, 4, -5, 6}\nconst s: float32[2] = {0.1, 0.2}\nconst c: float32[2] = {0.5, -1}\n";
  list.push_back(body("DynamicQuantizeMatMul",
                      "input a: float32[2,3]\n" + weights +
                          "const z: int8[2] = {1, 1}\ny = com.microsoft.DynamicQuantizeMatMul(a, b, s, z, c)\noutput y",
                      1e-6, {-0.0764705539, -2.79858828, -0.843999982, 0.722823501}, {{1.5, -2, 0.3, 0.7, -0.1, 2.2}}));
  list.push_back(body("MatMulIntegerToFloat",
                      "input a: uint8[2,3]\n" + weights +
                          "const as: float32[] = {0.02}\nconst az: uint8[] = {7}\nconst z: int8[2] = {0, 0}\n"
                          "y = com.microsoft.MatMulIntegerToFloat(a, b, as, s, az, z, c)\noutput y",
                      1e-6, {-0.664000034, 2.20800018, 0.375999987, -1.44799995}, {{1, 20, 130, 240, 7, 66}}));
}

}  // namespace pare::test
