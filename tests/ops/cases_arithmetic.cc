// Expected values by the formulas and examples of the ONNX specification.
#include "tests/ops/case_builders.h"

namespace pare::test {
namespace {

void add_pairs(std::vector<Case>& list) {
  const std::vector<std::vector<double>> mixed{{-4, 7, 5, 4, -7, 8}, {2, -3, 8, -2, 3, 5}};
  for (const char* type : {"int8", "int32", "int64"})
    list.push_back(body(std::string("Mod.") + type,
                        "input a: " + std::string(type) + "[6]\ninput b: " + type + "[6]\ny = Mod(a, b)\noutput y", 0,
                        {0, -2, 5, 0, 2, 3}, mixed));
  list.push_back(body("Mod.fmod", "input a: int64[6]\ninput b: int64[6]\ny = Mod(a, b) {fmod = 1}\noutput y", 0,
                      {0, 1, 5, 0, -1, 3}, mixed));
  list.push_back(body("Mod.fmod.float", "input a: float32[6]\ninput b: float32[6]\ny = Mod(a, b) {fmod = 1}\noutput y",
                      1e-6, {-0.1, 0.4, 5, 0.1, -0.4, 3},
                      {{-4.3, 7.2, 5, 4.3, -7.2, 8}, {2.1, -3.4, 8, -2.1, 3.4, 5}}));
  list.push_back(body("Mod.float", "input a: float32[6]\ninput b: float32[6]\ny = Mod(a, b)\noutput y", 1e-5,
                      {2, -3, 5, -2, 3, 3}, {{-4.3, 7.2, 5, 4.3, -7.2, 8}, {2.1, -3.4, 8, -2.1, 3.4, 5}}));
  list.push_back(body("Mod.infinite",
                      "const a: float32[5] = {3, 3, -3, -3, 0}\nconst b: float32[5] = {inf, -inf, inf, -inf, -inf}\n"
                      "const low: float32[] = {-9}\nconst high: float32[] = {9}\n"
                      "m = Mod(a, b)\ny = Clip(m, low, high)\noutput y",
                      0, {3, -9, 9, -3, 0}));
  list.push_back(body("Mod.broadcast", "input a: uint8[2,3]\nconst b: uint8[1] = {7}\ny = Mod(a, b)\noutput y", 0,
                      {0, 1, 2, 3, 4, 5}, {{0, 1, 2, 3, 11, 5}}));
  list.push_back(
      body("Mod.zero", "input a: int32[2]\nconst b: int32[] = {0}\ny = Mod(a, b)\noutput y", 0, {0, 0}, {{5, -5}}));
  list.push_back(body("Mod.float16", "input a: float16[N]\ninput b: float16[N]\ny = Mod(a, b) {fmod = 1}\noutput y", 0,
                      {-0.5, 1}, {{-4.5, 7}, {2, -3}}));
  list.push_back(body("BitShift",
                      "input a: uint8[3]\ninput b: uint8[3]\ny = BitShift(a, b) {direction = \"LEFT\"}\noutput y", 0,
                      {32, 16, 8}, {{16, 4, 1}, {1, 2, 3}}));
  list.push_back(body("BitShift.far",
                      "input a: uint16[3]\nconst b: uint16[3] = {15, 16, 200}\n"
                      "y = BitShift(a, b) {direction = \"RIGHT\"}\noutput y",
                      0, {1, 0, 0}, {{65535, 65535, 65535}}));
  list.push_back(body("BitShift.signed",
                      "input a: int8[5]\nconst b: int8[5] = {1, 7, 8, -1, -1}\n"
                      "y = BitShift(a, b) {direction = \"RIGHT\"}\noutput y",
                      0, {-2, -1, -1, -1, 0}, {{-4, -4, -4, -4, 4}}));
  list.push_back(body("BitShift.signed.left",
                      "input a: int32[3]\nconst b: int32[3] = {1, 31, 32}\n"
                      "y = BitShift(a, b) {direction = \"LEFT\"}\noutput y",
                      0, {-8, -2147483648.0, 0}, {{-4, 1, 1}}));
}

void add_single(std::vector<Case>& list) {
  const std::string five = "const x: float32[5] = {-inf, -1, nan, inf, 3}\n";
  list.push_back(body("IsInf", five + "y = IsInf(x)\noutput y", 0, {1, 0, 0, 1, 0}));
  list.push_back(body("IsInf.positive", five + "y = IsInf(x) {detect_negative = 0}\noutput y", 0, {0, 0, 0, 1, 0}));
  list.push_back(body("IsInf.negative", five + "y = IsInf(x) {detect_positive = 0}\noutput y", 0, {1, 0, 0, 0, 0}));
  list.push_back(body("IsInf.float16", "input x: float16[N,3]\ny = IsInf(x)\noutput y"));
  const std::vector<double> steps{-2, -1, 0, 1, 2};
  list.push_back(values("Shrink", steps, {-0.5, 0, 0, 0, 0.5}, " {lambd = 1.5, bias = 1.5}"));
  list.push_back(values("Shrink", steps, {-2, 0, 0, 0, 2}, " {lambd = 1.5}"));
  list.push_back(body("Shrink.uint8", "input x: uint8[3]\ny = Shrink(x) {bias = 3.0, lambd = 1.0}\noutput y", 0,
                      {0, 0, 7}, {{1, 2, 10}}));
  // x / (1 + exp(-alpha x))
  list.push_back(values("Swish", {-1, 0, 2}, {-0.2689414213699951, 0, 1.7615941559557649}));
  list.push_back(values("Swish", {-1, 0, 2}, {-0.3775406687981454, 0, 1.4621171572600098}, " {alpha = 0.5}"));
  list.push_back(unary("Swish", "float16"));
  list.push_back(
      body("SwiGLU", "input a: float32[N,2]\ninput b: float32[N,2]\ny = SwiGLU(a, b) {alpha = 0.5}\noutput y", 1e-6,
           {-0.7550813375962909, 0, 1.4621171572600098, -5.8484686290400391}, {{-1, 0, 2, 2}, {2, 5, 1, -4}}));
  list.push_back(body("CastLike", "input x: float32[3]\ninput t: int32[2]\ny = CastLike(x, t)\noutput y", 0, {-1, 0, 2},
                      {{-1.7, 0.3, 2.9}, {0, 0}}));
  list.push_back(body("CastLike.half", "input x: int32[N,3]\ninput t: float16[]\ny = CastLike(x, t)\noutput y"));
  // To powers of two: 3 lies halfway between 2 and 4.
  const std::string power = "input x: float32[4]\nconst t: float8e8m0[1] = {1}\n";
  const std::vector<std::vector<double>> threes{{3, 1, 2.9, 5}};
  list.push_back(
      body("CastLike.power.up", power + "z = CastLike(x, t)\ny = Cast(z) {to = 1}\noutput y", 0, {4, 1, 4, 8}, threes));
  list.push_back(body("CastLike.power.nearest",
                      power + "z = CastLike(x, t) {round_mode = \"nearest\"}\ny = Cast(z) {to = 1}\noutput y", 0,
                      {4, 1, 2, 4}, threes));
  // Beyond 448 without saturation
  list.push_back(body("CastLike.unsaturated",
                      "input x: float32[4]\nconst t: float8e4m3fn[1] = {1}\nz = CastLike(x, t) {saturate = 0}\n"
                      "f = Cast(z) {to = 1}\ny = IsNaN(f)\noutput y",
                      0, {0, 1, 1, 0}, {{464, 465, -1000, -17}}));
  // 1.0f is 0x3f800000
  list.push_back(body("BitCast", "input x: float32[3]\ny = BitCast(x) {to = 6}\noutput y", 0,
                      {1065353216, -1082130432, 0}, {{1, -1, 0}}));
  list.push_back(body("BitCast.unsigned", "input x: int8[N,2]\ny = BitCast(x) {to = 2}\noutput y", 0,
                      {255, 128, 0, 127}, {{-1, -128, 0, 127}}));
}

void add_running(std::vector<Case>& list) {
  const auto along = [&](const std::string& op, const std::string& attributes, std::vector<double> expected) {
    list.push_back(
        body(op + attributes,
             "input x: float32[2,3]\nconst a: int64[] = {1}\ny = " + op + "(x, a)" + attributes + "\noutput y", 1e-6,
             std::move(expected), {{1, 2, 3, 4, 5, 6}}));
  };
  along("CumSum", "", {1, 3, 6, 4, 9, 15});
  along("CumSum", " {exclusive = 1}", {0, 1, 3, 0, 4, 9});
  along("CumSum", " {reverse = 1}", {6, 5, 3, 15, 11, 6});
  along("CumSum", " {exclusive = 1, reverse = 1}", {5, 3, 0, 11, 6, 0});
  along("CumProd", "", {1, 2, 6, 4, 20, 120});
  along("CumProd", " {exclusive = 1}", {1, 1, 2, 1, 4, 20});
  along("CumProd", " {exclusive = 1, reverse = 1}", {6, 3, 1, 30, 6, 1});
  list.push_back(body("CumSum.first", "input x: int32[N,2]\nconst a: int32[1] = {-2}\ny = CumSum(x, a)\noutput y", 0,
                      {1, 2, 4, 6}, {{1, 2, 3, 4}}));
  list.push_back(body("CumSum.half", "input x: float16[4]\ninput a: int64[]\ny = CumSum(x, a)\noutput y", 0,
                      {0.5, 1.5, 3.5, 3}, {{0.5, 1, 2, -0.5}, {0}}));
  list.push_back(body("Hardmax", "input x: float32[3,4]\ny = Hardmax(x)\noutput y", 0,
                      {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, {{3, 0, 1, 2, 2, 5, 1, 0, 0, 1, 3, 3}}));
  list.push_back(body("Hardmax.axis", "input x: float16[2,N]\ny = Hardmax(x) {axis = 0}\noutput y", 0, {0, 1, 1, 0},
                      {{3, 4, 5, 4}}));
  list.push_back(
      body("Det", "input x: float32[2,2,2]\ny = Det(x)\noutput y", 1e-6, {-2, -3}, {{1, 2, 3, 4, 1, 2, 2, 1}}));
  list.push_back(
      body("Det.pivot", "input x: float32[3,3]\ny = Det(x)\noutput y", 1e-6, {-6}, {{0, 2, 0, 1, 0, 0, 0, 0, 3}}));
}

// Sums worked out by hand for x = 1 2 3 ... in row-major order.
void add_einsums(std::vector<Case>& list) {
  const auto one = [&](const std::string& equation, const std::string& type, std::vector<double> expected,
                       std::vector<double> x) {
    list.push_back(body("Einsum." + equation,
                        "input x: " + type + "\ny = Einsum(x) {equation = \"" + equation + "\"}\noutput y", 1e-6,
                        std::move(expected), {std::move(x)}));
  };
  const std::vector<double> six{1, 2, 3, 4, 5, 6}, nine{1, 2, 3, 4, 5, 6, 7, 8, 9}, eight{1, 2, 3, 4, 5, 6, 7, 8};
  one("ij->ji", "float32[2,3]", {1, 4, 2, 5, 3, 6}, six);
  one("ba", "float32[2,3]", {1, 4, 2, 5, 3, 6}, six);
  one("ij->i", "float32[N,3]", {6, 15}, six);
  one("ij->", "float32[2,3]", {21}, six);
  one("ii", "int32[3,3]", {15}, nine);
  one(" i i -> i ", "float32[3,3]", {1, 5, 9}, nine);
  one("...ii->...i", "float32[N,2,2]", {1, 4, 5, 8}, eight);
  one("i...->...", "float32[2,3]", {5, 7, 9}, six);
  one("...i->", "float32[2,3]", {21}, six);
  const auto two = [&](const std::string& equation, const std::string& a, const std::string& b,
                       std::vector<double> expected, std::vector<double> x, std::vector<double> y) {
    list.push_back(
        body("Einsum." + equation,
             "input a: " + a + "\ninput b: " + b + "\ny = Einsum(a, b) {equation = \"" + equation + "\"}\noutput y",
             1e-6, std::move(expected), {std::move(x), std::move(y)}));
  };
  two("i,i", "float32[3]", "float32[3]", {32}, {1, 2, 3}, {4, 5, 6});
  two("i,j->ij", "uint8[2]", "uint8[2]", {32, 80, 244, 2}, {80, 2}, {250, 1});
  two("ij,jk->ik", "float32[2,3]", "float32[3,2]", {22, 28, 49, 64}, six, six);
  two("ij,jk", "float16[2,2]", "float16[2,2]", {7, 10, 15, 22}, {1, 2, 3, 4}, {1, 2, 3, 4});
  two("bij,bjk->bik", "float32[N,1,2]", "float32[N,2,1]", {5, 25}, {1, 2, 3, 4}, {1, 2, 3, 4});
  two("...ij,...jk->...ik", "float32[2,1,2]", "float32[2,1]", {5, 11}, {1, 2, 3, 4}, {1, 2});
  two("Ab,cA->bc", "int64[2,2]", "int64[1,2]", {7, 10}, {1, 2, 3, 4}, {1, 2});
  list.push_back(body("Einsum.three",
                      "input a: float32[2,3]\ninput b: float32[3,2]\ninput c: float32[2]\n"
                      "y = Einsum(a, b, c) {equation = \"ij,jk,k->i\"}\noutput y",
                      1e-6, {78, 177}, {six, six, {1, 2}}));
}

}  // namespace

void add_arithmetic(std::vector<Case>& list) {
  const std::string batch =
      "input x: float32[2,2,1]\nconst s: float32[2] = {1, 2}\nconst b: float32[2] = {0, 5}\nconst m: float32[2] = {0, "
      "4}\n"
      "const v: float32[2] = {1, 20}\n"
      "y, n, w = BatchNormalization(x, s, b, m, v) {epsilon = 0.0, momentum = 0.75, training_mode = 1}\n";
  const std::vector<std::vector<double>> four{{1, 10, 3, 30}};  // by channel: mean 2 and 20, variance 1 and 100
  list.push_back(
      body("BatchNormalization.training", batch + "output y\noutput n\noutput w", 1e-6, {-1, 3, 1, 7}, four));
  list.push_back(body("BatchNormalization.training.mean", batch + "output n", 1e-6, {0.5, 8}, four));
  list.push_back(body("BatchNormalization.training.variance", batch + "output w", 1e-6, {1, 40}, four));
  add_pairs(list);
  add_single(list);
  add_running(list);
  add_einsums(list);
}

}  // namespace pare::test
