#include "tests/ops/case_builders.h"

namespace pare::test {
namespace {

void add_losses(std::vector<Case>& list) {
  const std::string rows = "input x: float32[2,3]\nconst t: int64[2] = {0, 2}\n";
  const std::string weights = "const w: float32[3] = {1, 2, 3}\n";
  const std::vector<std::vector<double>> logs{{-1, -2, -3, -4, -5, -6}};
  const auto loss = [&](const std::string& name, const std::string& call, std::vector<double> expected) {
    list.push_back(body("NegativeLogLikelihoodLoss." + name,
                        rows + weights + "y = NegativeLogLikelihoodLoss(" + call + "\noutput y", 1e-6,
                        std::move(expected), logs));
  };
  // By hand: 1 and 6 are the losses of the two rows, 1 and 3 their weights.
  loss("mean", "x, t)", {3.5});
  loss("none", "x, t, w) {reduction = \"none\"}", {1, 18});
  loss("sum", "x, t, w) {reduction = \"sum\"}", {19});
  loss("weighted_mean", "x, t, w) {reduction = \"mean\"}", {4.75});
  loss("ignore", "x, t, w) {ignore_index = 2}", {1});
  loss("ignore_none", "x, t) {ignore_index = 0, reduction = \"none\"}", {0, 6});
  list.push_back(body("NegativeLogLikelihoodLoss.planes",
                      "input x: float64[2,3,2,2]\nconst t: int32[2,2,2] = {0, 1, 2, -1, 2, 1, 0, 0}\n"
                      "y = NegativeLogLikelihoodLoss(x, t) {ignore_index = -1, reduction = \"none\"}\noutput y"));
  list.push_back(
      body("NegativeLogLikelihoodLoss.half",
           "input x: float16[2,3]\nconst t: int64[2] = {0, 2}\ny = NegativeLogLikelihoodLoss(x, t)\noutput y"));

  // Softmax of (0, ln 2, ln 3) is (1, 2, 3) / 6; of three zeros (1, 1, 1) / 3.
  const std::vector<std::vector<double>> scores{{0, 0.69314718056, 1.09861228867, 0, 0, 0}};
  const std::string labels = "input x: float32[2,3]\nconst t: int32[2] = {2, 1}\n";
  list.push_back(body("SoftmaxCrossEntropyLoss.none",
                      labels + "y = SoftmaxCrossEntropyLoss(x, t) {reduction = \"none\"}\noutput y", 1e-6,
                      {0.69314718056, 1.09861228867}, scores));
  list.push_back(body("SoftmaxCrossEntropyLoss.weighted_mean",
                      labels + weights + "y = SoftmaxCrossEntropyLoss(x, t, w)\noutput y", 1e-6,
                      {(3 * 0.69314718056 + 2 * 1.09861228867) / 5}, scores));
  list.push_back(body(
      "SoftmaxCrossEntropyLoss.log_prob",
      labels + "y, p = SoftmaxCrossEntropyLoss(x, t) {ignore_index = 1, reduction = \"sum\"}\noutput p\n"
               "output y",
      1e-6, {-1.79175946923, -1.09861228867, -0.69314718056, -1.09861228867, -1.09861228867, -1.09861228867}, scores));
  list.push_back(
      body("SoftmaxCrossEntropyLoss.planes",
           "input x: float32[2,3,2]\nconst t: int64[2,2] = {0, 1, 2, 9}\ny, p = SoftmaxCrossEntropyLoss(x, t) "
           "{ignore_index = 9, reduction = \"none\"}\noutput y\noutput p"));
}

}  // namespace

// Values of the steps: onnx 1.23 reference evaluator.
void add_training(std::vector<Case>& list) {
  add_losses(list);
  const std::string domain = " = ai.onnx.preview.training.";
  const std::string rate =
      "const r: float32[] = {0.1}\nconst t: int64[] = {2}\ninput x: float32[2]\ninput g: float32[2]\n";
  const std::vector<double> x{1.2, 2.8}, g{-0.94, -2.5}, h{2, 1.5}, v{1.7, 3.6};
  list.push_back(body("Adagrad",
                      rate + "input h: float32[2]\na, b" + domain +
                          "Adagrad(r, t, x, g, h) {decay_factor = 0.1, epsilon = 1e-5, norm_coefficient = 0.5}\n"
                          "y = Concat(a, b) {axis = 0}\noutput y",
                      1e-6, {1.21947956, 2.85568309, 2.11559987, 2.71000004}, {x, g, h}));
  list.push_back(body("Adam",
                      rate + "input v: float32[2]\ninput h: float32[2]\na, b, c" + domain +
                          "Adam(r, t, x, g, v, h) {alpha = 0.95, beta = 0.1, epsilon = 1e-7, norm_coefficient = 0.5, "
                          "norm_coefficient_post = 0.1}\ny = Concat(a, b, c) {axis = 0}\noutput y",
                      1e-6, {-1.58174676, -0.256545213, 1.59800005, 3.36499977, 0.304039985, 1.23899996},
                      {x, g, v, h}));
  const auto momentum = [&](const std::string& mode, const std::string& count, std::vector<double> expected) {
    const std::string call = "Momentum(r, " + count + ", x, g, v) {alpha = 0.95, beta = 0.1, mode = \"" + mode +
                             "\", norm_coefficient = 0.5}\ny = Concat(a, b) {axis = 0}\noutput y";
    list.push_back(body("Momentum." + mode + "." + count,
                        rate + "const first: int64[] = {0}\ninput v: float32[2]\na, b" + domain + call, 1e-6,
                        std::move(expected), {x, g, v}));
  };
  momentum("standard", "t", {1.04190004, 2.46899986, 1.58099997, 3.30999994});
  momentum("standard", "first", {1.07249999, 2.56800008, 1.2750001, 2.31999969});
  momentum("nesterov", "t", {1.08380508, 2.59555006, 1.58099997, 3.30999994});
  list.push_back(body("Adagrad.two",
                      "const r: float64[] = {0.1}\nconst t: int64[] = {0}\ninput x: float64[2]\ninput z: float64[1,3]\n"
                      "input g: float64[2]\ninput k: float64[1,3]\nconst h: float64[2] = {1, 2}\n"
                      "const m: float64[1,3] = {3, 4, 5}\na, b, c, d" +
                          domain + "Adagrad(r, t, x, z, g, k, h, m)\noutput a\noutput b\noutput c\noutput d"));
}

}  // namespace pare::test
