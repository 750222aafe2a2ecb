#include "quantize/smooth.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "graph/error.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "quantize/range_points.h"
#include "quantize/smooth_samples.h"
#include "runtime/thread_pool.h"

namespace pare {
namespace {

constexpr int64_t kRows = 128, kOutputs = 256;

// A site's candidates, compared on its samples.
class SmoothSearch {
 public:
  SmoothSearch(const SiteSamples& samples, const SmoothOptions& options) : samples_(samples), options_(options) {
    const size_t channels = samples.low.size();
    weight_reach_.assign(channels, 0.0f);
    for (size_t i = 0; i < samples.weights.size(); ++i) {
      float& reach = weight_reach_[samples.channel(i / static_cast<size_t>(samples.outputs))];
      reach = std::max(reach, std::abs(samples.weights[i]));
    }
  }

  std::vector<float> scales(double exponent) const {
    std::vector<float> result(weight_reach_.size(), 1.0f);
    for (size_t c = 0; c < result.size(); ++c) {
      const double x = std::max(-samples_.low[c], samples_.high[c]), w = weight_reach_[c];
      if (!(x > 0) || !(w > 0)) continue;
      result[c] = round_scale(std::clamp(std::pow(x, exponent) / std::pow(w, 1 - exponent), 1e-4, 1e4));
    }
    return result;
  }

  double error(const std::vector<float>& scales) const {
    std::vector<float> rows = samples_.divided_rows(scales), weights = samples_.multiplied_weights(scales);
    float low = 0, high = 0;
    for (size_t c = 0; c < scales.size(); ++c) {
      low = std::min(low, samples_.low[c] / scales[c]);
      high = std::max(high, samples_.high[c] / scales[c]);
    }
    const RangeGrid grid(low, high, options_.activation);
    if (!(grid.scale > 0)) return 0;
    for (float& x : rows) x = static_cast<float>((grid.round(x) - grid.zero) * grid.scale);
    const auto outputs = static_cast<size_t>(samples_.outputs);
    std::vector<float> reach(outputs);
    for (size_t i = 0; i < weights.size(); ++i) reach[i % outputs] = std::max(reach[i % outputs], std::abs(weights[i]));
    const auto half = static_cast<float>(options_.weight_levels / 2);
    for (size_t i = 0; i < weights.size(); ++i) {
      const float step = reach[i % outputs] / half;
      if (step > 0) weights[i] = std::nearbyint(weights[i] / step) * step;
    }
    return samples_.error(rows, weights);
  }

 private:
  const SiteSamples& samples_;
  const SmoothOptions& options_;
  std::vector<float> weight_reach_;
};

struct Found {
  double before = 0, after = 0, exponent = 0, energy = 0;
  std::vector<float> scales;
};

Found search(const SiteSamples& samples, const SmoothOptions& options) {
  const SmoothSearch smooth(samples, options);
  Found found;
  found.energy = samples.energy();
  found.before = found.after = smooth.error(std::vector<float>(samples.low.size(), 1.0f));
  for (int tenth = 2; tenth <= 9; ++tenth) {
    const std::vector<float> scales = smooth.scales(tenth / 10.0);
    const double error = smooth.error(scales);
    if (error >= found.after) continue;
    found.after = error;
    found.exponent = tenth / 10.0;
    found.scales = scales;
  }
  return found;
}

}  // namespace

SmoothReport smooth_quant(Graph& graph, const Batches& batches, const SmoothOptions& options) {
  SmoothReport report;
  std::vector<ScaleSite> sites = scale_sites(graph);
  if (!options.insert)
    std::erase_if(sites, [&](const ScaleSite& site) {
      if (!site.foldable)
        report.skipped.push_back("'" + graph.value(site.value).name +
                                 "': the scale cannot be folded into what computes it");
      return !site.foldable;
    });
  const std::vector<SiteSamples> samples = sample_sites(graph, sites, batches, kRows, kOutputs, options.observe);
  std::vector<Found> found(sites.size());
  ThreadPool pool(options.observe.threads);
  pool.run(static_cast<int64_t>(sites.size()), [&](int64_t i, int) {
    const auto s = static_cast<size_t>(i);
    if (samples[s].count() > 0) found[s] = search(samples[s], options);
  });
  for (size_t s = 0; s < sites.size(); ++s) {
    const bool better = found[s].after < found[s].before * (sites[s].foldable ? options.gain : options.insert_gain);
    if (!better || found[s].scales.empty()) continue;
    report.places.push_back({graph.value(sites[s].value).name, found[s].exponent,
                             decibels(found[s].energy, found[s].before), decibels(found[s].energy, found[s].after),
                             !sites[s].foldable});
    apply_scale(graph, sites[s], found[s].scales);
  }
  unwrap(graph.sort());
  unwrap(infer_types(graph));
  unwrap(verify(graph));
  return report;
}

}  // namespace pare
