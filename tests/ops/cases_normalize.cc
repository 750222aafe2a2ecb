#include "tests/ops/case_builders.h"

namespace pare::test {

// Expected: ONNX Runtime 1.32.
void add_normalize(std::vector<Case>& list) {
  list.push_back(body("GroupNormalization",
                      "input x: float32[2,4,3]\ninput s: float32[4]\ninput b: float32[4]\ny = GroupNormalization(x, s, "
                      "b) {num_groups = 2}\noutput y",
                      2e-6,
                      {1.019677,  -0.8652766, -2.75023,  0.4436015, 0.3469373,  0.250273,  0.6911077, 2.380208,
                       4.069307,  -0.1463147, -1.545855, 0.874971,  -0.6332242, -2.794509, 0.9439296, 0.3550074,
                       0.2441723, 0.4358871,  2.25349,   4.053386,  0.940052,   -1.465671, 1.113948,  -0.3773944}));
  list.push_back(body("GroupNormalization.epsilon",
                      "input x: float32[1,4,2,2]\ninput s: float32[4]\ninput b: float32[4]\ny = GroupNormalization(x, "
                      "s, b) {num_groups = 4, epsilon = 0.1}\noutput y",
                      2e-6,
                      {0.4674522, -1.474225, -3.415902, -0.05732536, 0.3765098, 0.2543375, 0.4656625, 0.3434902,
                       3.628345, 1.112871, 2.56713, 0.0516547, -0.4806084, -2.252106, 0.8121061, -0.9593916}));
  list.push_back(body("RMSNormalization",
                      "input x: float32[2,3,4]\ninput s: float32[4]\ny = RMSNormalization(x, s)\noutput y", 2e-6,
                      {2.241179,  0.02988239, 0.965431,  1.333214,  0.2035733, -0.1183161,  -1.82694,  -0.3532084,
                       -1.97448,  0.04602518, 0.6846246, 1.568308,  0.665485,  -0.09214408, -2.209751, -0,
                       -1.738936, 0.06507453, 0.4217793, -1.642529, 1.025701,  -0.06188241, -2.382473, 0.3140532}));
  list.push_back(body(
      "RMSNormalization.axis",
      "input x: float32[2,3,4]\ninput s: float32[3,1]\ny = RMSNormalization(x, s) {axis = 1, epsilon = 0.01}\noutput y",
      2e-6, {2.480256,  0.6448664,  -1.190523,   1.984205,   0.007631556, -0.08649097, 0.07631556, -0.01780696,
             1.958766,  -0.8903482, 0.7567959,   -2.092318,  0.5587487,   -1.508622,   2.06737,    -0,
             -0.106019, 0.0773652,  -0.02865378, -0.1346728, -0.85245,    1.002882,    -2.206341,  -0.3510088}));
  list.push_back(body("LpNormalization", "input x: float32[2,3,2]\ny = LpNormalization(x)\noutput y", 2e-6,
                      {-0.9678225, -0.2516338, 0.5144957, -0.8574929, -0.08789381, 0.9961299, -0.9738412, 0.2272296,
                       0.9103665, -0.413803, 0.3401361, -0.9403762}));
  list.push_back(body("LpNormalization.one",
                      "input x: float32[2,3,2]\ny = LpNormalization(x) {axis = 1, p = 1}\noutput y", 2e-6,
                      {-0.6493506, -0.1494253, 0.3116883, -0.4597701, -0.03896104, 0.3908046, -0.3296703, 0.09459459,
                       0.4835165, -0.2702703, 0.1868132, -0.6351351}));
  list.push_back(
      body("MeanVarianceNormalization", "input x: float32[2,3,2,2]\ny = MeanVarianceNormalization(x)\noutput y", 2e-6,
           {-1.395209, -0.02317621, 1.348857,   -1.024389, -0.4588894, 0.9131435, -1.460103,  -0.08806968,
            1.698344,  -0.4434099,  0.7947913,  -1.346962, 0.08806968, 1.460103,  -0.9131435, 0.4588894,
            1.024389,  -1.348857,   0.02317624, 1.395209,  -0.3430152, 0.895186,  -1.246567,  -0.008366216}));
  list.push_back(body("MeanVarianceNormalization.axes",
                      "input x: float32[2,3,2]\ny = MeanVarianceNormalization(x) {axes = [0, 2]}\noutput y", 2e-6,
                      {-1.355224, 0.4041895, 0.6562049, -1.252755, -0.1074013, 1.115322, -0.4041895, 1.355224, 1.252755,
                       -0.6562049, 0.55353, -1.56145}));
  // A line of zeros stays zero.
  list.push_back(body("LpNormalization.zero", "input x: float32[2,2]\ny = LpNormalization(x)\noutput y", 1e-6,
                      {0, 0, 0.6, 0.8}, {{0, 0, 3, 4}}));
  for (const std::string type : {"float16", "float64"}) {
    const std::string x = "input x: " + type + "[2,4,6]\ninput s: " + type;
    const double tolerance = type == "float16" ? 2e-3 : 1e-12;
    list.push_back(body("GroupNormalization." + type,
                        x + "[4]\ny = GroupNormalization(x, s, s) {num_groups = 2}\noutput y", tolerance));
    list.push_back(body("RMSNormalization." + type, x + "[6]\ny = RMSNormalization(x, s)\noutput y", tolerance));
    list.push_back(
        body("LpNormalization." + type, x + "[6]\nz = LpNormalization(x)\ny = Add(z, s)\noutput y", tolerance));
    list.push_back(body("MeanVarianceNormalization." + type,
                        x + "[6]\nz = MeanVarianceNormalization(x) {axes = [0, -1]}\ny = Add(z, s)\noutput y",
                        tolerance));
  }
}

}  // namespace pare::test
