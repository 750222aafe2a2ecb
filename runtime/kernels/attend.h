// Scaled dot product attention, which several operators share: their forms differ in how heads lie in memory, in what
// is added to the scores and in caches.
#pragma once

#include <cmath>
#include <functional>
#include <limits>

#include "runtime/kernels/dispatch.h"

namespace pare::kernels {

// [batch, heads, length, size] somewhere in a buffer; the elements of a row are neighbours.
template <class T>
struct Heads {
  const T* data = nullptr;
  int64_t batch = 0, heads = 0, length = 0, size = 0;
  int64_t batch_stride = 0, head_stride = 0, row_stride = 0;
  const T* row(int64_t b, int64_t h, int64_t i) const {
    return data + b * batch_stride + h * head_stride + i * row_stride;
  }
};

// Of a tensor [batch, heads, length, size], or [batch, length, heads * size].
template <class T>
Heads<T> heads_of(const Tensor& tensor, int64_t heads) {
  const Dims& d = tensor.dims();
  const T* data = tensor.data<T>().data();
  if (d.size() == 4) return {data, d[0], d[1], d[2], d[3], d[1] * d[2] * d[3], d[2] * d[3], d[3]};
  return {data, d[0], heads, d[1], d[2] / heads, d[1] * d[2], d[2] / heads, d[2]};
}

inline constexpr double kMasked = -std::numeric_limits<double>::infinity();

struct AttendOptions {
  double scale = 1;
  double softcap = 0;  // 0: none
  // Added to the score of query i and key j of batch entry b and head h; kMasked where the key is not seen.
  std::function<double(int64_t b, int64_t h, int64_t i, int64_t j)> bias = {};
  // One more score in the denominator of head h.
  std::function<std::optional<double>(int64_t h)> sink = {};
  enum class Stage : uint8_t { product, capped, biased, weights };
  Stage stage = Stage::product;  // what `scores` receives
};

// y[b, h, i] = sum over j of softmax_j(cap(scale * q_i . k_j) + bias) * v_j. Heads of keys serve as many neighbouring
// heads of queries as there are more of those. A query that sees no key gives zeros. `scores` [batch, heads, i, j] may
// be null. y has the strides of `out`.
template <class T>
void attend(const Heads<T>& q, const Heads<T>& k, const Heads<T>& v, const AttendOptions& options, Heads<T> out,
            T* scores) {
  T* to = const_cast<T*>(out.data);
  std::vector<double> row(static_cast<size_t>(k.length)), sums(static_cast<size_t>(v.size));
  const auto emit = [&](AttendOptions::Stage stage, int64_t b, int64_t h, int64_t i) {
    if (!scores || stage != options.stage) return;
    T* at = scores + ((b * q.heads + h) * q.length + i) * k.length;
    for (size_t j = 0; j < row.size(); ++j) at[j] = static_cast<T>(row[j]);
  };
  using enum AttendOptions::Stage;
  for (int64_t b = 0; b < q.batch; ++b) {
    for (int64_t h = 0; h < q.heads; ++h) {
      const int64_t g = h / (q.heads / k.heads);
      for (int64_t i = 0; i < q.length; ++i) {
        const T* query = q.row(b, h, i);
        for (int64_t j = 0; j < k.length; ++j) {
          const T* key = k.row(b, g, j);
          double sum = 0;
          for (int64_t c = 0; c < q.size; ++c) sum += static_cast<double>(query[c]) * static_cast<double>(key[c]);
          row[static_cast<size_t>(j)] = sum * options.scale;
        }
        emit(product, b, h, i);
        if (options.softcap > 0) {
          for (double& score : row) score = options.softcap * std::tanh(score / options.softcap);
        }
        emit(capped, b, h, i);
        bool seen = !options.bias && k.length > 0;
        for (int64_t j = 0; options.bias && j < k.length; ++j) {
          const double bias = options.bias(b, h, i, j);
          seen = seen || bias != kMasked;
          row[static_cast<size_t>(j)] += bias;
        }
        emit(biased, b, h, i);
        const std::optional<double> sink = options.sink ? options.sink(h) : std::nullopt;
        double top = sink.value_or(kMasked), total = 0;
        for (const double score : row) top = std::max(top, score);
        if (!seen || top == kMasked) {
          std::fill(row.begin(), row.end(), 0.0);
        } else {
          for (double& score : row) total += score = std::exp(score - top);
          if (sink) total += std::exp(*sink - top);
          for (double& score : row) score /= total;
        }
        emit(weights, b, h, i);
        std::fill(sums.begin(), sums.end(), 0.0);
        for (int64_t j = 0; j < k.length; ++j) {
          const double weight = row[static_cast<size_t>(j)];
          if (weight == 0) continue;
          const T* value = v.row(b, g, j);
          for (int64_t c = 0; c < v.size; ++c) sums[static_cast<size_t>(c)] += weight * static_cast<double>(value[c]);
        }
        T* y = to + (out.row(b, h, i) - out.data);
        for (size_t c = 0; c < sums.size(); ++c) y[c] = static_cast<T>(sums[c]);
      }
    }
  }
}

// past [batch, heads, past, size] followed by `now`, as [batch, heads, past + length, size]. `past` may be undefined.
template <class T>
Result<Tensor> append_heads(const Tensor& past, const Heads<T>& now) {
  const int64_t before = past.dtype() == DType::undefined ? 0 : past.dims()[2];
  PARE_ASSIGN(Tensor all, allocate(dtype_of<T>, {now.batch, now.heads, before + now.length, now.size}));
  T* to = all.mutable_data<T>().data();
  for (int64_t b = 0; b < now.batch; ++b) {
    for (int64_t h = 0; h < now.heads; ++h) {
      if (before > 0) {
        const T* from = past.data<T>().data() + (b * now.heads + h) * before * now.size;
        to = std::copy(from, from + before * now.size, to);
      }
      for (int64_t i = 0; i < now.length; ++i) to = std::copy(now.row(b, h, i), now.row(b, h, i) + now.size, to);
    }
  }
  return all;
}

// Rotates pairs of the first `width` elements of a row by angles whose cosines and sines are given, width / 2 each.
template <class T>
void rotate(const T* x, const T* cosines, const T* sines, int64_t width, bool interleaved, int64_t size, T* y) {
  std::copy(x, x + size, y);
  const int64_t half = width / 2;
  for (int64_t i = 0; i < half; ++i) {
    const int64_t a = interleaved ? 2 * i : i, b = interleaved ? 2 * i + 1 : i + half;
    const double c = static_cast<double>(cosines[i]), s = static_cast<double>(sines[i]);
    const double real = static_cast<double>(x[a]), imaginary = static_cast<double>(x[b]);
    y[a] = static_cast<T>(c * real - s * imaginary);
    y[b] = static_cast<T>(s * real + c * imaginary);
  }
}

}  // namespace pare::kernels
