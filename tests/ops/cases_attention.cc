#include "tests/ops/case_builders.h"

namespace pare::test {

// Expected: onnx.reference of onnx 1.23.2.
void add_attention(std::vector<Case>& list) {
  list.push_back(body("Attention",
                      "input q: float32[1,2,3,4]\ninput k: float32[1,2,5,4]\ninput v: float32[1,2,5,2]\ny = "
                      "Attention(q, k, v)\noutput y",
                      2e-6,
                      {0.005007366, -0.9282827, 0.6767067, 0.1424866, -1.314875, 0.03986685, 0.6937437, -0.4378427,
                       -1.546527, -0.140652, 0.709111, -0.4697386}));
  list.push_back(body("Attention.groups",
                      "input q: float32[1,4,2,3]\ninput k: float32[1,2,3,3]\ninput v: float32[1,2,3,2]\ny = "
                      "Attention(q, k, v) {scale = 0.5}\noutput y",
                      2e-6,
                      {0.1577688, -0.1690017, 0.3194114, -0.2063903, 0.4889927, -0.2535809, 0.7067445, -1.667146,
                       -0.1474654, 0.1947113, -0.001819313, 0.02246138, 0.1662603, -0.1465531, -0.1935795, 0.2567537}));
  list.push_back(body("Attention.packed",
                      "input q: float32[2,3,4]\ninput k: float32[2,2,4]\ninput v: float32[2,2,2]\ny = Attention(q, k, "
                      "v) {q_num_heads = 2, kv_num_heads = 2}\noutput y",
                      2e-6,
                      {-1.019669, 0.3310855, 1.36248, -0.6127574, 1.194128, 0.3294839, -0.008704841, 0.8804297,
                       0.07971901, 0.770928, 0.1770198, 0.8941525}));
  list.push_back(body(
      "Attention.causal",
      "input q: float32[1,2,3,4]\ninput k: float32[1,2,5,4]\ninput v: float32[1,2,5,2]\ny = Attention(q, k, v) "
      "{is_causal = 1, softcap = 2.0}\noutput y",
      2e-6,
      {-1.12, 0.36, 1.572398, -0.6223615, 0.04916101, -0.7359729, 1.56, -1, 0.806672, 1.064677, 0.4146411, 0.0776389}));
  list.push_back(body("Attention.mask",
                      "input q: float32[1,2,3,4]\ninput k: float32[1,2,5,4]\ninput v: float32[1,2,5,2]\ninput m: "
                      "float32[3,5]\ny = Attention(q, k, v, m)\noutput y",
                      2e-6,
                      {-0.5681329, -0.3082273, 1.086179, -0.491354, -1.207488, 0.01199977, 1.190731, -1.08269,
                       -1.324419, 0.03825987, 0.938711, -0.517934}));
  list.push_back(body(
      "Attention.mask.bool",
      "input q: float32[1,2,3,4]\ninput k: float32[1,2,5,4]\ninput v: float32[1,2,5,2]\ninput m: bool[1,1,3,4]\ny = "
      "Attention(q, k, v, m) {is_causal = 1}\noutput y",
      2e-6, {-1.12, 0.36, 1.84, -0.72, 0, 0, 1.56, -1, 0.48, 1.96, 0, 0},
      {{-2,         -0.519999981, 0.959999979, -1.60000002, -0.119999997, 1.36000001,  -1.20000005, 0.280000001,
        1.75999999, -0.800000012, 0.680000007, -1.88,       -0.400000006, 1.08000004,  -1.48000002, 0,
        1.48000002, -1.08000004,  0.400000006, 1.88,        -0.680000007, 0.800000012, -1.75999999, -0.280000001},
       {-1.55999994, -0.0799999982, 1.39999998,  -1.15999997, 0.319999993,  1.79999995,  -0.75999999, 0.720000029,
        -1.84000003, -0.360000014,  1.12,        -1.44000006, 0.0399999991, 1.51999998,  -1.03999996, 0.439999998,
        1.91999996,  -0.639999986,  0.839999974, -1.72000003, -0.239999995, 1.24000001,  -1.32000005, 0.159999996,
        1.63999999,  -0.920000017,  0.560000002, -2,          -0.519999981, 0.959999979, -1.60000002, -0.119999997,
        1.36000001,  -1.20000005,   0.280000001, 1.75999999,  -0.800000012, 0.680000007, -1.88,       -0.400000006},
       {-1.12,        0.360000014, 1.84000003,   -0.720000029, 0.75999999, -1.79999995, -0.319999993,
        1.15999997,   -1.39999998, 0.0799999982, 1.55999994,   -1,         0.479999989, 1.96000004,
        -0.600000024, 0.879999995, -1.67999995,  -0.200000003, 1.27999997, -1.27999997},
       {1, 0, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1}}));
  list.push_back(body("Attention.past",
                      "input q: float32[1,1,2,4]\ninput k: float32[1,1,2,4]\ninput v: float32[1,1,2,2]\ninput pk: "
                      "float32[1,1,3,4]\ninput pv: float32[1,1,3,2]\ny, nk, nv = Attention(q, k, v, _, pk, pv) "
                      "{is_causal = 1}\noutput y\noutput nk\noutput nv",
                      2e-6, {-0.3499986, 0.03410895, 0.7670779, 0.1481226}));
  list.push_back(body(
      "Attention.lengths",
      "input q: float32[2,1,2,4]\ninput k: float32[2,1,4,4]\ninput v: float32[2,1,4,2]\ninput n: int64[2]\ny = "
      "Attention(q, k, v, _, _, _, n) {is_causal = 1}\noutput y",
      2e-6, {0, 0, -1.12, 0.36, -1.383007, 0.07379994, 1.379888, -0.8102602},
      {{-2, -0.519999981, 0.959999979, -1.60000002, -0.119999997, 1.36000001, -1.20000005, 0.280000001, 1.75999999,
        -0.800000012, 0.680000007, -1.88, -0.400000006, 1.08000004, -1.48000002, 0},
       {-1.55999994, -0.0799999982, 1.39999998,  -1.15999997, 0.319999993,  1.79999995,  -0.75999999, 0.720000029,
        -1.84000003, -0.360000014,  1.12,        -1.44000006, 0.0399999991, 1.51999998,  -1.03999996, 0.439999998,
        1.91999996,  -0.639999986,  0.839999974, -1.72000003, -0.239999995, 1.24000001,  -1.32000005, 0.159999996,
        1.63999999,  -0.920000017,  0.560000002, -2,          -0.519999981, 0.959999979, -1.60000002, -0.119999997},
       {-1.12, 0.360000014, 1.84000003, -0.720000029, 0.75999999, -1.79999995, -0.319999993, 1.15999997, -1.39999998,
        0.0799999982, 1.55999994, -1, 0.479999989, 1.96000004, -0.600000024, 0.879999995},
       {1, 3}}));
  list.push_back(body("Attention.window",
                      "input q: float32[1,2,3,4]\ninput k: float32[1,2,5,4]\ninput v: float32[1,2,5,2]\ny = "
                      "Attention(q, k, v) {left_window_size = 1, right_window_size = 1}\noutput y",
                      2e-6,
                      {-1.098328, 0.3520929, 1.607996, -0.7172506, 0.7548402, -1.221009, 1.505441, -0.8504686, 0.561325,
                       1.068918, -0.5886706, 0.8913296}));
  list.push_back(body("Attention.scores.0",
                      "input q: float32[1,1,2,3]\ninput k: float32[1,1,3,3]\ninput v: float32[1,1,3,2]\ninput m: "
                      "float32[2,3]\n_, _, _, s = Attention(q, k, v, m) {qk_matmul_output_mode = 0}\noutput s",
                      2e-6, {2.601309, 2.241043, -0.3584191, 2.545884, 2.462745, -0.7925863}));
  list.push_back(
      body("Attention.scores.1",
           "input q: float32[1,1,2,3]\ninput k: float32[1,1,3,3]\ninput v: float32[1,1,3,2]\ninput m: float32[2,3]\n_, "
           "_, _, s = Attention(q, k, v, m) {qk_matmul_output_mode = 1, softcap = 1.5}\noutput s",
           2e-6, {1.409327, 1.356095, -0.35175, 1.402598, 1.391592, -0.7262252}));
  list.push_back(
      body("Attention.scores.2",
           "input q: float32[1,1,2,3]\ninput k: float32[1,1,3,3]\ninput v: float32[1,1,3,2]\ninput m: float32[2,3]\n_, "
           "_, _, s = Attention(q, k, v, m) {qk_matmul_output_mode = 2, softcap = 1.5}\noutput s",
           2e-6, {0.7293265, 2.156095, -2.11175, 1.122598, 2.591592, -2.086225}));
  list.push_back(
      body("Attention.scores.3",
           "input q: float32[1,1,2,3]\ninput k: float32[1,1,3,3]\ninput v: float32[1,1,3,2]\ninput m: float32[2,3]\n_, "
           "_, _, s = Attention(q, k, v, m) {qk_matmul_output_mode = 3, softcap = 1.5}\noutput s",
           2e-6, {0.1914396, 0.7973875, 0.01117295, 0.1856918, 0.8068054, 0.007502717}));
  list.push_back(body(
      "RotaryEmbedding",
      "input x: float32[1,2,3,4]\ninput c: float32[5,2]\ninput s: float32[5,2]\ninput p: int64[1,3]\ny = "
      "RotaryEmbedding(x, c, s, p)\noutput y",
      2e-6,
      {-4.5664, -0.5488001, -2.336, 2.2304,  -1.1568, -0.2096, 2.0064,  0.4672,  -2.2864, 0.4384,  -3.7152, 0.6128,
       2.1632,  -1.2528,    -2.808, -0.7776, -1.8608, -0.5904, -2.2816, -0.5392, -1.2128, -0.2656, 4.1904,  0.1648},
      {{-2,         -0.519999981, 0.959999979, -1.60000002, -0.119999997, 1.36000001,  -1.20000005, 0.280000001,
        1.75999999, -0.800000012, 0.680000007, -1.88,       -0.400000006, 1.08000004,  -1.48000002, 0,
        1.48000002, -1.08000004,  0.400000006, 1.88,        -0.680000007, 0.800000012, -1.75999999, -0.280000001},
       {-1.55999994, -0.0799999982, 1.39999998, -1.15999997, 0.319999993, 1.79999995, -0.75999999, 0.720000029,
        -1.84000003, -0.360000014},
       {-1.12, 0.360000014, 1.84000003, -0.720000029, 0.75999999, -1.79999995, -0.319999993, 1.15999997, -1.39999998,
        0.0799999982},
       {1, 0, 4}}));
  list.push_back(body(
      "RotaryEmbedding.interleaved",
      "input x: float32[1,2,3,4]\ninput c: float32[1,3,2]\ninput s: float32[1,3,2]\ny = RotaryEmbedding(x, c, s) "
      "{interleaved = 1}\noutput y",
      2e-6, {2.5376, 3.0512,  0.4992, 0.4736,  -2.6704, 1.6832, 1.5936, 0.5392001, 1.1712,  1.0816,  -2.16,  -4.608,
             1.8336, -1.2368, 0.1184, -0.5328, 4.0592,  1.2112, 0.8896, -2.4688,   -0.8256, -0.2608, -3.672, 2.664}));
  list.push_back(body(
      "RotaryEmbedding.partial",
      "input x: float32[1,2,12]\ninput c: float32[1,2,2]\ninput s: float32[1,2,2]\ny = RotaryEmbedding(x, c, s) "
      "{num_heads = 2, rotary_embedding_dim = 4}\noutput y",
      2e-6, {4.1952, 0.6176,  0.7424001, -0.05919999, -0.12, 1.36,  3.8432, 0.2656,  -1.4016, 0.1648,  0.68,  -1.88,
             2.1632, -1.2528, -2.808,    -0.7776,     1.48,  -1.08, 1.8112, -1.6048, -0.216,  -2.2816, -1.76, -0.28}));
  list.push_back(
      body("LinearAttention.linear",
           "input q: float32[1,3,4]\ninput k: float32[1,3,2]\ninput v: float32[1,3,3]\ny, s = LinearAttention(q, k, v) "
           "{q_num_heads = 2, kv_num_heads = 1, update_rule = \"linear\"}\noutput y\noutput s",
           2e-6,
           {-2.503859, 0.804812, 4.113483, 1.084668, -0.3486432, -1.781954, 0.8266249, -0.91813, 2.32379, -0.4441308,
            -0.6065506, 4.958165, 0.5951913, 0.421051, -6.938291, -0.157487, -1.1454, -2.037327}));
  list.push_back(
      body("LinearAttention.gated",
           "input q: float32[1,3,4]\ninput k: float32[1,3,2]\ninput v: float32[1,3,3]\ninput p: "
           "float32[1,1,2,3]\ninput d: float32[1,3,2]\ny, s = LinearAttention(q, k, v, p, d) {q_num_heads = 2, "
           "kv_num_heads = 1, update_rule = \"gated\", scale = 0.5}\noutput y\noutput s",
           2e-6,
           {-0.9840202, -1.138366, 5.515042, 1.284278, -3.261852, 1.835132, -0.09162518, 2.621648, -2.228475, 0.383177,
            -0.09613347, 1.690001, -2.932307, 3.770597, -15.40086, -0.6194423, -1.419895, -2.844179}));
  list.push_back(body("LinearAttention.delta",
                      "input q: float32[1,3,4]\ninput k: float32[1,3,2]\ninput v: float32[1,3,3]\ninput b: "
                      "float32[1,3,1]\ny, s = LinearAttention(q, k, v, _, _, b) {q_num_heads = 2, kv_num_heads = 1, "
                      "update_rule = \"delta\"}\noutput s\noutput y",
                      1e-5, {-0.9512078, -0.0882085, 1.510549, -5.036003, -4.417789, 29.54018}));
  list.push_back(body("LinearAttention.gated_delta",
                      "input q: float32[1,3,4]\ninput k: float32[1,3,4]\ninput v: float32[1,3,2]\ninput d: "
                      "float32[1,3,2]\ninput b: float32[1,3,2]\ny, s = LinearAttention(q, k, v, _, d, b) {q_num_heads "
                      "= 2, kv_num_heads = 2}\noutput y\noutput s",
                      1e-5, {0.6009262, 1.010088, -4.202633, -0.488259, 38.38718, 4.904644}));
  list.push_back(body("CausalConvWithState",
                      "input x: float32[2,2,4]\ninput w: float32[2,1,3]\ninput b: float32[2]\ny, s = "
                      "CausalConvWithState(x, w, b)\noutput y\noutput s",
                      2e-6,
                      {-3.92, -1.688, 3.3856, -2.6256, 0.144, 2.7696, -1.2256, -1.0976, 1.344, -2.3808, -2.8496,
                       -2.5584, -0.36, 2.176, -1.4944, -1.3664}));
  list.push_back(body("CausalConvWithState.past",
                      "input x: float32[1,2,1]\ninput w: float32[2,1,3]\ninput p: float32[1,2,2]\ny, s = "
                      "CausalConvWithState(x, w, _, p) {activation = \"silu\"}\noutput y\noutput s",
                      2e-6, {-0.2738647, -0.1173228}));
  list.push_back(body("CausalConvWithState.state",
                      "input x: float32[1,2,1]\ninput w: float32[2,1,3]\ninput p: float32[1,2,2]\ny, s = "
                      "CausalConvWithState(x, w, _, p)\noutput s\noutput y",
                      2e-6, {0.36, -2, -0.72, -0.52}));
  list.push_back(
      body("TensorScatter",
           "input c: float32[2,4,2]\ninput u: float32[2,2,2]\ninput i: int64[2]\ny = TensorScatter(c, u, i)\noutput y",
           2e-6, {-2, -0.52, -1.56, -0.08, 1.4, -1.16, -1.2, 0.28, 1.76, -0.8, 0.68, -1.88, 0.32, 1.8, -0.76, 0.72},
           {{-2, -0.519999981, 0.959999979, -1.60000002, -0.119999997, 1.36000001, -1.20000005, 0.280000001, 1.75999999,
             -0.800000012, 0.680000007, -1.88, -0.400000006, 1.08000004, -1.48000002, 0},
            {-1.55999994, -0.0799999982, 1.39999998, -1.15999997, 0.319999993, 1.79999995, -0.75999999, 0.720000029},
            {1, 2}}));
  list.push_back(
      body("TensorScatter.circular",
           "input c: float32[2,2,3]\ninput u: float32[2,2,2]\ninput i: int64[2]\ny = TensorScatter(c, u, i) {axis = 2, "
           "mode = \"circular\"}\noutput y",
           2e-6, {-0.08, -0.52, -1.56, -1.16, -0.12, 1.4, -1.2, 0.32, 1.8, -0.8, -0.76, 0.72},
           {{-2, -0.519999981, 0.959999979, -1.60000002, -0.119999997, 1.36000001, -1.20000005, 0.280000001, 1.75999999,
             -0.800000012, 0.680000007, -1.88},
            {-1.55999994, -0.0799999982, 1.39999998, -1.15999997, 0.319999993, 1.79999995, -0.75999999, 0.720000029},
            {2, 4}}));
  list.push_back(body("TensorScatter.prefill",
                      "input c: float32[1,3,2]\ninput u: float32[1,2,2]\ny = TensorScatter(c, u) {axis = 1}\noutput y",
                      2e-6, {-1.56, -0.08, 1.4, -1.16, -0.12, 1.36}));
  // A query that no key is left for gives zeros.
  list.push_back(
      body("Attention.blind",
           "input q: float32[1,1,1,2]\ninput k: float32[1,1,2,2]\ninput v: float32[1,1,2,2]\nconst m: bool[1,2] = "
           "{false, false}\ny = Attention(q, k, v, m)\noutput y",
           1e-6, {0, 0}));
  for (const std::string type : {"float16", "float64"}) {
    const std::string t = ": " + type,
                      q = "input q" + t + "[2,2,3,4]\ninput k" + t + "[2,1,3,4]\ninput v" + t + "[2,1,3,4]\n";
    const double tolerance = type == "float16" ? 3e-3 : 1e-12;
    list.push_back(body("Attention." + type, q + "y = Attention(q, k, v) {is_causal = 1}\noutput y", tolerance));
    list.push_back(
        body("FlexAttention." + type, q + "y = ai.onnx.preview.FlexAttention(q, k, v)\noutput y", tolerance));
  }
}

}  // namespace pare::test
