#include "compress/layer_rows.h"

#include <algorithm>
#include <cmath>

namespace pare {
namespace {

// Place i of `count` among `total`, by the golden ratio: spread evenly, in step with no period of the data.
int64_t place(int64_t i, int64_t total) {
  constexpr double kGolden = 0.6180339887498949;
  double fraction = static_cast<double>(i) * kGolden;
  fraction -= std::floor(fraction);
  return std::min(total - 1, static_cast<int64_t>(fraction * static_cast<double>(total)));
}

std::vector<int64_t> or_fill(const std::vector<int64_t>& values, size_t size, int64_t fill) {
  return values.empty() ? std::vector<int64_t>(size, fill) : values;
}

int64_t rows_of(const Tensor& tensor) { return tensor.size() / std::max<int64_t>(1, tensor.dims().back()); }

}  // namespace

bool LayerRows::supports(const Graph& graph, const WeightUse& use) {
  const Node& node = graph.node(use.node);
  const Tensor& weight = *graph.value(use.weight).constant;
  if (weight.dtype() != DType::float32 || use.input_axis < 0 || use.output_axis < 0) return false;
  if (const Conv* conv = as<Conv>(node.op)) return conv->group == 1;
  if (const Gemm* gemm = as<Gemm>(node.op)) return gemm->transA == 0 && gemm->alpha != 0;
  return as<MatMul>(node.op) != nullptr && weight.rank() == 2;
}

LayerRows::LayerRows(const Graph& graph, const WeightUse& use) {
  const Node& node = graph.node(use.node);
  const Tensor& weight = *graph.value(use.weight).constant;
  channels_ = weight.dims()[static_cast<size_t>(use.input_axis)];
  outputs_ = weight.dims()[static_cast<size_t>(use.output_axis)];
  if (const Conv* conv = as<Conv>(node.op)) {
    convolution_ = true;
    kernel_.assign(weight.dims().begin() + 2, weight.dims().end());
    strides_ = or_fill(conv->strides, kernel_.size(), 1);
    dilations_ = or_fill(conv->dilations, kernel_.size(), 1);
    pads_ = or_fill(conv->pads, 2 * kernel_.size(), 0);
    auto_pad_ = conv->auto_pad;
    for (int64_t extent : kernel_) block_ *= extent;
    return;
  }
  transposed_ = use.output_axis == 0;
  if (const Gemm* gemm = as<Gemm>(node.op)) alpha_ = gemm->alpha;
}

RowMatrix LayerRows::inputs(const Tensor& data, int64_t count) const {
  const float* from = data.data<float>().data();
  if (!convolution_) {
    RowMatrix rows(count, channels_);
    for (int64_t i = 0; i < count; ++i) {
      rows.row(i) = Eigen::Map<const Eigen::RowVectorXf>(from + place(i, rows_of(data)) * channels_, channels_);
    }
    return rows;
  }
  size_t spatial = kernel_.size();
  std::vector<int64_t> extents(data.dims().begin() + 2, data.dims().end()), out(spatial), begin(spatial);
  int64_t plane = 1, places = data.dims()[0];
  for (size_t s = 0; s < spatial; ++s) {
    int64_t reach = (kernel_[s] - 1) * dilations_[s] + 1;
    int64_t before = pads_[s], after = pads_[s + spatial];
    if (auto_pad_ == "SAME_UPPER" || auto_pad_ == "SAME_LOWER") {
      int64_t size = (extents[s] + strides_[s] - 1) / strides_[s];
      int64_t total = std::max<int64_t>(0, (size - 1) * strides_[s] + reach - extents[s]);
      before = auto_pad_ == "SAME_UPPER" ? total / 2 : total - total / 2;
      after = total - before;
    } else if (auto_pad_ == "VALID") {
      before = after = 0;
    }
    begin[s] = before;
    out[s] = (extents[s] + before + after - reach) / strides_[s] + 1;
    plane *= extents[s];
    places *= out[s];
  }
  RowMatrix rows = RowMatrix::Zero(count, channels_ * block_);
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = place(i, places);
    std::vector<int64_t> at(spatial);
    for (size_t s = spatial; s-- > 0; rest /= out[s]) at[s] = rest % out[s];
    const float* image = from + rest * channels_ * plane;
    for (int64_t k = 0; k < block_; ++k) {
      int64_t offset = 0, kernel_rest = k, stride = 1;
      bool inside = true;
      for (size_t s = spatial; s-- > 0; kernel_rest /= kernel_[s]) {
        int64_t position = at[s] * strides_[s] - begin[s] + kernel_rest % kernel_[s] * dilations_[s];
        inside = inside && position >= 0 && position < extents[s];
        offset += position * stride;
        stride *= extents[s];
      }
      if (!inside) continue;
      for (int64_t c = 0; c < channels_; ++c) rows(i, c * block_ + k) = image[c * plane + offset];
    }
  }
  return rows;
}

RowMatrix LayerRows::results(const Tensor& result, int64_t count) const {
  const float* from = result.data<float>().data();
  RowMatrix rows(count, outputs_);
  if (!convolution_) {
    for (int64_t i = 0; i < count; ++i) {
      rows.row(i) = Eigen::Map<const Eigen::RowVectorXf>(from + place(i, rows_of(result)) * outputs_, outputs_);
    }
    return rows;
  }
  int64_t places = result.size() / outputs_, plane = places / result.dims()[0];
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = place(i, places);
    const float* image = from + at / plane * outputs_ * plane + at % plane;
    for (int64_t c = 0; c < outputs_; ++c) rows(i, c) = image[c * plane];
  }
  return rows;
}

RowMatrix LayerRows::weight(const Tensor& tensor) const {
  const float* from = tensor.data<float>().data();
  if (convolution_ || transposed_) {
    return alpha_ * Eigen::Map<const RowMatrix>(from, outputs_, channels_ * block_);
  }
  return alpha_ * Eigen::Map<const RowMatrix>(from, channels_, outputs_).transpose();
}

Tensor LayerRows::tensor(const RowMatrix& weight, const Tensor& like) const {
  Tensor result(like.dtype(), like.dims());
  float* to = result.mutable_data<float>().data();
  if (convolution_ || transposed_) {
    Eigen::Map<RowMatrix>(to, outputs_, channels_ * block_) = weight / alpha_;
  } else {
    Eigen::Map<RowMatrix>(to, channels_, outputs_) = weight.transpose() / alpha_;
  }
  return result;
}

}  // namespace pare
