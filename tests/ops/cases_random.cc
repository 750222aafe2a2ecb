// Expected values by numpy.random.RandomState(seed): normal, uniform, binomial(1, p).
#include "tests/ops/case_builders.h"

namespace pare::test {

void add_random(std::vector<Case>& list) {
  list.push_back(body("RandomNormal", "y = RandomNormal() {mean = 1.0, scale = 2.0, seed = 5.0, shape = [5]}\noutput y",
                      1e-6, {1.88245497, 0.338259696, 5.86154237, 0.495815741, 1.21921968}));
  list.push_back(body("RandomNormal.double", "y = RandomNormal() {dtype = 11, shape = [1, 3]}\noutput y", 1e-8,
                      {1.76405235, 0.400157208, 0.978737984}));
  list.push_back(body("RandomNormalLike", "input x: float32[N,3]\ny = RandomNormalLike(x) {seed = 0.9}\noutput y", 1e-6,
                      {1.76405235, 0.400157208, 0.978737984, 2.2408932, 1.86755799, -0.97727788}));
  list.push_back(body("RandomUniform",
                      "y = RandomUniform() {low = -1.0, high = 3.0, seed = 7.0, shape = [5]}\noutput y", 1e-6,
                      {-0.694766843, 2.11967517, 0.753636926, 1.89386071, 2.91195805}));
  list.push_back(body("RandomUniformLike", "input x: int64[2,N]\ny = RandomUniformLike(x) {dtype = 10}\noutput y", 1e-3,
                      {0.548813504, 0.715189366, 0.602763376, 0.544883183}));
  list.push_back(body("Bernoulli", "input p: float32[8]\ny = Bernoulli(p) {seed = 3.0}\noutput y", 0,
                      {0, 0, 0, 1, 1, 1, 0, 0}, {{0, 0.1, 0.5, 0.6, 0.9, 1, 0.3, 0.5}}));
  list.push_back(body("Bernoulli.sure", "input p: float64[N,2]\ny = Bernoulli(p) {dtype = 9}\noutput y", 0,
                      {1, 0, 0, 1}, {{1, 0, 0, 1}}));
  // The uniform numbers of seed 11 are .18 .019 .46 .72 .42 .49; probabilities .25 .25 .5, then .8 0 .2.
  list.push_back(body("Multinomial",
                      "input x: float32[2,3]\ny = Multinomial(x) {sample_size = 3, seed = 11.0}\noutput y", 0,
                      {0, 0, 1, 0, 0, 0}, {{0, 0, 0.693147181, 1.386294361, -1000, 0}}));
  list.push_back(
      body("Multinomial.long", "input x: float32[N,1]\ny = Multinomial(x) {dtype = 7}\noutput y", 0, {0, 0}));
  // RandomState(1).uniform(0, 1, 6) >= ratio
  const std::string train = "const t: bool[] = {1}\nconst r: float32[] = {0.25}\n";
  list.push_back(body("Dropout.training",
                      "input x: float32[2,3]\n" + train + "y, m = Dropout(x, r, t) {seed = 1}\noutput y\noutput m",
                      1e-6, {4, 8, 0, 16, 0, 0}, {{3, 6, 9, 12, 15, 18}}));
  list.push_back(body("Dropout.training.mask",
                      "input x: float16[2,3]\n" + train + "y, m = Dropout(x, r, t) {seed = 1}\noutput m\noutput y", 0,
                      {1, 1, 0, 1, 0, 0}));
}

}  // namespace pare::test
