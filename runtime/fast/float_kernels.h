// The fast float32 kernels, one table per instruction set.
//
// Every kernel writes the same bits for any number of threads: threads share out outputs and no sum is ever split.
// Nothing is allocated; what a kernel needs besides its arguments is the caller's scratch, whose size it tells.
// Pointers need the alignment of float; 64-byte alignment is faster. Outputs must not overlap inputs unless said.
// Sizes are in elements. Nothing is checked at run time: a shape has been verified when the plan was made.
#pragma once

#include <cstdint>

#include "runtime/cpu.h"
#include "runtime/fast/activation.h"
#include "runtime/thread_pool.h"

namespace pare {

// C[m, n] = epilogue(A[m, k] * B[k, n]); rows of A are lda floats apart, rows of C ldc.
struct GemmShape {
  int64_t m = 0, k = 0, n = 0;
  int64_t lda = 0, ldc = 0;
};

// A two-dimensional convolution or pooling window over NHWC; one-dimensional is h = kernel_h = 1.
struct ConvShape {
  int64_t batch = 1, h = 1, w = 1, in_channels = 1, out_channels = 1;
  int64_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  int64_t groups = 1;

  // Pooling windows that overhang (ceil_mode) are described by larger bottom and right pads.
  int64_t out_h() const { return (h + pad_top + pad_bottom - dilation_h * (kernel_h - 1) - 1) / stride_h + 1; }
  int64_t out_w() const { return (w + pad_left + pad_right - dilation_w * (kernel_w - 1) - 1) / stride_w + 1; }
};

enum class ElementwiseOp : uint8_t { add, sub, mul, div, max, min };

// `count` products of matrices of one shape that lie where their strides say; every A row is contiguous:
// c(i, j) = activation(scale * sum over k of a[i * a_row + k] * b[k * b_row + j * b_column] + bias[j]).
struct MatmulShape {
  int64_t count = 1, m = 0, k = 0, n = 0;
  int64_t a_row = 0, b_row = 0, b_column = 1, c_row = 0;
  float scale = 1;
  Activation activation;
};
// Where each product's matrices begin; `count` entries each.
struct MatmulOffsets {
  const int64_t* a;
  const int64_t* b;
  const int64_t* c;
};

enum class ReduceOp : uint8_t { sum, mean, max, min, sum_of_squares, l1, l2 };

// One step of all the rows of a recurrent layer. Gate k of row r begins at r * row + k * hidden, with `in_row` for the
// sums of the inputs and `recurrent_row` for those of the state.
struct CellShape {
  int64_t rows = 0, hidden = 0, in_row = 0, recurrent_row = 0;
};

// Which elements of an axis make up each of another, and how much: `taps` of them for each of `size`.
struct AxisTaps {
  int64_t size = 0, taps = 0;
  const int32_t* index = nullptr;  // [size, taps]
  const float* weight = nullptr;
};

struct Expression;

struct FloatKernels {
  // B is rearranged once for `gemm`. Element (row, column) of B is b[row * row_stride + column * column_stride], so
  // both [k, n] (n, 1) and [n, k] (1, k) are read. The packed form belongs to the table that made it.
  int64_t (*gemm_packed_size)(int64_t k, int64_t n);
  void (*gemm_pack)(const float* b, int64_t row_stride, int64_t column_stride, int64_t k, int64_t n, float* packed);
  void (*gemm)(const GemmShape& shape, const float* a, const float* packed, float* c, const Epilogue& epilogue,
               ThreadPool& pool);

  // Both operands are met once, nothing is packed beforehand. `scratch` for that many threads; bias may be null.
  int64_t (*matmul_scratch_size)(const MatmulShape& shape, int threads);
  void (*matmul)(const MatmulShape& shape, const MatmulOffsets& at, const float* a, const float* b, const float* bias,
                 float* c, float* scratch, ThreadPool& pool);

  // Convolution, any groups. Input [batch, h, w, in_channels], weights OIHW [out_channels, in_channels / groups,
  // kernel_h, kernel_w] packed once, output [batch, out_h, out_w, out_channels]. One input channel per group and as
  // many output channels as groups runs as a depthwise convolution, whose sums skip the padding.
  int64_t (*conv_packed_size)(const ConvShape& shape);
  void (*conv_pack)(const ConvShape& shape, const float* weights, float* packed);
  int64_t (*conv_scratch_size)(const ConvShape& shape);
  void (*conv)(const ConvShape& shape, const float* in, const float* packed, float* out, const Epilogue& epilogue,
               float* scratch, ThreadPool& pool);

  // Transposed convolution with groups = 1 as ONNX defines it: input [batch, h, w, in_channels], weights [in_channels,
  // out_channels, kernel_h, kernel_w], output [batch, oh, ow, out_channels] where
  // oh = stride_h * (h - 1) + output_padding_h + dilation_h * (kernel_h - 1) + 1 - pad_top - pad_bottom, ow alike.
  int64_t (*conv_transpose_packed_size)(const ConvShape& shape);
  void (*conv_transpose_pack)(const ConvShape& shape, const float* weights, float* packed);
  int64_t (*conv_transpose_scratch_size)(const ConvShape& shape);
  void (*conv_transpose)(const ConvShape& shape, int64_t out_h, int64_t out_w, const float* in, const float* packed,
                         float* out, const Epilogue& epilogue, float* scratch, ThreadPool& pool);

  // Pooling over NHWC, in_channels channels. The padding never counts in a maximum; an empty window gives -infinity, or
  // the average 0. In an average it counts as zeros when count_include_pad, but cells beyond h + pads never do
  // (ceil_mode overhang: pass the pads of the model in include_bottom and include_right, the overhanging ones in the
  // shape).
  void (*max_pool)(const ConvShape& shape, const float* in, float* out, ThreadPool& pool);
  void (*average_pool)(const ConvShape& shape, bool count_include_pad, int64_t include_bottom, int64_t include_right,
                       const float* in, float* out, ThreadPool& pool);
  // [batch, pixels, channels] -> [batch, channels], the mean over pixels.
  void (*global_average_pool)(int64_t batch, int64_t pixels, int64_t channels, const float* in, float* out,
                              ThreadPool& pool);

  // [batch, h, w, channels] -> [batch, y.size, x.size, channels], each axis a weighted sum of the other's elements.
  // `scratch` is of w * channels floats for each thread.
  void (*resize)(int64_t batch, int64_t h, int64_t w, int64_t channels, const AxisTaps& y, const AxisTaps& x,
                 const float* in, float* out, float* scratch, ThreadPool& pool);

  // [batch, rows, columns] -> [batch, columns, rows]. NCHW to NHWC: rows = channels, columns = pixels; back: the
  // reverse.
  void (*transpose)(int64_t batch, int64_t rows, int64_t columns, const float* in, float* out, ThreadPool& pool);

  // Over `count` contiguous elements; `out` may be an input. Division and square root round as IEEE 754 says.
  void (*elementwise)(ElementwiseOp op, const float* a, const float* b, float* out, int64_t count,
                      Activation activation, ThreadPool& pool);
  // b repeats over rows: out[r, c] = activation(a[r, c] op b[c]). With columns = 1 b is a scalar.
  void (*elementwise_rows)(ElementwiseOp op, const float* a, const float* b, float* out, int64_t rows, int64_t columns,
                           Activation activation, ThreadPool& pool);
  void (*activate)(Activation activation, const float* in, float* out, int64_t count, ThreadPool& pool);
  void (*exp)(const float* in, float* out, int64_t count, ThreadPool& pool);  // relative error below 1e-6
  // Softmax along the last axis of [rows, columns].
  void (*softmax)(const float* in, float* out, int64_t rows, int64_t columns, ThreadPool& pool);
  // Runs a fused chain; see float_expression.h.
  void (*evaluate)(const Expression& expression, const float* const* operands, float* const* outputs, ThreadPool& pool);

  // Rows of `columns`: y = (x - mean) / sqrt(variance + epsilon) * scale + shift, where `centre`; else
  // y = x / sqrt(mean of squares + epsilon) * scale + shift. Scale and shift have `columns` entries or are null. `out`
  // may be `in`.
  void (*normalize)(bool centre, float epsilon, const float* in, const float* scale, const float* shift, float* out,
                    int64_t rows, int64_t columns, ThreadPool& pool);
  // [outer, size, inner] -> [outer, inner]; size is at least 1.
  void (*reduce)(ReduceOp op, int64_t outer, int64_t size, int64_t inner, const float* in, float* out,
                 ThreadPool& pool);

  // The gates' sums are complete: in `gates` (rows by in_row): input, output, forget, cell, as ONNX
  // orders them. `c` [rows, hidden] is read
  // and replaced; h gets the hidden state. Rows of h and c are `hidden` apart. With `peepholes` [input, output, forget]
  // each gate adds its weights times the cell state that ONNX says.
  void (*lstm_cell)(const CellShape& shape, const float* gates, const float* peepholes, float* c, float* h);
  // `in` holds the inputs' sums in the order update, reset, hidden; `recurrent` those of the state h [rows, hidden].
  // out = (1 - z) n + z h with n = tanh(in + r * recurrent) (linear_before_reset). `out` may be h.
  void (*gru_cell)(const CellShape& shape, const float* in, const float* recurrent, const float* h, float* out);
  // The other kind in two halves, around the product with r * h: reset = sigmoid(...) * h; then out as above with
  // n = tanh(in + recurrent), whose sums come in `hidden` [rows, hidden].
  void (*gru_reset)(const CellShape& shape, const float* in, const float* recurrent, const float* h, float* reset);
  void (*gru_output)(const CellShape& shape, const float* in, const float* recurrent, const float* hidden,
                     const float* h, float* out);
};

// The vnni sets share the float tables of avx2 and avx512. The machine must have the set.
const FloatKernels& float_kernels(Isa isa);

}  // namespace pare
