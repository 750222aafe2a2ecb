// Windows and transforms of signals. https://onnx.ai/onnx/operators. Everything runs in double.
#include <cmath>
#include <complex>
#include <numbers>

#include "runtime/kernels/dispatch.h"

namespace pare {
namespace {

using namespace kernels;
using Complex = std::complex<double>;

Result<int64_t> single(const Tensor& tensor, const std::string& what) {
  if (tensor.size() != 1 || tensor.rank() > 1 || !is_integer(tensor.dtype()))
    return input_error(what + " must be one integer, found " + to_string(tensor.type()));
  return tensor.as_int(0);
}

// Values as they come, in the type asked for: integers cut off their fractions.
Result<Tensor> converted(const Tensor& values, DType dtype) {
  if (!is_float(dtype) && !is_integer(dtype)) return no_kernel(dtype);
  return cast(values, dtype);
}

double window_at(Window::Kind kind, double position) {  // in turns
  const double turn = 2 * std::numbers::pi * position;
  switch (kind) {
    case Window::Kind::Blackman:
      return 0.42 - 0.5 * std::cos(turn) + 0.08 * std::cos(2 * turn);
    case Window::Kind::Hamming:
      return 25.0 / 46.0 - 21.0 / 46.0 * std::cos(turn);
    case Window::Kind::Hann:
      return 0.5 - 0.5 * std::cos(turn);
  }
  return 0;
}

// X[k] = sum of x[n] exp(sign 2 pi i k n / N). Halves an even N; an odd one is summed as it stands.
class Fourier {
 public:
  Fourier(int64_t size, double sign) : size_(size) {
    for (int64_t i = 0; i < size; ++i) {
      const double angle = sign * 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size);
      roots_.emplace_back(std::cos(angle), std::sin(angle));
    }
  }
  void transform(std::vector<Complex>& x) const {
    std::vector<Complex> from = x;
    step({from.data(), 1}, x.data(), size_);
  }

 private:
  struct Strided {
    const Complex* first;
    int64_t step;
  };
  void step(Strided x, Complex* out, int64_t n) const {
    const int64_t turn = n == 0 ? 0 : size_ / n;  // the n-th root is roots_[turn]
    if (n % 2 != 0) {
      for (int64_t k = 0; k < n; ++k) {
        Complex sum = 0;
        for (int64_t i = 0, at = 0; i < n; ++i, at = (at + k) % n)
          sum += x.first[i * x.step] * roots_[static_cast<size_t>(at * turn)];
        out[k] = sum;
      }
      return;
    }
    if (n == 0) return;
    const int64_t half = n / 2;
    step({x.first, 2 * x.step}, out, half);
    step({x.first + x.step, 2 * x.step}, out + half, half);
    for (int64_t k = 0; k < half; ++k) {
      const Complex even = out[k], odd = out[k + half] * roots_[static_cast<size_t>(k * turn)];
      out[k] = even + odd;
      out[k + half] = even - odd;
    }
  }

  int64_t size_;
  std::vector<Complex> roots_;
};

Complex element(const Tensor& x, int64_t i, bool complex) {
  return complex ? Complex(x.as_double(2 * i), x.as_double(2 * i + 1)) : Complex(x.as_double(i), 0);
}

struct Spectrum {
  int64_t length;  // of the transform
  int64_t taken;   // elements of the input that take part
  int64_t given;   // elements of the output
  bool real;       // the output has no imaginary part
};

Result<Spectrum> spectrum_of(const DFT& op, KernelContext& context, int64_t extent, bool complex) {
  const bool back = op.inverse != 0, onesided = op.onesided != 0;
  if (onesided && complex != back)
    return input_error(back ? "takes complex input for a one-sided inverse" : "takes real input for one side only");
  int64_t length = back && onesided ? 2 * (extent - 1) : extent;
  if (context.has(1)) {
    PARE_ASSIGN(length, single(context.inputs[1], "dft_length"));
  }
  if (length < 1 || length > int64_t{1} << 24)
    return input_error("the length of the transform is " + std::to_string(length) + ", expected 1 to 2^24");
  const int64_t side = length / 2 + 1;
  return Spectrum{length, std::min(extent, back && onesided ? side : length), onesided && !back ? side : length,
                  onesided && back};
}

}  // namespace

Result<void> run(const Window& op, KernelContext& context) {
  PARE_ASSIGN(const int64_t size, single(context.inputs[0], "size"));
  if (size < 0) return input_error("size is " + std::to_string(size) + ", expected 0 or more");
  PARE_ASSIGN(Tensor y, allocate(DType::float64, {size}));
  const int64_t period = op.periodic != 0 ? size : size - 1;
  auto out = y.mutable_data<double>();
  for (int64_t i = 0; i < size; ++i)
    out[i] = period == 0 ? 1.0 : window_at(op.kind, static_cast<double>(i) / static_cast<double>(period));
  PARE_ASSIGN(context.outputs[0], converted(y, op.output_datatype));
  return {};
}

Result<void> run(const DFT& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  const auto rank = x.dims().size();
  if (!is_float(x.dtype())) return no_kernel(x.dtype());
  if (rank < 2 || (x.dims().back() != 1 && x.dims().back() != 2))
    return input_error("takes signals whose last axis holds 1 real or 2 complex parts, found " + to_string(x.type()));
  int64_t wanted = -2;
  if (context.has(2)) {
    PARE_ASSIGN(wanted, single(context.inputs[2], "axis"));
  }
  PARE_ASSIGN(const size_t axis, axis_of(wanted, rank));
  if (axis == rank - 1) return input_error("axis is the last one, which holds the parts of a complex number");
  const bool complex = x.dims().back() == 2;
  const int64_t extent = x.dims()[axis], inner = product(x.dims(), axis + 1, rank - 1);
  PARE_ASSIGN(const Spectrum spectrum, spectrum_of(op, context, extent, complex));
  Dims dims = x.dims();
  dims[axis] = spectrum.given;
  dims[rank - 1] = spectrum.real ? 1 : 2;
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), dims));
  const Fourier fourier(spectrum.length, op.inverse != 0 ? 1 : -1);
  const double scale = op.inverse != 0 ? 1 / static_cast<double>(spectrum.length) : 1;
  std::vector<Complex> line(static_cast<size_t>(spectrum.length));
  for (int64_t l = 0; l < product(x.dims(), 0, axis) * inner; ++l) {
    std::fill(line.begin(), line.end(), Complex(0));
    for (int64_t k = 0; k < spectrum.taken; ++k)
      line[static_cast<size_t>(k)] = element(x, (l / inner * extent + k) * inner + l % inner, complex);
    for (int64_t k = 1; spectrum.real && k < (spectrum.length + 1) / 2; ++k)
      line[static_cast<size_t>(spectrum.length - k)] = std::conj(line[static_cast<size_t>(k)]);
    fourier.transform(line);
    for (int64_t k = 0; k < spectrum.given; ++k) {
      const int64_t to = (l / inner * spectrum.given + k) * inner + l % inner;
      const Complex value = line[static_cast<size_t>(k)] * scale;
      y.set_double(spectrum.real ? to : 2 * to, value.real());
      if (!spectrum.real) y.set_double(2 * to + 1, value.imag());
    }
  }
  context.outputs[0] = std::move(y);
  return {};
}

Result<void> run(const STFT& op, KernelContext& context) {
  const Tensor& x = context.inputs[0];
  if (!is_float(x.dtype())) return no_kernel(x.dtype());
  const bool complex = x.rank() == 3 && x.dims()[2] == 2;
  if (x.rank() != 2 && !(x.rank() == 3 && (complex || x.dims()[2] == 1)))
    return input_error("takes signals [batch,length,1 or 2], found " + to_string(x.type()));
  if (op.onesided != 0 && complex) return input_error("cannot give one side only of complex signals");
  PARE_ASSIGN(const int64_t step, single(context.inputs[1], "frame_step"));
  const int64_t batch = x.dims()[0], length = x.dims()[1];
  const Tensor* window = context.has(2) ? &context.inputs[2] : nullptr;
  int64_t frame = window ? window->size() : length;
  if (context.has(3)) {
    PARE_ASSIGN(frame, single(context.inputs[3], "frame_length"));
  }
  if (step < 1) return input_error("frame_step is " + std::to_string(step) + ", expected 1 or more");
  if (frame < 1 || frame > length)
    return input_error("frame_length is " + std::to_string(frame) + ", expected 1 to the signal's " +
                       std::to_string(length));
  if (window && (window->rank() != 1 || window->size() != frame || !is_float(window->dtype())))
    return input_error("window must hold one number per place of a frame, " + std::to_string(frame) + ", found " +
                       to_string(window->type()));
  const int64_t frames = (length - frame) / step + 1, bins = op.onesided != 0 ? frame / 2 + 1 : frame;
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), {batch, frames, bins, 2}));
  const Fourier fourier(frame, -1);
  std::vector<Complex> line(static_cast<size_t>(frame));
  for (int64_t f = 0; f < batch * frames; ++f) {
    const int64_t begin = f / frames * length + f % frames * step;
    for (int64_t i = 0; i < frame; ++i)
      line[static_cast<size_t>(i)] = element(x, begin + i, complex) * (window ? window->as_double(i) : 1.0);
    fourier.transform(line);
    for (int64_t k = 0; k < bins; ++k) {
      y.set_double((f * bins + k) * 2, line[static_cast<size_t>(k)].real());
      y.set_double((f * bins + k) * 2 + 1, line[static_cast<size_t>(k)].imag());
    }
  }
  context.outputs[0] = std::move(y);
  return {};
}

// Triangles between bins that lie evenly on the mel scale, mel(f) = 2595 log10(1 + f / 700); each peaks at 1.
Result<void> run(const MelWeightMatrix& op, KernelContext& context) {
  std::array<int64_t, 3> counts{};
  const std::array<const char*, 3> names{"num_mel_bins", "dft_length", "sample_rate"};
  for (size_t i = 0; i < counts.size(); ++i) {
    PARE_ASSIGN(counts[i], single(context.inputs[i], names[i]));
    if (counts[i] < 1 || counts[i] > INT32_MAX)
      return input_error(std::string(names[i]) + " is " + std::to_string(counts[i]) + ", expected 1 to 2^31 - 1");
  }
  const auto [bands, length, rate] = counts;
  if (context.inputs[3].size() != 1 || context.inputs[4].size() != 1)
    return input_error("edges must be single numbers");
  const auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double low = mel(context.inputs[3].as_double(0)), high = mel(context.inputs[4].as_double(0));
  if (!std::isfinite(low) || !std::isfinite(high)) return input_error("edges must be finite and above -700 Hz");
  const int64_t bins = length / 2 + 1;
  PARE_ASSIGN(Tensor y, allocate(DType::float64, {bins, bands}));
  auto out = y.mutable_data<double>();
  // Bins outside the spectrum have no row.
  const auto bin_at = [&](int64_t i) {
    const double at = low + static_cast<double>(i) * (high - low) / static_cast<double>(bands + 2);
    const double hertz = 700 * (std::pow(10, at / 2595) - 1);
    const double bin = std::floor(static_cast<double>(length + 1) * hertz / static_cast<double>(rate));
    return static_cast<int64_t>(std::clamp(bin, -1e15, 1e15));
  };
  for (int64_t band = 0; band < bands; ++band) {
    const int64_t left = bin_at(band), center = bin_at(band + 1), right = bin_at(band + 2);
    for (int64_t bin = std::max<int64_t>(0, std::min(left, center)); bin < bins && bin <= std::max(center, right);
         ++bin) {
      double& weight = out[bin * bands + band];
      if (bin >= left && bin <= center)
        weight = left == center ? 1 : static_cast<double>(bin - left) / static_cast<double>(center - left);
      if (bin >= center && bin < right) weight = static_cast<double>(right - bin) / static_cast<double>(right - center);
    }
  }
  PARE_ASSIGN(context.outputs[0], converted(y, op.output_datatype));
  return {};
}

}  // namespace pare
