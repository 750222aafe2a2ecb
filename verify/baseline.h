// What a model was worth, in a small text file: CI compares with it and needs no reference model.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "verify/compare.h"

namespace pare {

struct Baseline {
  ComparedSide side;  // evaluation->detail is null
  std::string data_hash;
  std::vector<uint8_t> correct;  // 1 or 0 per sample, of proportions
};

// One "key value" per line after "pare-baseline 1"; outcomes are bits in hexadecimal, the first sample in the highest
// bit.
std::string print_baseline(const Baseline& baseline);
// Throws Error (input) naming the line that is wrong.
Baseline parse_baseline(const std::string& text, const std::string& where);
Baseline read_baseline(const std::filesystem::path& path);

// Of a model that was evaluated.
Baseline baseline_of(const ComparedSide& side);

// Like pair_evaluations: by sample where the baseline holds outcomes, else against its one number.
void pair_with_baseline(const Baseline& baseline, const Evaluation& candidate, const BootstrapOptions& options,
                        PairedResult& paired);

// A candidate against it. Throws Error: input when the data or its preprocessing changed, usage for bounds that need
// the reference model itself.
Comparison compare(const Baseline& baseline, const ComparedModel& candidate, const Dataset* dataset,
                   const Bounds& bounds, const CompareOptions& options = {});

}  // namespace pare
