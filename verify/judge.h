// The verdict on a comparison whose numbers are there.
#pragma once

#include "verify/compare.h"

namespace pare {

// Fills result.bounds and result.verdict.
void judge(const Bounds& bounds, const CompareOptions& options, Comparison& result);

// How much worse the candidate's value is: in points where the metric is a share, else in its unit.
double worsening(const MetricTraits& traits, double reference, double candidate);

}  // namespace pare
