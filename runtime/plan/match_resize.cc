// Linear and cubic Resize of spatial axes: each axis is a weighted sum of a few elements of the input's. The weights
// are those that the plain kernel gives for one element at a time, so that every mode is what it says.
#include <algorithm>
#include <span>

#include "runtime/kernels.h"
#include "runtime/plan/builder.h"

namespace pare {
namespace {

constexpr int64_t kMostWeights = int64_t{1} << 22;  // of an axis, all elements of the input by all of the output

struct Taps {
  int64_t size = 0, taps = 0;
  std::vector<int32_t> index;
  std::vector<float> weight;

  AxisTaps axis() const { return {size, taps, index.data(), weight.data()}; }
};

// Weights [in, out] as the taps that are not zero.
Taps taps_of(std::span<const float> weights, int64_t in, int64_t out) {
  Taps taps{.size = out, .taps = 1};
  for (int64_t o = 0; o < out; ++o) {
    int64_t count = 0;
    for (int64_t i = 0; i < in; ++i) count += weights[static_cast<size_t>(i * out + o)] != 0 ? 1 : 0;
    taps.taps = std::max(taps.taps, count);
  }
  for (int64_t o = 0; o < out; ++o) {
    int64_t count = 0;
    for (int64_t i = 0; i < in; ++i) {
      const float weight = weights[static_cast<size_t>(i * out + o)];
      if (weight == 0) continue;
      taps.index.push_back(static_cast<int32_t>(i));
      taps.weight.push_back(weight);
      ++count;
    }
    for (; count < taps.taps; ++count) {
      taps.index.push_back(0);
      taps.weight.push_back(0);
    }
  }
  return taps;
}

// What the operator makes of axis `axis`, from one image for each element of it.
std::optional<Taps> axis_taps(const Builder& builder, const Node& node, const Resize& op, size_t axis) {
  const int64_t in = builder.dims(node.inputs[0])[axis], out = builder.dims(node.outputs[0])[axis];
  if (in * std::max(in, out) > kMostWeights) return std::nullopt;
  std::vector<float> identity(static_cast<size_t>(in * in), 0.0f);
  for (int64_t i = 0; i < in; ++i) identity[static_cast<size_t>(i * in + i)] = 1;
  Resize alone = op;
  alone.axes = {1};
  std::vector<Tensor> inputs(4);
  inputs[0] = Tensor::of<float>({in, in}, identity);
  for (const size_t slot : {2, 3}) {
    if (slot >= node.inputs.size() || node.inputs[slot] == ValueId::none) continue;
    const Tensor* given = builder.constant(node.inputs[slot]);
    if (given == nullptr || given->size() == 0) continue;
    if (given->size() != static_cast<int64_t>(builder.dims(node.inputs[0]).size())) return std::nullopt;
    if (slot == 2)
      inputs[2] = Tensor::of<float>({1}, {static_cast<float>(given->as_double(static_cast<int64_t>(axis)))});
    else
      inputs[3] = Tensor::of<int64_t>({1}, {given->as_int(static_cast<int64_t>(axis))});
  }
  const auto weights = execute(alone, inputs);
  if (!weights || (*weights)[0].dims() != Dims{in, out}) return std::nullopt;
  return taps_of((*weights)[0].data<float>(), in, out);
}

}  // namespace

bool match_resize(Builder& builder, NodeId id) {
  const Node& node = builder.node(id);
  const auto* op = as<Resize>(node.op);
  if (!op || op->mode == "nearest" || !op->axes.empty() || op->keep_aspect_ratio_policy != "stretch" ||
      op->coordinate_transformation_mode == "tf_crop_and_resize" || builder.dtype(node.inputs[0]) != DType::float32)
    return false;
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (node.inputs[i] != ValueId::none && builder.constant(node.inputs[i]) == nullptr) return false;
  const Dims& d = builder.dims(node.inputs[0]);
  const Dims& out_dims = builder.dims(node.outputs[0]);
  if (d.size() != 4 || out_dims[0] != d[0] || out_dims[1] != d[1] || count_of(d) == 0 || count_of(out_dims) == 0)
    return false;
  const auto y = axis_taps(builder, node, *op, 2), x = axis_taps(builder, node, *op, 3);
  if (!y || !x) return false;
  builder.claim(id);
  const int in = builder.require(node.inputs[0], Order::channels_last);
  const int out = builder.create(node.outputs[0], Order::channels_last);
  Step step{.kernel = "resize." + op->mode + ".float", .nodes = {id}, .reads = {in}, .writes = {out}};
  step.scratch = static_cast<size_t>(builder.threads * d[3] * d[1]) * sizeof(float);
  step.run = [=, d = d, y = *y, x = *x](const Frame& frame) {
    frame.kernels.resize(d[0], d[2], d[3], d[1], y.axis(), x.axis(), frame.at<const float>(in), frame.at<float>(out),
                         reinterpret_cast<float*>(frame.scratch), frame.pool);
    return Result<void>();
  };
  builder.add(std::move(step));
  return true;
}

}  // namespace pare
