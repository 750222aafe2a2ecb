#include <map>

#include "tests/ops/case_builders.h"

namespace pare::test {
namespace {

constexpr int64_t kSteps = 3, kBatch = 2, kInput = 2, kHidden = 2;

// Multiples of 1/32 of both signs below 0.65, so that gates do not saturate.
std::vector<double> small(int64_t count, int64_t which) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<double>((i * 29 + which * 17) % 41 - 20) / 32);
  return values;
}

struct Net {
  std::string name, op;
  std::string operands;  // x w r b l(engths) h c p; _ is left out
  std::string results;   // Y H C
  std::string attributes;
  std::vector<double> expected;
};

Case recurrent(const Net& net) {
  const int64_t gates = net.op == "LSTM" ? 4 : net.op == "GRU" ? 3 : 1;
  const int64_t directions = net.attributes.find("bidirectional") != std::string::npos ? 2 : 1;
  const bool batch_first = net.attributes.find("layout = 1") != std::string::npos;
  const std::map<char, Dims> shapes{{'x', {kSteps, kBatch, kInput}},
                                    {'w', {directions, gates * kHidden, kInput}},
                                    {'r', {directions, gates * kHidden, kHidden}},
                                    {'b', {directions, 2 * gates * kHidden}},
                                    {'l', {kBatch}},
                                    {'h', {directions, kBatch, kHidden}},
                                    {'c', {directions, kBatch, kHidden}},
                                    {'p', {directions, 3 * kHidden}}};
  Case c{.name = net.name, .tolerance = 2e-6, .expected = net.expected};
  std::string text, arguments, results;
  for (const char operand : net.operands) {
    arguments += (arguments.empty() ? "" : ", ") + std::string(1, operand);
    if (operand == '_') continue;
    Dims dims = shapes.at(operand);
    const auto which = static_cast<int64_t>(c.inputs.size());
    std::vector<double> values = small(*element_count(dims), which);
    if (operand == 'l') values = {1, 3};
    if (batch_first && std::string("xhc").find(operand) != std::string::npos) {
      std::swap(dims[0], dims[1]);
    }
    c.inputs.push_back(std::move(values));
    text += "input " + std::string(1, operand) + (operand == 'l' ? ": int32[" : ": float32[");
    for (size_t i = 0; i < dims.size(); ++i) text += (i ? "," : "") + std::to_string(dims[i]);
    text += "]\n";
  }
  std::string outputs;
  for (const char result : net.results) {
    results += (results.empty() ? "" : ", ") + std::string(1, result);
    if (result != '_') outputs += "\noutput " + std::string(1, result);
  }
  c.graph = graph(text + results + " = " + net.op + "(" + arguments + ") {hidden_size = 2" +
                  (net.attributes.empty() ? "" : ", " + net.attributes) + "}" + outputs);
  return c;
}

}  // namespace

// Expected: the first output as ONNX Runtime 1.32 gives it; of layout 1, which it lacks, its layout 0 with axes
// swapped.
void add_recurrent(std::vector<Case>& list) {
  const std::vector<Net> nets{
      {"LSTM",
       "LSTM",
       "xwr",
       "Y",
       "",
       {-0.07914732, -0.006008143, -0.02982047, 0.07138965, 0.0288126, -0.0491365, -0.05297291, -0.03716473, 0.04024713,
        -0.009556358, -0.08267969, -0.04117818}},
      {"LSTM.bias",
       "LSTM",
       "xwrb",
       "Y__",
       "",
       {-0.1892315, 0.01112804, -0.1316537, 0.08076962, -0.09752955, -0.01843177, -0.2274848, -0.009614799, -0.1137237,
        0.01632017, -0.265112, -0.02146807}},
      {"LSTM.reverse",
       "LSTM",
       "xwrb",
       "Y",
       "direction = \"reverse\"",
       {-0.2318987, 0.007641905, -0.1699851, 0.04085542, -0.08173982, 0.001613952, -0.2141138, -0.04996043, -0.08575545,
        0.03227186, -0.1752356, -0.002278499}},
      {"LSTM.bidirectional",
       "LSTM",
       "xwrb_hc",
       "Y",
       "direction = \"bidirectional\"",
       {-0.3396779, 0.07182632, -0.1246066, -0.02718171, 0.2045765, -0.2159529,  0.1535036, -0.2435871,
        -0.1432417, 0.01790128, -0.2228034, -0.0531422,  0.1637069, -0.1740684,  0.193925,  -0.3120759,
        -0.1333559, 0.03265958, -0.2593594, -0.04311001, 0.1975727, -0.09250002, 0.1203703, -0.2459696}},
      {"LSTM.peepholes",
       "LSTM",
       "xwrb_hcp",
       "Y",
       "",
       {-0.2978373, 0.06809062, -0.111824, -0.03337636, -0.1410106, 0.01381169, -0.2074142, -0.05365244, -0.1280545,
        0.03087302, -0.2371113, -0.04422422}},
      {"LSTM.peepholes.both",
       "LSTM",
       "xwr____p",
       "_H",
       "direction = \"bidirectional\"",
       {0.04021484, -0.009407162, -0.08296208, -0.04132891, 0.04899742, -0.01982371, 0.03413513, -0.04965995}},
      {"LSTM.lengths",
       "LSTM",
       "xwrblhc",
       "Y",
       "direction = \"bidirectional\"",
       {-0.1741329, -0.1006488, 0.01891559, 0.09771477,  0.1133621, -0.2327242, 0.1691736, -0.2280375,
        0,          0,          -0.1399599, 0.01504169,  0,         0,          0.2261176, -0.2748992,
        0,          0,          -0.2312258, -0.00296799, 0,         0,          0.187835,  -0.2082786}},
      {"LSTM.lengths.cell",
       "LSTM",
       "xwrblhc",
       "__C",
       "direction = \"bidirectional\"",
       {-0.3299704, -0.2745916, -0.415628, -0.009876417, 0.1544105, -0.6635523, 0.2351444, -0.4935267}},
      {"LSTM.lengths.hidden",
       "LSTM",
       "xwrbl",
       "_H_",
       "direction = \"reverse\"",
       {-0.1892315, 0.01112804, -0.1699851, 0.04085542}},
      {"LSTM.clip",
       "LSTM",
       "xwrb_hc",
       "Y",
       "clip = 0.2",
       {-0.2092019, 0.1243214, -0.04866276, -0.04382581, -0.1261788, 0.04231166, -0.08471578, -0.07086974, -0.1043938,
        0.04699655, -0.1014316, -0.04623018}},
      {"LSTM.input_forget",
       "LSTM",
       "xwrb_hc",
       "Y",
       "input_forget = 1",
       {-0.3106138, 0.05821934, -0.1246066, 0.02297038, -0.1578738, -0.0164482, -0.2241412, -0.04028567, -0.1412647,
        0.01804586, -0.2514457, -0.0302593}},
      {"LSTM.input_forget.peepholes",
       "LSTM",
       "xwrb_hcp",
       "Y",
       "input_forget = 1",
       {-0.2730389, 0.06187575, -0.111824, 0.02954322, -0.1433124, -0.009466134, -0.2067069, -0.03702718, -0.1299436,
        0.02105858, -0.2273501, -0.02769811}},
      {"LSTM.functions",
       "LSTM",
       "xwrb_hc",
       "Y",
       "activations = [\"HardSigmoid\", \"ScaledTanh\", \"LeakyRelu\"], activation_alpha = [0.3, 1.5, 0.2], "
       "activation_beta = [0.4, 0.7]",
       {-0.06034854, 0.01761635, -0.01681471, -0.001723678, -0.0176277, 0.01704936, -0.03602766, -0.003440965,
        -0.01687291, 0.02649385, -0.0438753, -0.001879155}},
      {"LSTM.functions.defaults",
       "LSTM",
       "xwrb_hc",
       "Y",
       "activations = [\"HardSigmoid\", \"Elu\", \"Softsign\", \"Sigmoid\", \"LeakyRelu\", \"Softplus\"], direction = "
       "\"bidirectional\"",
       {-0.2118427, 0.06272395, -0.08739319, -0.02613764, 0.6886733, 0.259488,  0.6758169, 0.2777595,
        -0.1132319, 0.03004857, -0.1446418,  -0.04352973, 0.6474968, 0.365956,  0.6761922, 0.2922559,
        -0.1038243, 0.03911749, -0.1656572,  -0.03318309, 0.5860996, 0.4254934, 0.5957885, 0.2448769}},
      {"LSTM.layout",
       "LSTM",
       "xwrb_hc",
       "Y",
       "direction = \"bidirectional\", layout = 1",
       {-0.3396779,  0.07182632, 0.1747818,  -0.1961294,  -0.2046219, 0.1322682,    0.06462676, -0.1195411,
        -0.1427926,  0.04380585, 0.03304939, -0.09164231, 0.10523,    -0.005386913, 0.1940086,  -0.2952448,
        -0.06201338, 0.03384342, 0.1209842,  -0.2738306,  -0.2119189, 0.01005409,   0.1203703,  -0.2459696}},
      {"LSTM.layout.cell",
       "LSTM",
       "xwrblhc",
       "__C",
       "direction = \"bidirectional\", layout = 1",
       {-0.3299704, -0.2745916, 0.402042, -0.3494197, -0.4442629, -0.1194365, 0.3265326, -0.5853887}},
      {"GRU",
       "GRU",
       "xwr",
       "Y",
       "",
       {0.2133177, -0.05922466, -0.05552908, 0.09005362, 0.01083231, -0.01790288, 0.1777682, -0.07208714, -0.07688624,
        0.01952091, 0.2964177, -0.08113277}},
      {"GRU.linear",
       "GRU",
       "xwrb_h",
       "Y",
       "linear_before_reset = 1",
       {-0.02928923, -0.03600528, -0.6275055, 0.2538897, -0.4328496, -0.009318815, -0.4397512, 0.02617952, -0.587242,
        -0.02143077, -0.3292257, -0.07271242}},
      {"GRU.bidirectional",
       "GRU",
       "xwrb_h",
       "Y",
       "direction = \"bidirectional\"",
       {-0.06808607, -0.2025282, -0.6539439, 0.1742965,  0.2471347, -0.2693949,  0.4944166, -0.259649,
        -0.4659297,  -0.2331076, -0.4616209, -0.1286186, 0.1856982, -0.08270603, 0.4511073, -0.1980533,
        -0.6131606,  -0.2714459, -0.3514453, -0.3079166, 0.1061875, -0.2388259,  0.4941421, -0.1345981}},
      {"GRU.lengths",
       "GRU",
       "xwrblh",
       "Y",
       "direction = \"bidirectional\", linear_before_reset = 1",
       {-0.4068027, 0.1432177, -0.3207105, -0.05895208, 0.391138, -0.1564223, -0.02632327, -0.3145432,
        0,          0,         -0.2958381, -0.1356034,  0,        0,          -0.141526,   -0.2915639,
        0,          0,         -0.2537007, -0.1365821,  0,        0,          -0.1714638,  -0.44465}},
      {"GRU.lengths.hidden",
       "GRU",
       "xwrblh",
       "_H",
       "direction = \"bidirectional\"",
       {-0.4289231, 0.03115724, -0.2807966, -0.424929, 0.4976865, -0.1469508, 0.1156831, -0.3103323}},
      {"GRU.clip",
       "GRU",
       "xwrb_h",
       "Y",
       "clip = 0.2",
       {-0.01004983, -0.1788442, -0.3476743, 0.1321699, -0.1130477, -0.1871863, -0.2650348, -0.01618012, -0.1594139,
        -0.191773, -0.2278333, -0.1030209}},
      {"GRU.clip.linear",
       "GRU",
       "xwrb_h",
       "Y",
       "clip = 0.2, linear_before_reset = 1",
       {-0.0004040897, -0.04648479, -0.3476743, 0.2516593, -0.1087056, -0.007281691, -0.2650348, 0.04951922, -0.1574592,
        0.03485454, -0.2278333, -0.03268769}},
      {"GRU.functions",
       "GRU",
       "xwrb_h",
       "Y",
       "activations = [\"Affine\", \"ThresholdedRelu\"], activation_alpha = [0.4, 0.1], activation_beta = [0.3]",
       {0.03939209, -0.03448486, -0.09711915, 0.1930664, 0.006023306, -0.01560477, -0.006140012, 0.07831728,
        0.001185132, -0.006513682, -0.0007705275, 0.02531795}},
      {"GRU.functions.both",
       "GRU",
       "xwrb_h",
       "Y",
       "activations = [\"Sigmoid\", \"Softplus\", \"HardSigmoid\", \"Relu\"], direction = \"bidirectional\"",
       {0.4143756, 0.247149,  -0.04175495, 0.4622016, 0.2909672, -0.03749102, 0.5690167, 0.02740186,
        0.3584884, 0.4080949, 0.2977506,   0.4791026, 0.2277843, -0.06859712, 0.4759583, 0.04374035,
        0.3346295, 0.5192007, 0.4179609,   0.5315858, 0.1296357, -0.2066895,  0.5079108, 0.08554077}},
      {"GRU.layout",
       "GRU",
       "xwrb_h",
       "Y",
       "direction = \"bidirectional\", layout = 1",
       {-0.06808607, -0.2025282, 0.08007254, -0.2677634, -0.3958137, -0.1434512, -0.04438968, -0.0680498,
        -0.6089241,  -0.2319994, -0.2995267, 0.1718632,  -0.1879906, -0.406666,  0.4657901,   -0.1988085,
        -0.4845503,  -0.3337932, 0.5143899,  -0.1365162, -0.3358103, -0.428973,  0.4941421,   -0.1345981}},
      {"GRU.layout.hidden",
       "GRU",
       "xwrblh",
       "_H",
       "direction = \"reverse\", layout = 1",
       {-0.4289231, 0.03115724, -0.350839, -0.4370378}},
      {"RNN",
       "RNN",
       "xwr",
       "Y",
       "",
       {-0.07311147, -0.2504187, 0.2246193, -0.07019687, -0.117406, 0.06936216, -0.153907, -0.2083848, 0.005704284,
        0.162361, -0.2034557, -0.2771727}},
      {"RNN.reverse",
       "RNN",
       "xwrb",
       "Y",
       "direction = \"reverse\"",
       {-0.1851282, 0.5802172, -0.009366453, 0.6551665, -0.1508157, 0.7309806, -0.3997467, 0.4921083, -0.04099262,
        0.4803488, -0.2162574, 0.2246193}},
      {"RNN.bidirectional",
       "RNN",
       "xwrb_h",
       "Y",
       "direction = \"bidirectional\"",
       {-0.08087766, 0.02050495, -0.07408279, 0.6386316, -0.345774,  0.2759898,  -0.6323987,  -0.03073788,
        -0.1956111,  0.5851519,  -0.3232483,  0.6292835, -0.6308569, 0.3436196,  -0.03298354, -0.2693452,
        -0.08978111, 0.7315249,  -0.3111494,  0.6063746, -0.5606558, -0.0682531, -0.05073762, -0.3786113}},
      {"RNN.lengths",
       "RNN",
       "xwrblh",
       "Y",
       "direction = \"bidirectional\"",
       {-0.3592082, 0.5155888, 0.1108704,  0.1435332, -0.07699567, -0.3836195, -0.6414384,  0.005922675,
        0,          0,         -0.2778003, 0.3700374, 0,           0,          -0.059457,   -0.209062,
        0,          0,         -0.3078213, 0.4892226, 0,           0,          -0.09734696, -0.2740616}},
      {"RNN.clip", "RNN", "xwrb_h", "_H", "clip = 0.2", {-0.1137649, 0.1973753, -0.1973754, 0.1973753}},
      {"RNN.functions",
       "RNN",
       "xwrb",
       "Y",
       "activations = [\"Relu\", \"Softsign\"], direction = \"bidirectional\"",
       {0,           0.1816406, 0.1347656, 0.3671875, -0.2307431, 0.1200283,  -0.4372455, 0.04334181,
        0,           0.7406616, 0,         0.5137939, -0.4222606, 0.2473021,  -0.0784281, -0.130917,
        0.005275726, 0.9632053, 0,         0.5335808, -0.4091171, 0.06739526, -0.1247863, -0.1487947}},
      {"RNN.layout",
       "RNN",
       "xwrb_h",
       "Y",
       "layout = 1",
       {-0.08087766, 0.02050495, 0.1003245, 0.3839092, -0.09588075, 0.6801575, -0.5018365, 0.6209577, -0.2181942,
        0.7813997, -0.2602244, 0.641464}},
      {"RNN.layout.hidden",
       "RNN",
       "xwrb_h",
       "_H",
       "direction = \"bidirectional\", layout = 1",
       {-0.09588075, 0.6801575, -0.3948317, 0.3974802, -0.2569986, 0.568724, -0.1960216, 0.1238658}},
  };
  for (const Net& net : nets) list.push_back(recurrent(net));
  // Other types, a symbolic batch, no hidden_size, units that fill no vector register, no steps at all.
  for (const std::string type : {"float16", "float64"}) {
    const std::string t = type + "[";
    list.push_back(body("LSTM." + type,
                        "input x: " + t + "3,N,2]\ninput w: " + t + "1,8,2]\ninput r: " + t +
                            "1,8,2]\nY, H, C = LSTM(x, w, r)" + "\noutput Y\noutput C",
                        type == "float16" ? 2e-3 : 1e-12));
  }
  list.push_back(
      body("LSTM.wide",
           "input x: float32[4,N,5]\ninput w: float32[2,36,5]\ninput r: float32[2,36,9]\ninput b: float32[2,72]\n"
           "Y, H, C = LSTM(x, w, r, b) {direction = \"bidirectional\"}\noutput Y\noutput H\noutput C"));
  list.push_back(
      body("GRU.wide",
           "input x: float32[4,N,5]\ninput w: float32[2,27,5]\ninput r: float32[2,27,9]\ninput b: float32[2,54]\n"
           "Y, H = GRU(x, w, r, b) {direction = \"bidirectional\", linear_before_reset = 1}\noutput Y\noutput H"));
  list.push_back(body("RNN.wide",
                      "input x: float32[4,N,5]\ninput w: float32[1,9,5]\ninput r: float32[1,9,9]\nY, H = RNN(x, w, r)\n"
                      "output Y\noutput H"));
  list.push_back(
      body("LSTM.no_steps",
           "input x: float32[0,2,3]\ninput w: float32[1,8,3]\ninput r: float32[1,8,2]\ninput h: float32[1,2,2]\n"
           "Y, H = LSTM(x, w, r, _, _, h)\noutput H\noutput Y",
           0, {1, 2, 3, 4}, {{}, std::vector<double>(24, 1), std::vector<double>(16, 1), {1, 2, 3, 4}}));
}

}  // namespace pare::test
