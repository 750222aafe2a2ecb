#include "formats/data/preprocess.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "formats/data/strided.h"

namespace pare {
namespace {

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

Result<Tensor> to_float(Tensor tensor) {
  if (tensor.dtype() == DType::float32) return tensor;
  return cast(tensor, DType::float32);
}

// f(x, values[c]) over the channel axis, or with the one value everywhere.
template <class F>
Result<Tensor> per_channel(Tensor batch, size_t axis, const std::vector<double>& values, const std::string& what, F f) {
  PARE_ASSIGN(Tensor out, to_float(std::move(batch)));
  const Dims& dims = out.dims();
  size_t channels = 1, inner = static_cast<size_t>(out.size());
  if (values.size() > 1) {
    if (axis >= dims.size() || static_cast<size_t>(dims[axis]) != values.size()) {
      const std::string found = axis < dims.size() ? std::to_string(dims[axis]) : "no";
      return input_error(what + " has " + std::to_string(values.size()) + " values, but the data " +
                         to_string(Type{out.dtype(), Shape(dims.begin(), dims.end())}) + " have " + found +
                         " channels in axis " + std::to_string(axis) +
                         "; give one value per channel, or a layout step first");
    }
    channels = values.size();
    inner = 1;
    for (size_t i = axis + 1; i < dims.size(); ++i) inner *= static_cast<size_t>(dims[i]);
  }
  const auto data = out.mutable_data<float>();
  for (size_t at = 0, c = 0; at < data.size(); at += inner, c = c + 1 == channels ? 0 : c + 1) {
    const float value = static_cast<float>(values[c]);
    for (float& x : data.subspan(at, inner)) x = f(x, value);
  }
  return out;
}

Result<Tensor> permute(const Tensor& batch, const LayoutStep& step) {
  const size_t rank = step.from.size();
  if (static_cast<size_t>(batch.rank()) != rank) {
    return input_error("layout names the axes " + step.from + ", but the data " + to_string(batch.type()) +
                       " have rank " + std::to_string(batch.rank()));
  }
  const size_t width = static_cast<size_t>(bits(batch.dtype())) / 8;
  Dims dims(rank), strides(rank);
  for (size_t i = 0; i < rank; ++i) {
    const size_t source = step.from.find(step.to[i]);
    dims[i] = batch.dims()[source];
    strides[i] = std::accumulate(batch.dims().begin() + static_cast<std::ptrdiff_t>(source) + 1, batch.dims().end(),
                                 int64_t{1}, std::multiplies<>());
  }
  Tensor out(batch.dtype(), dims);
  gather_strided(dims, strides, width, batch.bytes().data(), out.mutable_bytes().data());
  return out;
}

}  // namespace

Result<Tensor> apply(const Preprocess& preprocess, const std::string& input, Tensor batch) {
  // The axes' names: NCHW, or what the file's first layout step says it starts from.
  std::string layout = "NCHW";
  for (const PreprocessStep& step : preprocess.steps) {
    const auto* given = std::get_if<LayoutStep>(&step.op);
    if (given == nullptr || (!step.input.empty() && step.input != input)) continue;
    layout = given->from;
    break;
  }
  for (const PreprocessStep& step : preprocess.steps) {
    if (!step.input.empty() && step.input != input) continue;
    auto result = std::visit(Overload{[&](const ScaleStep& s) {
                                        return per_channel(std::move(batch), layout.find('C'), {s.value}, "scale",
                                                           [](float x, float v) { return x * v; });
                                      },
                                      [&](const MeanStep& s) {
                                        return per_channel(std::move(batch), layout.find('C'), s.values, "mean",
                                                           [](float x, float v) { return x - v; });
                                      },
                                      [&](const StdStep& s) {
                                        return per_channel(std::move(batch), layout.find('C'), s.values, "std",
                                                           [](float x, float v) { return x / v; });
                                      },
                                      [&](const LayoutStep& s) {
                                        layout = s.to;
                                        return permute(batch, s);
                                      },
                                      [&](const CastStep& s) { return cast(batch, s.to); },
                                      [&](const ResizeStep& s) { return apply_resize(s, batch, layout); },
                                      [&](const CropStep& s) { return apply_crop(s, batch, layout); },
                                      [&](const ColourStep& s) { return apply_colour(s, batch, layout); },
                                      [&](const PadStep& s) { return apply_pad(s, batch); },
                                      [&](const OneHotStep& s) { return apply_one_hot(s, batch); }},
                             step.op);
    if (!result) return result.failure();
    batch = *std::move(result);
  }
  return batch;
}

}  // namespace pare
