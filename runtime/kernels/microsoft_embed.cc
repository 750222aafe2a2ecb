// EmbedLayerNormalization: sums of embeddings, normalized.
#include <cmath>

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;

// Adds row `at` of a table to a row of sums.
Result<void> add_row(const Tensor& table, int64_t at, std::span<double> sums, std::string_view name) {
  if (at < 0 || at >= table.dims()[0]) {
    return input_error(std::string(name) + " has " + std::to_string(at) + ", expected 0 to " +
                       std::to_string(table.dims()[0] - 1));
  }
  const auto columns = static_cast<int64_t>(sums.size());
  for (int64_t c = 0; c < columns; ++c) sums[static_cast<size_t>(c)] += table.as_double(at * columns + c);
  return {};
}

}  // namespace

Result<void> run(const EmbedLayerNormalization& op, KernelContext& context) {
  if (auto done = through_float32(op, context)) return *done;
  const Tensor& ids = context.inputs[0];
  const int64_t batch = ids.dims()[0], length = ids.dims()[1], columns = context.inputs[2].dims()[1];
  const DType dtype = context.inputs[2].dtype();
  PARE_ASSIGN(Tensor y, allocate(dtype, {batch, length, columns}));
  PARE_ASSIGN(Tensor kept, allocate(dtype, {batch, length, columns}));
  PARE_ASSIGN(Tensor counts, allocate(DType::int32, {batch}));
  std::vector<double> sums(static_cast<size_t>(columns));
  for (int64_t token = 0; token < batch * length; ++token) {
    std::fill(sums.begin(), sums.end(), 0.0);
    PARE_TRY(add_row(context.inputs[2], ids.as_int(token), sums, "input_ids"));
    int64_t position = token % length;
    if (context.has(8)) position = context.inputs[8].as_int(context.inputs[8].size() == length ? position : token);
    PARE_TRY(add_row(context.inputs[3], position, sums, "position_ids"));
    if (context.has(4) && context.has(1))
      PARE_TRY(add_row(context.inputs[4], context.inputs[1].as_int(token), sums, "segment_ids"));
    double mean = 0, squares = 0;
    for (const double x : sums) mean += x / static_cast<double>(columns);
    for (const double x : sums) squares += (x - mean) * (x - mean) / static_cast<double>(columns);
    for (int64_t c = 0; c < columns; ++c) {
      const double x = sums[static_cast<size_t>(c)];
      const double normal = (x - mean) / std::sqrt(squares + static_cast<double>(op.epsilon));
      kept.set_double(token * columns + c, x);
      y.set_double(token * columns + c, normal * context.inputs[5].as_double(c) + context.inputs[6].as_double(c));
    }
    if (context.has(7) && context.inputs[7].as_int(token) == 1) counts.mutable_data<int32_t>()[token / length] += 1;
  }
  context.outputs[0] = std::move(y);
  if (context.outputs.size() > 1) context.outputs[1] = std::move(counts);
  if (context.outputs.size() > 2) context.outputs[2] = std::move(kept);
  return {};
}

}  // namespace pare
