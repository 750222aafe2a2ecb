#include "runtime/fast/int8_matmul.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "runtime/fast/int8_state.h"

namespace pare {
namespace {

constexpr int64_t kRows = 48;  // of A that are laid out at a time

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t lines(int64_t bytes) { return ceil_div(bytes, 64) * 64; }

// The right operand as the kernels take it: bytes or words, a constant less than what is stored.
struct Source {
  const uint8_t* b;
  int64_t row, column, k;
  bool is_signed;
  int32_t less;
  int32_t at(const uint8_t* p) const { return (is_signed ? static_cast<int8_t>(*p) : *p) - less; }
};

// [k group][16 columns][4 bytes of a group]; T is int8 or int16. Missing columns and rows are zero.
template <class T>
void pack_panel(const Source& s, int64_t columns, uint8_t* panel) {
  constexpr int64_t kEach = 4 / static_cast<int64_t>(sizeof(T));
  const int64_t groups = ceil_div(s.k, kEach);
  auto* to = reinterpret_cast<T*>(panel);
  if (columns < kInt8Panel || s.k % kEach != 0) std::memset(panel, 0, static_cast<size_t>(groups * 64));
  if (s.row == 1) {
    for (int64_t lane = 0; lane < columns; ++lane) {
      const uint8_t* from = s.b + lane * s.column;
      T* line = to + lane * kEach;
      int64_t k = 0;
      for (; k + kEach <= s.k; k += kEach, line += kInt8Panel * kEach)
        for (int64_t j = 0; j < kEach; ++j) line[j] = static_cast<T>(s.at(from + k + j));
      for (int64_t j = 0; k < s.k; ++k, ++j) line[j] = static_cast<T>(s.at(from + k));
    }
    return;
  }
  for (int64_t k = 0; k < s.k; ++k) {
    const uint8_t* from = s.b + k * s.row;
    T* line = to + k / kEach * kInt8Panel * kEach + k % kEach;
    if (s.column == 1 && columns == kInt8Panel) {
      for (int64_t lane = 0; lane < kInt8Panel; ++lane) line[lane * kEach] = static_cast<T>(s.at(from + lane));
    } else {
      for (int64_t lane = 0; lane < columns; ++lane) line[lane * kEach] = static_cast<T>(s.at(from + lane * s.column));
    }
  }
}

// Whole groups of bytes of a whole panel, four at a time: what attention has, columns or rows contiguous. How many rows
// that are.
int64_t pack_groups(const Source& s, uint8_t* panel) {
  const uint32_t flip = s.is_signed ? 0 : 0x80808080u;
  const int64_t groups = s.k / 4;
  auto* to = reinterpret_cast<uint32_t*>(panel);
  if (s.row == 1) {
    for (int64_t lane = 0; lane < kInt8Panel; ++lane) {
      const uint8_t* from = s.b + lane * s.column;
      for (int64_t g = 0; g < groups; ++g) {
        uint32_t four;
        std::memcpy(&four, from + 4 * g, sizeof(four));
        to[g * kInt8Panel + lane] = four ^ flip;
      }
    }
    return groups * 4;
  }
  if (s.column != 1) return 0;
  for (int64_t g = 0; g < groups; ++g) {
    const uint8_t* row[4];
    for (int64_t j = 0; j < 4; ++j) row[j] = s.b + (4 * g + j) * s.row;
    for (int64_t lane = 0; lane < kInt8Panel; ++lane)
      to[g * kInt8Panel + lane] = (uint32_t{row[0][lane]} | uint32_t{row[1][lane]} << 8 | uint32_t{row[2][lane]} << 16 |
                                   uint32_t{row[3][lane]} << 24) ^
                                  flip;
  }
  return groups * 4;
}

// Scratch of one thread, each part on a line of its own.
struct Places {
  int64_t panels, groups, element, row_bytes;
  int64_t packed, per_channel, rows, total;

  Places(Int8Format format, const Int8MatmulShape& s) {
    element = format == Int8Format::bytes ? 1 : 2;
    groups = ceil_div(s.k * element, 4);
    panels = ceil_div(s.n, kInt8Panel);
    row_bytes = lines(groups * 4);
    packed = panels * groups * 64;
    per_channel = panels * kInt8Panel * 4;
    rows = (kRows + 1) * row_bytes;
    total = packed + 3 * per_channel + rows + lines(kRows * 4) + 64;
  }
};

struct Job {
  const Int8Micro& micro;
  const Int8MatmulParams& params;
  const Int8MatmulData& data;
  const Places& places;
  std::byte* scratch;
  int64_t pieces;

  bool bytes() const { return micro.format == Int8Format::bytes; }
  // What is left of B's zero point where its elements have to fit into int8.
  int32_t zero_of_b() const { return bytes() ? params.b.zero_point - (params.b.is_signed ? 0 : 128) : 0; }

  void call(const Int8BlockArgs& args) const { bytes() ? micro.block_bytes(args) : micro.block_words(args); }

  void copy(const uint8_t* from, uint8_t* to) const {
    (bytes() ? micro.flip : micro.widen)(from, int8_flip(params.a), to, params.shape.k);
  }

  Int8BlockArgs block(uint8_t* packed, int32_t* start, float* multiplier, const float* addend) const {
    static constexpr int64_t kRun = 0;
    const Int8MatmulShape& s = params.shape;
    Int8BlockArgs args{};
    args.width = kRows;
    args.runs = &kRun;
    args.run_count = 1;
    args.run_groups = places.groups;
    args.panel_bytes = places.groups * 64;
    args.weights = packed;
    args.start = start;
    args.panel_end = places.panels;
    args.channels = s.n;
    args.y_stride = s.y_row;
    float scale = params.a.scale * params.b.scale;
    if (params.scale != 1.0f) scale = scale * params.scale;
    if (params.output_kind == Int8Output::quantized) scale = scale / params.output.scale;
    std::fill_n(multiplier, places.panels * kInt8Panel, scale);
    args.epilogue = int8_epilogue(params.output_kind, params.output, params.bounds);
    args.epilogue.multiplier = multiplier;
    args.epilogue.addend = addend;
    args.epilogue.narrow = params.output_kind == Int8Output::quantized &&
                           255.0 * 255.0 * static_cast<double>(s.k) * static_cast<double>(std::abs(scale)) < 1e9;
    return args;
  }

  void pack(int64_t product, uint8_t* packed) const {
    const Int8MatmulShape& s = params.shape;
    const auto* b = static_cast<const uint8_t*>(data.b) + data.b_at[product];
    const int32_t less = bytes() ? (params.b.is_signed ? 0 : 128) : params.b.zero_point;
    for (int64_t panel = 0; panel < places.panels; ++panel) {
      const int64_t first = panel * kInt8Panel, columns = std::min<int64_t>(kInt8Panel, s.n - first);
      const Source source{b + first * s.b_column, s.b_row, s.b_column, s.k, params.b.is_signed, less};
      uint8_t* to = packed + panel * places.groups * 64;
      const bool whole = bytes() && columns == kInt8Panel && s.k % 4 == 0 && pack_groups(source, to) == s.k;
      if (whole) continue;
      if (bytes())
        pack_panel<int8_t>(source, columns, to);
      else
        pack_panel<int16_t>(source, columns, to);
    }
  }

  // start[c] = -sum over k of za * (b[k, c] - zb): one row of zero points through the kernel itself.
  void set_start(Int8BlockArgs args, int32_t* start, uint8_t* row) const {
    const int32_t zero = int8_unsigned_zero(params.a), zb = zero_of_b();
    const int64_t channels = places.panels * kInt8Panel;
    std::fill_n(start, channels, 0);
    if (zero == 0) return;
    if (bytes())
      std::memset(row, zero, static_cast<size_t>(places.row_bytes));
    else
      std::fill_n(reinterpret_cast<uint16_t*>(row), places.row_bytes / 2, static_cast<uint16_t>(zero));
    args.base = row;
    args.count = 1;
    args.channels = channels;
    args.y = reinterpret_cast<uint8_t*>(start);
    args.epilogue.kind = static_cast<int>(Int8Output::int32);
    args.epilogue.narrow = 0;
    call(args);
    const auto whole = static_cast<uint32_t>(params.shape.k) * static_cast<uint32_t>(zero) * static_cast<uint32_t>(zb);
    for (int64_t c = 0; c < channels; ++c) start[c] = static_cast<int32_t>(whole - static_cast<uint32_t>(start[c]));
  }

  void run(int64_t task, int thread) const {
    const Int8MatmulShape& s = params.shape;
    const int64_t product = task / pieces, piece = task % pieces;
    const auto address = reinterpret_cast<uintptr_t>(scratch + thread * places.total);
    auto* packed = reinterpret_cast<uint8_t*>((address + 63) / 64 * 64);
    auto* start = reinterpret_cast<int32_t*>(packed + places.packed);
    auto* multiplier = reinterpret_cast<float*>(start) + places.panels * kInt8Panel;
    float* addend = multiplier + places.panels * kInt8Panel;
    auto* rows = reinterpret_cast<uint8_t*>(addend + places.panels * kInt8Panel);
    auto* row_start = reinterpret_cast<int32_t*>(rows + places.rows);
    std::fill_n(addend, places.panels * kInt8Panel, 0.0f);
    pack(product, packed);
    Int8BlockArgs args = block(packed, start, multiplier, addend);
    set_start(args, start, rows + kRows * places.row_bytes);
    const auto* a = static_cast<const uint8_t*>(data.a) + data.a_at[product];
    const int64_t width = params.output_kind == Int8Output::quantized ? 1 : 4;
    auto* y = static_cast<uint8_t*>(data.y) + data.y_at[product] * width;
    const bool direct = bytes() && !params.a.is_signed && s.k % 4 == 0;
    const int64_t end = s.m * (piece + 1) / pieces;
    for (int64_t row = s.m * piece / pieces; row < end; row += kRows) {
      args.count = std::min(kRows, end - row);
      args.base = direct ? a + row * s.a_row : rows;
      args.pixel_step = direct ? s.a_row : places.row_bytes;
      args.y = y + row * s.y_row * width;
      if (!direct)
        for (int64_t r = 0; r < args.count; ++r) copy(a + (row + r) * s.a_row, rows + r * places.row_bytes);
      args.row_start = zero_of_b() == 0 ? nullptr : row_start;
      if (args.row_start) set_row_start(args, row_start);
      call(args);
    }
  }

  // -zb * sum over k of a, for a zero point of B that its bytes still have.
  void set_row_start(const Int8BlockArgs& args, int32_t* row_start) const {
    const auto zb = static_cast<uint32_t>(zero_of_b());
    for (int64_t r = 0; r < args.count; ++r) {
      const uint8_t* row = args.base + r * args.pixel_step;
      uint32_t sum = 0;
      for (int64_t k = 0; k < params.shape.k; ++k) sum += row[k];
      row_start[r] = static_cast<int32_t>(0u - zb * sum);
    }
  }
};

}  // namespace

size_t int8_matmul_scratch(Isa isa, const Int8MatmulShape& shape, int threads) {
  return static_cast<size_t>(Places(int8_micro(isa).format, shape).total * threads);
}

void int8_matmul(Isa isa, const Int8MatmulParams& params, const Int8MatmulData& data, std::span<std::byte> scratch,
                 ThreadPool& pool) {
  const Int8MatmulShape& s = params.shape;
  const Int8Micro& micro = int8_micro(isa);
  const Places places(micro.format, s);
  assert(scratch.size() >= static_cast<size_t>(places.total * pool.threads()));
  const int64_t wanted = pool.threads() == 1 ? 1 : ceil_div(2 * pool.threads(), s.count);
  const int64_t pieces = std::clamp<int64_t>(s.m / kRows, 1, wanted);
  const Job job{micro, params, data, places, scratch.data(), pieces};
  pool.run(s.count * pieces, [&job](int64_t task, int thread) { job.run(task, thread); });
}

}  // namespace pare
