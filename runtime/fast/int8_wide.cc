#include "runtime/fast/int8_wide.h"

#include <algorithm>
#include <cassert>

#include "runtime/fast/int8_state.h"

namespace pare {
namespace {

constexpr int64_t kTaskRows = 48;           // of a task, at least, where there are so many
constexpr int64_t kTaskLines = 4 * 1024;    // weight lines times rows below which a task is not worth its start
constexpr int64_t kWeightLines = 8 * 1024;  // of a task that walks through them again and again: second-level cache

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t plane_bytes(const Int8Conv::State& state) { return ceil_div(state.run_groups * 4, 64) * 64; }

struct Job {
  const Int8Conv::State& state;
  const Int8WideData& data;
  int64_t rows, plane;
  uint8_t* planes;
  float* scales;
  int64_t pieces, chunks;

  void split(int64_t row) const {
    const Int8Micro& micro = *state.micro;
    const float* x = data.x + row * data.x_stride;
    uint8_t* upper = planes + row * 2 * plane;
    uint8_t* lower = upper + plane;
    if (state.format == Int8Format::bytes) {
      scales[row] = micro.split(x, upper, lower, state.run_length);
      return;
    }
    // Bytes go to the second half of each plane; from there they are widened forward, over what has been read.
    scales[row] = micro.split(x, upper + plane / 2, lower + plane / 2, state.run_length);
    micro.widen(upper + plane / 2, 0, upper, state.run_length);
    micro.widen(lower + plane / 2, 0, lower, state.run_length);
  }

  void multiply(int64_t task) const {
    const int64_t piece = task % pieces, chunk = task / pieces;
    multiply(rows * piece / pieces, rows * (piece + 1) / pieces, state.panels * chunk / chunks,
             state.panels * (chunk + 1) / chunks);
  }

  void multiply(int64_t begin, int64_t end, int64_t first_panel, int64_t last_panel) const {
    static constexpr int64_t kRun = 0;
    Int8WideArgs args{};
    Int8BlockArgs& block = args.block;
    block.runs = &kRun;
    block.run_count = 1;
    block.run_groups = state.run_groups;
    block.panel_bytes = state.run_groups * 64;
    block.weights = state.weight_data();
    block.start = state.start.data();
    block.channels = state.shape.out_channels;
    block.first = begin;
    block.count = end - begin;
    block.panel_begin = first_panel;
    block.panel_end = last_panel;
    block.y = reinterpret_cast<uint8_t*>(data.y);
    block.y_stride = data.y_stride;
    block.epilogue.multiplier = state.multiplier.data();
    block.epilogue.addend = state.addend.data();
    args.rows = planes;
    args.plane_bytes = plane;
    args.row_scale = scales;
    args.residual = data.residual;
    args.residual_stride = data.residual_stride;
    (state.format == Int8Format::bytes ? state.micro->wide_bytes : state.micro->wide_words)(args);
  }
};

}  // namespace

size_t int8_wide_scratch(const Int8Conv& weights, int64_t rows) {
  return static_cast<size_t>(64 + rows * (2 * plane_bytes(weights.state()) + 4));
}

void int8_wide(const Int8Conv& weights, int64_t rows, const Int8WideData& data, std::span<std::byte> scratch,
               ThreadPool& pool) {
  const Int8Conv::State& state = weights.state();
  assert(scratch.size() >= int8_wide_scratch(weights, rows));
  const auto address = reinterpret_cast<uintptr_t>(scratch.data());
  Job job{state, data, rows, plane_bytes(state)};
  job.planes = reinterpret_cast<uint8_t*>((address + 63) / 64 * 64);
  job.scales = reinterpret_cast<float*>(job.planes + rows * 2 * job.plane);
  const int64_t lines = state.panels * state.run_groups;
  job.pieces = 1;
  job.chunks = rows > kTaskRows ? std::clamp<int64_t>(ceil_div(lines, kWeightLines), 1, state.panels) : 1;
  if (pool.threads() == 1 || rows * lines < 2 * kTaskLines) {
    for (int64_t row = 0; row < rows; ++row) job.split(row);
    if (job.chunks == 1) return job.multiply(0, rows, 0, state.panels);
    for (int64_t chunk = 0; chunk < job.chunks; ++chunk) job.multiply(chunk);
    return;
  }
  job.pieces = std::clamp<int64_t>(rows / kTaskRows, 1, 3 * pool.threads());
  const int64_t tasks = std::min<int64_t>(rows * lines / kTaskLines, 2 * pool.threads());
  job.chunks = std::clamp(std::max(job.chunks, ceil_div(tasks, job.pieces)), int64_t{1}, state.panels);
  pool.run(rows, [&job](int64_t row, int) { job.split(row); });
  pool.run(job.pieces * job.chunks, [&job](int64_t task, int) { job.multiply(task); });
}

}  // namespace pare
