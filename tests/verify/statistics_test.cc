// Expected values come from elsewhere: R, statsmodels and SciPy, by the command in each test.
#include "verify/statistics.h"

#include <cmath>

#include "tests/catch.h"

namespace pare {
namespace {

TEST_CASE("the Wilson interval is that of R's prop.test without continuity correction") {
  // prop.test(90, 100, correct = FALSE)$conf.int: 0.8256343 0.9447708; (0, 20): 0 0.1611252
  CHECK(wilson(90, 100).low == Approx(0.8256343).margin(1e-6));
  CHECK(wilson(90, 100).high == Approx(0.9447708).margin(1e-6));
  CHECK(wilson(0, 20).low == Approx(0.0).margin(1e-12));
  CHECK(wilson(0, 20).high == Approx(0.1611252).margin(1e-6));
  // statsmodels: proportion_confint(33, 47, alpha=0.1, method="wilson")
  CHECK(wilson(33, 47, 0.9).low == Approx(0.5838638559637976).margin(1e-12));
  CHECK(wilson(33, 47, 0.9).high == Approx(0.7983872709662818).margin(1e-12));
}

TEST_CASE("normal quantiles are SciPy's") {
  // scipy.stats.norm.ppf([0.975, 0.999, 0.2])
  CHECK(normal_quantile(0.975) == Approx(1.959963984540054).margin(1e-12));
  CHECK(normal_quantile(0.999) == Approx(3.090232306167813).margin(1e-11));
  CHECK(normal_quantile(0.2) == Approx(-0.8416212335729142).margin(1e-12));
  CHECK(normal_quantile(0.5) == Approx(0).margin(1e-15));
}

TEST_CASE("the exact McNemar test is statsmodels'") {
  // statsmodels.stats.contingency_tables.mcnemar([[0, b], [c, 0]], exact=True).pvalue
  CHECK(mcnemar_exact({100, 7, 2}) == Approx(0.1796875).margin(1e-12));
  CHECK(mcnemar_exact({100, 0, 0}) == 1);
  CHECK(mcnemar_exact({100, 15, 15}) == 1);
  CHECK(mcnemar_exact({1000, 40, 18}) == Approx(0.005354859650800294).margin(1e-12));
}

TEST_CASE("Tango's interval inverts his score, the rates maximized numerically by SciPy") {
  // For each difference the rates that maximize the trinomial likelihood under it (scipy.optimize.minimize_scalar), the
  // ends by scipy.optimize.brentq.
  struct Row {
    Discordance d;
    double confidence, low, high;
  };
  for (const Row& row :
       {Row{{100, 7, 2}, 0.95, -0.010734034, 0.121011150}, Row{{100, 0, 0}, 0.95, -0.036993498, 0.036993498},
        Row{{1000, 40, 18}, 0.9, 0.009703081, 0.035111762}, Row{{44, 1, 0}, 0.95, -0.059393231, 0.118077097},
        Row{{50, 20, 3}, 0.99, 0.105435074, 0.542117978}}) {
    CHECK(tango(row.d, row.confidence).low == Approx(row.low).margin(1e-6));
    CHECK(tango(row.d, row.confidence).high == Approx(row.high).margin(1e-6));
  }
}

TEST_CASE("samples to settle put the upper end at the limit") {
  const Discordance d{200, 3, 2};
  const auto needed = samples_to_settle(d, 0.02, 0.9);
  REQUIRE(needed.has_value());
  const auto upper = [&](double n) {
    return tango({static_cast<int64_t>(n), std::llround(3 * n / 200), std::llround(2 * n / 200)}, 0.9).high;
  };
  CHECK(upper(static_cast<double>(*needed) * 1.02) <= 0.02);
  CHECK(upper(static_cast<double>(*needed) * 0.75) > 0.02);
  CHECK_FALSE(samples_to_settle({100, 5, 0}, 0.02, 0.95).has_value());
}

TEST_CASE("the bootstrap of a mean is near its standard error, and repeats for a seed") {
  // 400 zeros and ones, half each: the mean's standard error is 0.025, the 95 % interval 0.5 +- 0.049.
  const auto mean = [](std::span<const uint32_t> counts) {
    double sum = 0;
    for (size_t i = 0; i < counts.size(); i += 2) sum += counts[i];
    return sum / 400;
  };
  const Interval interval = bootstrap(400, mean);
  CHECK(interval.low == Approx(0.451).margin(0.006));
  CHECK(interval.high == Approx(0.549).margin(0.006));
  CHECK(bootstrap(400, mean).low == interval.low);
  CHECK(bootstrap(400, mean, {.seed = 1}).low != interval.low);
  const Interval none = bootstrap(400, [](std::span<const uint32_t>) { return std::nan(""); });
  CHECK(std::isnan(none.low));
}

}  // namespace
}  // namespace pare
