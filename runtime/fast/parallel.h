// How kernels share work out over a pool.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include "runtime/thread_pool.h"

namespace pare {

// Calls body(index) for every index in [0, count). The reference keeps std::function from allocating.
template <class Body>
void parallel_for(ThreadPool& pool, int64_t count, const Body& body) {
  if (count == 1 || pool.threads() == 1) {
    for (int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  const auto task = [&body](int64_t index, int) { body(index); };
  pool.run(count, std::cref(task));
}

// Calls body(begin, end) over [0, count) in pieces of `grain`.
template <class Body>
void parallel_pieces(ThreadPool& pool, int64_t count, int64_t grain, const Body& body) {
  if (pool.threads() == 1) grain = std::max<int64_t>(count, 1);
  parallel_for(pool, (count + grain - 1) / grain,
               [&](int64_t piece) { body(piece * grain, std::min(count, (piece + 1) * grain)); });
}

}  // namespace pare
