#include "quantize/awq.h"

#include <algorithm>
#include <cmath>

#include "graph/error.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "quantize/smooth_samples.h"
#include "runtime/thread_pool.h"

namespace pare {
namespace {

constexpr int64_t kRows = 128, kOutputs = 256;

// Symmetric rounding of each output's weights, [columns, outputs], by blocks of columns.
void round_weights(std::vector<float>& weights, size_t outputs, const AwqOptions& options) {
  const size_t columns = weights.size() / outputs;
  const size_t block = options.block > 0 ? static_cast<size_t>(options.block) : columns;
  const auto half = static_cast<float>((1 << (options.bits - 1)) - 1);
  std::vector<float> step(outputs);
  for (size_t first = 0; first < columns; first += block) {
    const size_t end = std::min(columns, first + block) * outputs;
    std::fill(step.begin(), step.end(), 0.0f);
    for (size_t i = first * outputs; i < end; ++i)
      step[i % outputs] = std::max(step[i % outputs], std::abs(weights[i]) / half);
    for (size_t i = first * outputs; i < end; ++i) {
      const float s = step[i % outputs];
      if (s > 0) weights[i] = std::nearbyint(weights[i] / s) * s;
    }
  }
}

struct Found {
  double before = 0, after = 0, exponent = 0, energy = 0;
  std::vector<float> scales;
};

Found search(const SiteSamples& samples, const AwqOptions& options) {
  const auto error = [&](const std::vector<float>& scales) {
    std::vector<float> weights = samples.multiplied_weights(scales);
    round_weights(weights, static_cast<size_t>(samples.outputs), options);
    return samples.error(samples.divided_rows(scales), weights);
  };
  Found found;
  found.energy = samples.energy();
  found.before = found.after = error(std::vector<float>(samples.mean.size(), 1.0f));
  constexpr int kSteps = 10;
  for (int step = 1; step <= kSteps; ++step) {
    const double exponent = static_cast<double>(step) / kSteps;
    std::vector<float> scales;
    for (const float m : samples.mean)
      scales.push_back(m > 0 ? round_scale(std::clamp(std::pow(double{m}, exponent), 1e-4, 1e4)) : 1.0f);
    const double e = error(scales);
    if (e >= found.after) continue;
    found.after = e;
    found.exponent = exponent;
    found.scales = scales;
  }
  return found;
}

}  // namespace

std::vector<AwqPlace> awq(Graph& graph, const Batches& batches, const AwqOptions& options) {
  std::vector<ScaleSite> sites = scale_sites(graph);
  std::erase_if(sites, [](const ScaleSite& site) { return !site.foldable; });
  const std::vector<SiteSamples> samples = sample_sites(graph, sites, batches, kRows, kOutputs, options.observe);
  std::vector<Found> found(sites.size());
  ThreadPool pool(options.observe.threads);
  pool.run(static_cast<int64_t>(sites.size()), [&](int64_t i, int) {
    const auto s = static_cast<size_t>(i);
    if (samples[s].count() > 0) found[s] = search(samples[s], options);
  });
  std::vector<AwqPlace> places;
  for (size_t s = 0; s < sites.size(); ++s) {
    if (found[s].scales.empty() || !(found[s].after < found[s].before * options.gain)) continue;
    places.push_back({graph.value(sites[s].value).name, found[s].exponent, decibels(found[s].energy, found[s].before),
                      decibels(found[s].energy, found[s].after)});
    apply_scale(graph, sites[s], found[s].scales);
  }
  unwrap(graph.sort());
  unwrap(infer_types(graph));
  unwrap(verify(graph));
  return places;
}

}  // namespace pare
