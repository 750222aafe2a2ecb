// The families of metrics, for the factory in metrics.cc.
#pragma once

#include "verify/metrics.h"

namespace pare {

std::unique_ptr<Metric> make_class_metric(const MetricOptions& options);    // top1 top5 balanced_accuracy macro_f1
std::unique_ptr<Metric> make_ranking_metric(const MetricOptions& options);  // auc reconstruction_auc
std::unique_ptr<Metric> make_value_metric(const MetricOptions& options);    // mse mae psnr snr
std::unique_ptr<Metric> make_sequence_metric(
    const MetricOptions& options);  // perplexity bits_per_token exact_match ...

// The output's rows as float32 [count, elements per sample]. Throws Error (input) where dim 0 is not `count`.
Tensor rows_of(const Tensor& output, int64_t count, const std::string& metric);
// How often sample i is drawn: 1 where `counts` is empty.
inline double times(std::span<const uint32_t> counts, size_t i) { return counts.empty() ? 1.0 : counts[i]; }

}  // namespace pare
