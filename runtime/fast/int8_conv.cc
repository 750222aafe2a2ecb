// Runs an Int8Conv: cuts the output into tasks, lays the input that a task needs into scratch with its padding, and
// calls the kernels of the instruction set.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "runtime/fast/int8_state.h"

namespace pare {
namespace {

constexpr int64_t kBandBytes = 24 * 1024;     // of input that a task lays out: stays in the first-level cache
constexpr int64_t kWeightBytes = 512 * 1024;  // that a task walks through again and again: stays in the second level
constexpr int64_t kSlack = 128;               // kernels read whole vectors past the last element
constexpr int64_t kMinTilePixels = 48;        // fewer pixels to a task would leave tiles half empty

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// How an input image becomes windows, and the output tasks.
struct Layout {
  int64_t batch, h, w, out_h, out_w;  // a pointwise product is one row
  bool direct;                        // windows are read from the input itself
  int64_t row_apart;                  // input rows from one row in scratch to the next
  int64_t row_stride;                 // scratch rows from one output row to the next
  int64_t span;                       // scratch rows that a window covers
  int64_t extra;                      // scratch rows that are read past the last window, whatever they hold
  int64_t columns;                    // of a row in scratch
  int64_t row_bytes, pixel_bytes;     // in scratch, or in the input where direct
  bool pointwise;
  int64_t band;           // output rows (pointwise: pixels) of a task, at most
  int64_t bands, chunks;  // of an image; of the panels
  int64_t tasks() const { return batch * bands * chunks; }
  int64_t band_begin(int64_t i) const { return (pointwise ? out_w : out_h) * i / bands; }
  int64_t band_bytes() const {
    if (pointwise) return direct ? pixel_bytes : band * pixel_bytes;
    return direct ? 0 : ((band - 1) * row_stride + span + extra) * row_bytes;
  }
};

void partition(const Int8Conv::State& state, int threads, Layout& l) {
  const int64_t extent = l.pointwise ? l.out_w : l.out_h;
  const int64_t unit = l.pointwise ? l.pixel_bytes : l.row_bytes * l.row_stride;
  const int64_t fixed = l.pointwise ? 0 : l.row_bytes * std::max<int64_t>(l.span - l.row_stride, 0);
  const int64_t least = l.pointwise ? kMinTilePixels : state.depthwise ? 8 : ceil_div(kMinTilePixels, l.out_w);
  int64_t band = std::max((kBandBytes - fixed) / std::max<int64_t>(unit, 1), least);
  if (threads > 1) band = std::min(band, std::max(ceil_div(l.batch * extent, 3 * threads), least));
  band = std::clamp<int64_t>(band, 1, std::max<int64_t>(extent, 1));
  l.bands = ceil_div(extent, band);
  l.band = l.bands > 0 ? ceil_div(extent, l.bands) : 0;
  l.chunks = 1;
  if (state.depthwise) return;
  const int64_t weight_bytes = state.panels * state.run_count * state.run_groups * 64;
  l.chunks = ceil_div(weight_bytes, kWeightBytes);
  if (l.batch * l.bands > 0 && threads > 1) l.chunks = std::max(l.chunks, ceil_div(threads, l.batch * l.bands));
  l.chunks = std::clamp<int64_t>(l.chunks, 1, state.panels);
}

Layout layout(const Int8Conv::State& state, const ConvShape& s, bool is_signed, int threads) {
  Layout l{};
  const bool unpadded = s.pad_top == 0 && s.pad_left == 0 && s.pad_bottom == 0 && s.pad_right == 0;
  const bool one = s.kernel_h == 1 && s.kernel_w == 1 && unpadded && !state.depthwise;
  const bool readable = state.format == Int8Format::bytes && !is_signed && s.groups == 1;
  l.pointwise = one && s.stride_h == 1 && s.stride_w == 1;
  l.batch = l.pointwise ? 1 : s.batch;
  l.h = l.pointwise ? 1 : s.h;
  l.w = l.pointwise ? s.batch * s.h * s.w : s.w;
  l.out_h = l.pointwise ? 1 : s.out_h();
  l.out_w = l.pointwise ? l.w : s.out_w();
  l.direct = one && readable && (l.pointwise || s.in_channels % 4 == 0);
  l.row_apart = s.kernel_h == 1 ? s.stride_h : 1;
  l.row_stride = s.stride_h / l.row_apart;
  l.span = s.dilation_h * (s.kernel_h - 1) + 1;
  l.extra = state.paired ? 1 : 0;
  l.columns = (l.out_w - 1) * s.stride_w + s.dilation_w * (s.kernel_w - 1) + 1;
  l.pixel_bytes = s.in_channels * state.element_bytes();
  l.row_bytes = (l.direct ? l.w : l.columns) * l.pixel_bytes;
  partition(state, threads, l);
  return l;
}

// Everything that the tasks of one run read.
struct Job {
  const Int8Conv::State& state;
  const Int8Micro& micro;
  const ConvShape& shape;
  const Int8ConvData& data;
  Layout l;
  uint8_t flip;
  uint8_t pad;
  const int32_t* start;
  const float* multiplier;
  bool narrow;
  int64_t* runs;
  uint8_t* bands;  // one per thread
  int64_t band_bytes;

  const uint8_t* x() const { return static_cast<const uint8_t*>(data.x); }
  const uint8_t* residual(int64_t element) const {
    return state.has_residual ? static_cast<const uint8_t*>(data.residual) + element : nullptr;
  }
  uint8_t* y(int64_t element) const { return static_cast<uint8_t*>(data.y) + element * state.result_bytes(); }
  void fill(uint8_t* out, int64_t elements) const;
  void copy(const uint8_t* in, uint8_t* out, int64_t elements) const;
  void lay_out(int64_t image, int64_t row, int64_t rows, uint8_t* band) const;
  Int8BlockArgs block(int64_t group) const;
  void call(const Int8BlockArgs& args) const;
  void pointwise(int64_t begin, int64_t end, int64_t chunk, uint8_t* band) const;
  void windows(int64_t image, int64_t begin, int64_t end, int64_t chunk, uint8_t* band) const;
  void depthwise(int64_t image, int64_t begin, int64_t end, uint8_t* band) const;
  void set_runs() const;
  void run(int64_t task, int thread) const;
};

void Job::fill(uint8_t* out, int64_t elements) const {
  if (state.element_bytes() == 1)
    std::memset(out, pad, static_cast<size_t>(elements));
  else
    std::fill_n(reinterpret_cast<uint16_t*>(out), elements, uint16_t{pad});
}

void Job::copy(const uint8_t* in, uint8_t* out, int64_t elements) const {
  if (state.element_bytes() == 2)
    micro.widen(in, flip, out, elements);
  else
    micro.flip(in, flip, out, elements);
}

// The input rows for output rows [row, row + rows), padded on all sides.
void Job::lay_out(int64_t image, int64_t row, int64_t rows, uint8_t* band) const {
  const int64_t channels = shape.in_channels;
  const int64_t left = std::min(shape.pad_left, l.columns);
  const int64_t body = std::min(l.w, l.columns - left);
  const int64_t right = l.columns - left - body;
  const int64_t count = (rows - 1) * l.row_stride + l.span;
  for (int64_t i = 0; i < count; ++i, band += l.row_bytes) {
    const int64_t from = row * shape.stride_h - shape.pad_top + i * l.row_apart;
    if (from < 0 || from >= l.h) {
      fill(band, l.columns * channels);
      continue;
    }
    fill(band, left * channels);
    copy(x() + (image * l.h + from) * l.w * channels, band + left * l.pixel_bytes, body * channels);
    fill(band + (left + body) * l.pixel_bytes, right * channels);
  }
}

void Job::set_runs() const {
  const int64_t across = shape.dilation_w * l.pixel_bytes, down = shape.dilation_h * l.row_bytes;
  if (state.depthwise) {
    const int64_t taps = shape.kernel_h * shape.kernel_w;
    for (int64_t t = 0; t < state.tap_groups * 4; ++t)
      runs[t] = t < taps ? t / shape.kernel_w * down + t % shape.kernel_w * across : 0;
    const int64_t column = state.paired ? state.tap_groups * 4 / shape.kernel_w : 0;  // taps, some of them empty
    for (int64_t t = 0; t < column * shape.kernel_w; ++t)
      runs[t] = t % column <= shape.kernel_h ? t % column * down + t / column * across : 0;
    return;
  }
  for (int64_t t = 0; t < state.run_count; ++t)
    runs[t] = state.runs_are_rows() ? t * down : t / shape.kernel_w * down + t % shape.kernel_w * across;
}

Int8BlockArgs Job::block(int64_t group) const {
  Int8BlockArgs args{};
  const int64_t first = group * state.panels * kInt8Panel;
  args.width = l.out_w;
  args.pixel_step = shape.stride_w * l.pixel_bytes;
  args.row_step = (l.direct ? shape.stride_h : l.row_stride) * l.row_bytes;
  args.runs = runs;
  args.run_count = state.run_count;
  args.run_groups = state.run_groups;
  args.panel_bytes = state.run_count * state.run_groups * 64;
  args.weights = state.weight_data() + group * state.panels * args.panel_bytes;
  args.start = start + first;
  args.panel_end = state.panels;
  args.channels = shape.out_channels / shape.groups;
  args.y_stride = shape.out_channels;
  args.epilogue = state.epilogue;
  args.epilogue.narrow = narrow;
  args.epilogue.multiplier = multiplier + first;
  args.epilogue.addend = state.addend.data() + first;
  return args;
}

void Job::call(const Int8BlockArgs& args) const {
  if (state.format == Int8Format::bytes)
    micro.block_bytes(args);
  else
    micro.block_words(args);
}

void Job::pointwise(int64_t begin, int64_t end, int64_t chunk, uint8_t* band) const {
  const int64_t per_group = shape.in_channels / shape.groups;
  if (!l.direct) copy(x() + begin * shape.in_channels, band, (end - begin) * shape.in_channels);
  for (int64_t group = 0; group < shape.groups; ++group) {
    Int8BlockArgs args = block(group);
    args.panel_begin = state.panels * chunk / l.chunks;
    args.panel_end = state.panels * (chunk + 1) / l.chunks;
    const int64_t to = begin * args.y_stride + group * args.channels;
    args.y = y(to);
    args.epilogue.residual = residual(to);
    args.base = l.direct ? x() + begin * l.pixel_bytes : band + group * per_group * state.element_bytes();
    args.count = end - begin;
    // The last pixel's last group of 4 would be read past the end of the input.
    const bool split = l.direct && end == l.out_w && per_group % 4 != 0;
    if (split) --args.count;
    if (args.count > 0) call(args);
    if (!split) continue;
    std::memcpy(band, x() + (end - 1) * l.pixel_bytes, static_cast<size_t>(l.pixel_bytes));
    args.base = band - args.count * args.pixel_step;
    args.first = args.count;
    args.count = 1;
    call(args);
  }
}

void Job::windows(int64_t image, int64_t begin, int64_t end, int64_t chunk, uint8_t* band) const {
  const int64_t per_group = shape.in_channels / shape.groups;
  if (!l.direct) lay_out(image, begin, end - begin, band);
  const uint8_t* rows =
      l.direct ? x() + (image * l.h + begin * shape.stride_h) * l.row_bytes : static_cast<const uint8_t*>(band);
  for (int64_t group = 0; group < shape.groups; ++group) {
    Int8BlockArgs args = block(group);
    args.panel_begin = state.panels * chunk / l.chunks;
    args.panel_end = state.panels * (chunk + 1) / l.chunks;
    const int64_t to = (image * l.out_h + begin) * l.out_w * args.y_stride + group * args.channels;
    args.y = y(to);
    args.epilogue.residual = residual(to);
    args.base = rows + group * per_group * state.element_bytes();
    args.count = (end - begin) * l.out_w;
    call(args);
  }
}

void Job::depthwise(int64_t image, int64_t begin, int64_t end, uint8_t* band) const {
  lay_out(image, begin, end - begin, band);
  const int64_t channels = shape.out_channels;
  Int8DepthwiseArgs args{};
  args.taps = runs;
  args.tap_groups = state.tap_groups;
  args.flat = state.flat ? l.out_w * channels : channels;
  args.steps = state.flat ? 1 : l.out_w;
  args.step_bytes = shape.stride_w * l.pixel_bytes;
  args.phases = state.phases;
  args.weights = state.weight_data();
  args.start = start;
  args.epilogue = state.epilogue;
  args.epilogue.narrow = narrow;
  args.epilogue.multiplier = multiplier;
  args.epilogue.addend = state.addend.data();
  args.paired = state.paired;
  args.next_row = l.out_w * channels;
  for (int64_t row = begin; row < end; row += args.rows) {
    args.rows = state.paired && row + 1 < end ? 2 : 1;
    const int64_t to = (image * l.out_h + row) * l.out_w * channels;
    args.base = band + (row - begin) * l.row_stride * l.row_bytes;
    args.y = y(to);
    args.residual = residual(to);
    if (state.format == Int8Format::bytes)
      micro.depthwise_bytes(args);
    else
      micro.depthwise_words(args);
  }
}

void Job::run(int64_t task, int thread) const {
  uint8_t* band = bands + thread * band_bytes;
  const int64_t i = task % (l.batch * l.bands), chunk = task / (l.batch * l.bands);
  const int64_t image = i / l.bands, begin = l.band_begin(i % l.bands), end = l.band_begin(i % l.bands + 1);
  if (state.depthwise)
    depthwise(image, begin, end, band);
  else if (l.pointwise)
    pointwise(begin, end, chunk, band);
  else
    windows(image, begin, end, chunk, band);
}

// Scratch: alignment, starts, multipliers, runs, then a band for each thread.
int64_t run_slots(const Int8Conv::State& state) {
  return round_up(state.depthwise ? state.tap_groups * 4 : state.run_count, 8);
}
int64_t parameter_slots(const Int8Conv::State& state) { return round_up(static_cast<int64_t>(state.bias.size()), 16); }

}  // namespace

size_t Int8Conv::scratch_bytes(const ConvShape& shape, int threads) const {
  const State& state = *state_;
  // The sign of the input is only known at run time; a signed one needs more.
  const int64_t band =
      std::max(layout(state, shape, true, threads).band_bytes(), layout(state, shape, false, threads).band_bytes());
  return static_cast<size_t>(64 + parameter_slots(state) * 8 + run_slots(state) * 8 +
                             threads * round_up(band + kSlack, 64));
}

void Int8Conv::run(const ConvShape& shape, const Int8ConvData& data, std::span<std::byte> scratch,
                   ThreadPool& pool) const {
  const State& state = *state_;
  const int threads = pool.threads();
  assert(scratch.size() >= scratch_bytes(shape, threads));
  const Int8Quant& input = data.input ? *data.input : state.input;
  auto address = reinterpret_cast<uintptr_t>(scratch.data());
  auto* base = reinterpret_cast<uint8_t*>((address + 63) / 64 * 64);
  auto* starts = reinterpret_cast<int32_t*>(base);
  auto* multipliers = reinterpret_cast<float*>(starts + parameter_slots(state));
  auto* runs = reinterpret_cast<int64_t*>(multipliers + parameter_slots(state));
  if (data.input) state.prepare(input, starts, multipliers);

  Job job{state, *state.micro, shape, data, layout(state, shape, input.is_signed, threads)};
  if (job.l.out_h <= 0 || job.l.out_w <= 0 || job.l.batch <= 0) return;
  job.flip = int8_flip(input);
  job.pad = static_cast<uint8_t>(int8_unsigned_zero(input));
  job.start = data.input ? starts : state.start.data();
  job.multiplier = data.input ? multipliers : state.multiplier.data();
  job.narrow = state.narrow(input.scale);
  job.runs = runs;
  job.bands = reinterpret_cast<uint8_t*>(runs + run_slots(state));
  job.band_bytes = round_up(job.l.band_bytes() + kSlack, 64);
  job.set_runs();
  pool.run(job.l.tasks(), [&job](int64_t task, int thread) { job.run(task, thread); });
}

const Int8Micro& int8_micro(Isa isa) {
  switch (isa) {
#ifdef __x86_64__
    case Isa::avx2:
      return int8_micro_avx2();
    case Isa::avx512:
      return int8_micro_avx512();
    case Isa::avx2_vnni:
      return int8_micro_avx2_vnni();
    case Isa::avx512_vnni:
      return int8_micro_avx512_vnni();
#else
    case Isa::avx2:
    case Isa::avx512:
    case Isa::avx2_vnni:
    case Isa::avx512_vnni:
#endif
    case Isa::plain:
      return int8_micro_plain();
  }
  return int8_micro_plain();
}

}  // namespace pare
