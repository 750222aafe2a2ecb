// Steps that know what the axes of a batch mean.
#include <algorithm>
#include <cmath>

#include "formats/data/preprocess.h"

namespace pare {
namespace {

Result<size_t> axis_named(char letter, const Tensor& batch, const std::string& layout, const std::string& step) {
  const size_t axis = layout.find(letter);
  if (layout.size() == static_cast<size_t>(batch.rank()) && axis != std::string::npos) return axis;
  return input_error(step + " needs an axis " + letter + " in data of layout " + layout + ", found " +
                     to_string(batch.type()) + "; name the axes with a layout step");
}

// The elements of `in` shifted along each axis: out[i] = in[i + offset], zero where there is none.
Tensor window(const Tensor& in, const Dims& dims, const Dims& offset) {
  Tensor out(in.dtype(), dims);
  const size_t width = static_cast<size_t>(bits(in.dtype())) / 8, rank = dims.size();
  Dims strides(rank, 1);
  for (size_t i = rank - 1; i-- > 0;) strides[i] = strides[i + 1] * in.dims()[i + 1];
  Dims index(rank, 0);
  const auto to = out.mutable_bytes();
  for (int64_t e = 0; e < out.size(); ++e) {
    int64_t from = 0;
    bool inside = true;
    for (size_t i = 0; i < rank; ++i) {
      const int64_t at = index[i] + offset[i];
      inside = inside && at >= 0 && at < in.dims()[i];
      from += at * strides[i];
    }
    if (inside)
      std::copy_n(in.bytes().data() + static_cast<size_t>(from) * width, width,
                  to.data() + static_cast<size_t>(e) * width);
    for (size_t i = rank; i-- > 0;) {
      if (++index[i] < dims[i]) break;
      index[i] = 0;
    }
  }
  return out;
}

}  // namespace

Result<Tensor> apply_resize(const ResizeStep& step, const Tensor& batch, const std::string& layout) {
  PARE_ASSIGN(const size_t h, axis_named('H', batch, layout, "resize"));
  PARE_ASSIGN(const size_t w, axis_named('W', batch, layout, "resize"));
  const int64_t height = batch.dims()[h], width = batch.dims()[w];
  Resample options{h, w, step.height, step.width, step.filter, step.antialias};
  if (step.shorter > 0) {
    // The longer side keeps the proportion, cut to whole pixels as torchvision and most recipes do.
    options.height = height <= width ? step.shorter : step.shorter * height / width;
    options.width = width <= height ? step.shorter : step.shorter * width / height;
  }
  return resample(batch, options);
}

Result<Tensor> apply_crop(const CropStep& step, const Tensor& batch, const std::string& layout) {
  PARE_ASSIGN(const size_t h, axis_named('H', batch, layout, "crop"));
  PARE_ASSIGN(const size_t w, axis_named('W', batch, layout, "crop"));
  Dims dims = batch.dims(), offset(dims.size(), 0);
  const int64_t side =
      static_cast<int64_t>(std::lround(step.fraction * static_cast<double>(std::min(dims[h], dims[w]))));
  for (const auto& [axis, wanted] : {std::pair(h, step.height), std::pair(w, step.width)}) {
    const int64_t extent = step.fraction > 0 ? std::max<int64_t>(side, 1) : wanted;
    // Half a pixel to the even side, as torchvision's centre crop.
    offset[axis] = static_cast<int64_t>(std::nearbyint(static_cast<double>(dims[axis] - extent) / 2));
    dims[axis] = extent;
  }
  return window(batch, dims, offset);
}

Result<Tensor> apply_colour(const ColourStep& step, const Tensor& batch, const std::string& layout) {
  PARE_ASSIGN(const size_t axis, axis_named('C', batch, layout, "colour"));
  if (step.to == ColourStep::To::rgb) return batch;
  if (batch.dims()[axis] != 3)
    return input_error("colour needs 3 channels in axis " + std::to_string(axis) + ", found " +
                       to_string(batch.type()));
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= batch.dims()[i];
  for (size_t i = axis + 1; i < batch.dims().size(); ++i) inner *= batch.dims()[i];
  const bool grey = step.to == ColourStep::To::grey;
  Dims dims = batch.dims();
  if (grey) dims[axis] = 1;
  Tensor out(batch.dtype(), dims);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      const auto at = [&](int64_t c) { return (o * 3 + c) * inner + i; };
      if (grey) {
        const double sum =
            19595 * batch.as_double(at(0)) + 38470 * batch.as_double(at(1)) + 7471 * batch.as_double(at(2));
        const double value = is_float(batch.dtype()) ? sum / 65536 : std::floor((sum + 32768) / 65536);
        out.set_double(o * inner + i, value);
        continue;
      }
      for (int64_t c = 0; c < 3; ++c) out.set_double(at(c), batch.as_double(at(2 - c)));
    }
  }
  return out;
}

Result<Tensor> apply_pad(const PadStep& step, const Tensor& batch) {
  if (batch.rank() < 2) return input_error("pad needs samples of at least one axis, found " + to_string(batch.type()));
  Dims dims = batch.dims();
  const int64_t before = dims.back();
  dims.back() = step.length;
  Tensor out = window(batch, dims, Dims(dims.size(), 0));
  if (step.value == 0 || before >= step.length) return out;
  for (int64_t i = 0; i < out.size(); ++i)
    if (i % step.length >= before) out.set_double(i, step.value);
  return out;
}

Result<Tensor> apply_one_hot(const OneHotStep& step, const Tensor& batch) {
  if (!is_integer(batch.dtype())) return input_error("one_hot needs integers, found " + to_string(batch.type()));
  Dims dims = batch.dims();
  dims.push_back(step.classes);
  const auto bytes = tensor_bytes(DType::float32, dims);
  if (!bytes || *bytes > (size_t{1} << 32))
    return input_error("one_hot would make more than 4 GiB of " + to_string(batch.type()));
  Tensor out(DType::float32, dims);
  for (int64_t i = 0; i < batch.size(); ++i) {
    const int64_t value = batch.as_int(i);
    if (value < 0 || value >= step.classes) {
      return input_error("one_hot found " + std::to_string(value) + ", expected 0 to " +
                         std::to_string(step.classes - 1));
    }
    out.mutable_data<float>()[static_cast<size_t>(i * step.classes + value)] = 1;
  }
  return out;
}

}  // namespace pare
