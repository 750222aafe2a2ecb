// Expected values by numpy (numpy.fft, numpy.hanning, numpy.blackman) and the formulas of the ONNX specification;
// MelWeightMatrix by onnx.reference.
#include "tests/ops/case_builders.h"

namespace pare::test {
namespace {

void add_windows(std::vector<Case>& list) {
  const auto window = [&](const std::string& op, const std::string& attributes, std::vector<double> expected) {
    list.push_back(body(op + attributes, "const n: int64[] = {4}\ny = " + op + "(n)" + attributes + "\noutput y", 1e-6,
                        std::move(expected)));
  };
  window("HannWindow", "", {0, 0.5, 1, 0.5});
  window("HannWindow", " {periodic = 0}", {0, 0.75, 0.75, 0});
  window("HammingWindow", "", {0.08695652, 0.5434783, 1, 0.5434783});
  window("HammingWindow", " {output_datatype = 11, periodic = 0}",
         {0.0869565217, 0.77173913, 0.77173913, 0.0869565217});
  window("BlackmanWindow", "", {0, 0.34, 1, 0.34});
  window("BlackmanWindow", " {periodic = 0}", {0, 0.63, 0.63, 0});
  window("HannWindow", " {output_datatype = 6}", {0, 0, 1, 0});
  list.push_back(body("HannWindow.one",
                      "input n: int32[1]\ny = HannWindow(n) {output_datatype = 10, periodic = 0}\noutput y", 0, {1},
                      {{1}}));
}

void add_transforms(std::vector<Case>& list) {
  const auto dft = [&](const std::string& name, const std::string& type, const std::string& call,
                       std::vector<double> expected, std::vector<double> x) {
    list.push_back(body("DFT." + name, "input x: " + type + "\n" + call + "\noutput y", 1e-6, std::move(expected),
                        {std::move(x)}));
  };
  const std::vector<double> six{1, 2, 3, 4, 5, 6}, five{1, -2, 3, 0.5, 4}, complex{1, 0, 2, -1, 3, 1, 4, 2};
  dft("even", "float32[1,6,1]", "y = DFT(x)", {21, 0, -3, 5.196152, -3, 1.732051, -3, 0, -3, -1.732051, -3, -5.196152},
      six);
  dft("odd", "float64[5,1]", "y = DFT(x)",
      {6.5, 0, -1.21352549, 4.23687598, 0.46352549, 5.90435294, 0.46352549, -5.90435294, -1.21352549, -4.23687598},
      five);
  list.back().tolerance = 1e-7;
  dft("onesided", "float32[1,5,1]", "y = DFT(x) {onesided = 1}", {6.5, 0, -1.213525, 4.236876, 0.4635255, 5.904353},
      five);
  dft("complex", "float32[1,4,2]", "y = DFT(x)", {10, 2, -5, 1, -2, 0, 1, -3}, complex);
  dft("inverse", "float32[1,4,2]", "y = DFT(x) {inverse = 1}", {2.5, 0.5, 0.25, -0.75, -0.5, 0, -1.25, 0.25}, complex);
  dft("longer", "float32[1,4,2]", "const n: int64[] = {6}\ny = DFT(x, n)",
      {10, 2, -3.5, -7.330127, 0.7679492, 2.866025, -2, 0, 4.232051, 1.133975, -3.5, 1.330127}, complex);
  dft("shorter", "float32[1,4,2]", "const n: int32[] = {3}\ny = DFT(x, n)",
      {6, 0, -3.232051, 0.8660254, 0.2320508, -0.8660254}, complex);
  dft("real", "float32[1,4,2]", "y = DFT(x) {inverse = 1, onesided = 1}", {1, 2, 0, -1, 3, 1},
      {6, 0, 2, 1.7320508, -3, -3.4641016, 2, 0});
  dft("real.odd", "float32[1,4,2]", "const n: int64[] = {5}\ny = DFT(x, n) {inverse = 1, onesided = 1}",
      {0.8, 2.573582, -1.543086, 1.907018, 2.262486}, {6, 0, 2, 1.7320508, -3, -3.4641016, 2, 0});
  dft("axis", "float32[1,3,2,1]", "const a: int64[] = {1}\ny = DFT(x, _, a)",
      {9, 0, 12, 0, -3, 1.732051, -3, 1.732051, -3, -1.732051, -3, -1.732051}, six);
  dft("symbolic", "float32[N,4,2]", "y = DFT(x)", {10, 2, -5, 1, -2, 0, 1, -3, 0, 0, 0, 0, 0, 0, 0, 0},
      {1, 0, 2, -1, 3, 1, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0});
  const std::vector<std::vector<double>> ramp{{1, 2, 3, 4, 3, 2, 1, 0}};
  list.push_back(body("STFT",
                      "input x: float32[1,8,1]\nconst s: int64[] = {2}\nconst w: float32[4] = {0.5, 1, 1, 0.5}\n"
                      "y = STFT(x, s, w)\noutput y",
                      1e-6, {7.5, 0, -2.5, 0, -0.5, 0, 9.5, 0, -1.5, -3, -0.5, 0, 4.5, 0, 0.5, -2, 0.5, 0}, ramp));
  list.push_back(body("STFT.whole",
                      "input x: float32[1,8,1]\nconst s: int64[] = {2}\nconst n: int64[] = {4}\n"
                      "y = STFT(x, s, _, n) {onesided = 0}\noutput y",
                      1e-6, {10, 0, -2, 2, -2, 0, -2, -2, 12, 0, 0, -2, 0, 0, 0, 2, 6, 0, 2, -2, 2, 0, 2, 2}, ramp));
  list.push_back(body("STFT.symbolic",
                      "input x: float32[N,9,1]\nconst s: int64[] = {3}\ninput n: int64[]\n"
                      "y = STFT(x, s, _, n)\noutput y",
                      1e-6, {}, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 0, 1, 0, 1, 0, 1, 0, 1}, {3}}));
  list.push_back(body("STFT.complex",
                      "input x: float32[1,4,2]\nconst s: int64[] = {1}\ny = STFT(x, s) {onesided = 0}\noutput y", 1e-6,
                      {10, 2, -5, 1, -2, 0, 1, -3}, {complex}));
}

}  // namespace

void add_signal(std::vector<Case>& list) {
  add_windows(list);
  add_transforms(list);
  list.push_back(body("MelWeightMatrix",
                      "const n: int64[] = {3}\nconst l: int64[] = {20}\nconst r: int64[] = {8192}\n"
                      "const a: float32[] = {0}\nconst b: float32[] = {4096}\n"
                      "y = MelWeightMatrix(n, l, r, a, b)\noutput y",
                      1e-6, {1,         0, 0, 0.5, 0.5, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0.6666667, 0, 0,
                             0.3333333, 0, 0, 0,   0,   0, 0, 0, 0, 0, 0, 0, 0, 0, 0,         0}));
}

}  // namespace pare::test
