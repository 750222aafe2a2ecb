// What a model takes of memory, as the system sees it.
#pragma once

#include "verify/compare.h"

namespace pare::cli {

// The largest resident set, in bytes, of a process of its own that loads the model, and its decoder, and runs one
// sample on one thread: zeros where `inputs` is empty. Nothing where such a process cannot be started or fails.
std::optional<int64_t> process_peak(const ComparedModel& model, const std::vector<Tensor>& inputs);

}  // namespace pare::cli
