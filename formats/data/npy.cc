#include "formats/data/npy.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstring>
#include <vector>

#include "formats/data/npy_text.h"
#include "formats/data/strided.h"
#include "formats/file.h"

namespace pare {
namespace {

static_assert(std::endian::native == std::endian::little, "files are read as they lie in memory");

constexpr char kMagic[] = "\x93NUMPY";
constexpr size_t kMagicBytes = 6;
constexpr uint64_t kMaxHeader = 1u << 20;
constexpr size_t kMaxRank = 64;

// The header's dictionary: a Python literal with the keys descr, fortran_order and shape.
class Dictionary {
 public:
  explicit Dictionary(std::string_view text) : rest_(text) {}

  bool parse() {
    if (!take('{')) return false;
    while (!take('}')) {
      std::string key;
      if (!quoted(key) || !take(':')) return false;
      if (key == "descr") {
        if (peek() == '[') {
          record_ = true;
          return true;
        }
        if (!quoted(descr_)) return false;
      } else if (key == "fortran_order") {
        if (word("True"))
          fortran_ = true;
        else if (!word("False"))
          return false;
      } else if (key == "shape") {
        if (!tuple()) return false;
        has_shape_ = true;
      } else {
        return false;
      }
      take(',');
    }
    return !descr_.empty() && has_shape_;
  }

  const std::string& descr() const { return descr_; }
  bool record() const { return record_; }
  bool fortran() const { return fortran_; }
  const Dims& shape() const { return shape_; }

 private:
  char peek() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front()))) rest_.remove_prefix(1);
    return rest_.empty() ? '\0' : rest_.front();
  }
  bool take(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view expected) {
    peek();
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  bool quoted(std::string& out) {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return false;
    const size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) return false;
    out.assign(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return true;
  }
  bool tuple() {
    if (!take('(')) return false;
    while (!take(')')) {
      int64_t value = 0;
      size_t digits = 0;
      peek();
      while (digits < rest_.size() && std::isdigit(static_cast<unsigned char>(rest_[digits])) && digits < 19) {
        if (__builtin_mul_overflow(value, int64_t{10}, &value)) return false;
        if (__builtin_add_overflow(value, int64_t{rest_[digits] - '0'}, &value)) return false;
        ++digits;
      }
      if (digits == 0 || shape_.size() == kMaxRank) return false;
      rest_.remove_prefix(digits);
      word("L");  // Python 2 wrote long integers so
      shape_.push_back(value);
      if (!take(',') && peek() != ')') return false;
    }
    return true;
  }

  std::string_view rest_;
  std::string descr_;
  bool record_ = false, fortran_ = false, has_shape_ = false;
  Dims shape_;
};

std::optional<DType> element_type(std::string_view kind) {
  static constexpr std::pair<std::string_view, DType> kTypes[] = {
      {"f2", DType::float16}, {"f4", DType::float32}, {"f8", DType::float64}, {"i1", DType::int8},
      {"i2", DType::int16},   {"i4", DType::int32},   {"i8", DType::int64},   {"u1", DType::uint8},
      {"u2", DType::uint16},  {"u4", DType::uint32},  {"u8", DType::uint64},  {"b1", DType::boolean}};
  for (const auto& [text, dtype] : kTypes) {
    if (text == kind) return dtype;
  }
  return std::nullopt;
}

std::string element_kind(DType dtype) {
  const std::string width = std::to_string(bits(dtype) / 8);
  if (dtype == DType::boolean) return "|b1";
  const char kind = is_float(dtype) ? 'f' : is_signed_integer(dtype) ? 'i' : 'u';
  return (width == "1" ? "|" : "<") + std::string(1, kind) + width;
}

Failure unreadable_type(const std::string& where, const std::string& descr) {
  std::string what = "elements of type '" + descr + "'";
  const char kind = descr.size() > 1 ? descr[1] : '\0';
  if (kind == 'U' || kind == 'S') what = "text (type '" + descr + "')";
  if (kind == 'O') what = "Python objects";
  if (kind == 'c') what = "complex numbers (type '" + descr + "')";
  return unsupported(where + ": holds " + what + "; expected integers, floats or booleans");
}

// Strides of a column-major array: the first axis runs fastest.
Dims column_major_strides(const Dims& dims) {
  Dims strides(dims.size());
  int64_t stride = 1;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    strides[axis] = stride;
    stride *= dims[axis];
  }
  return strides;
}

}  // namespace

void swap_bytes(std::span<std::byte> bytes, size_t width) {
  if (width < 2) return;
  for (size_t at = 0; at + width <= bytes.size(); at += width) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 bytes.begin() + static_cast<std::ptrdiff_t>(at + width));
  }
}

Result<NpyHeader> read_npy_header(const ByteReader& read, uint64_t available, const std::string& where) {
  const auto damaged = [&](const std::string& why) { return input_error(where + ": " + why); };
  unsigned char start[12] = {};
  if (available < 10) return damaged("is too short for a .npy array");
  PARE_TRY(read(0, std::as_writable_bytes(std::span(start).first(10))));
  if (std::memcmp(start, kMagic, kMagicBytes) != 0) return damaged("does not begin as a .npy array does");
  const int version = start[6];
  if (version < 1 || version > 3) {
    return unsupported(where + ": is a .npy array of version " + std::to_string(version) +
                       "; versions 1 to 3 are read");
  }
  uint64_t length = static_cast<uint64_t>(start[8] | start[9] << 8), at = 10;
  if (version > 1) {
    if (available < 12) return damaged("is too short for a .npy array");
    PARE_TRY(read(10, std::as_writable_bytes(std::span(start).subspan(10, 2))));
    length |= static_cast<uint64_t>(start[10]) << 16 | static_cast<uint64_t>(start[11]) << 24;
    at = 12;
  }
  if (length > available - at || length > kMaxHeader) {
    return damaged("declares a header of " + std::to_string(length) + " bytes, more than it can have");
  }
  std::string text(static_cast<size_t>(length), '\0');
  PARE_TRY(read(at, std::as_writable_bytes(std::span(text))));
  Dictionary dictionary(text);
  if (!dictionary.parse()) return damaged("has a header that is no dictionary of descr, fortran_order and shape");
  if (dictionary.record()) return unsupported(where + ": holds records; expected integers, floats or booleans");

  NpyHeader header;
  const std::string& descr = dictionary.descr();
  const bool ordered = std::string_view("<>|=").find(descr[0]) != std::string_view::npos;
  const auto dtype = element_type(std::string_view(descr).substr(ordered ? 1 : 0));
  if (!dtype) return unreadable_type(where, descr);
  header.dtype = *dtype;
  header.dims = dictionary.shape();
  header.big_endian = descr[0] == '>' && bits(*dtype) > 8;
  header.fortran_order = dictionary.fortran() && header.dims.size() > 1;
  header.data_offset = at + length;
  const auto bytes = tensor_bytes(*dtype, header.dims);
  if (!bytes || *bytes > available - header.data_offset) {
    std::string shape;
    for (int64_t dim : header.dims) shape += (shape.empty() ? "" : ",") + std::to_string(dim);
    return damaged("declares " + std::string(name(*dtype)) + "[" + shape + "], but only " +
                   std::to_string(available - header.data_offset) +
                   " bytes follow its header; the file is truncated or damaged");
  }
  header.data_bytes = *bytes;
  return header;
}

Result<NpyArray> npy_array(const Tensor& tensor) {
  NpyArray array;
  const std::string type(name(tensor.dtype()));
  const int width = bits(tensor.dtype());
  const bool in_numpy = tensor.dtype() == DType::boolean || (is_integer(tensor.dtype()) && width >= 8) ||
                        tensor.dtype() == DType::float16 || tensor.dtype() == DType::float32 ||
                        tensor.dtype() == DType::float64 || tensor.dtype() == DType::string;
  if (!in_numpy) return unsupported("NumPy files have no " + type + " elements; convert the array first");
  std::string shape;
  for (int64_t dim : tensor.dims()) shape += std::to_string(dim) + ", ";
  if (tensor.rank() > 1) shape.resize(shape.size() - 2);
  if (tensor.rank() == 1) shape.resize(shape.size() - 1);
  std::string kind;
  if (tensor.dtype() == DType::string) {
    PARE_ASSIGN(NpyText text, npy_text(tensor));
    kind = "<U" + std::to_string(text.width);
    array.text = std::move(text.units);
  } else {
    kind = element_kind(tensor.dtype());
  }
  std::string text = "{'descr': '" + kind + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  const size_t prefix = 10;
  while ((prefix + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  array.header.assign(kMagic, kMagicBytes);
  array.header += {'\x01', '\x00', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  array.header += text;
  return array;
}

Result<Tensor> npy_tensor(const NpyHeader& header, std::shared_ptr<Buffer> raw) {
  const size_t width = static_cast<size_t>(bits(header.dtype) / 8);
  if (!header.plain() || header.dtype == DType::boolean) {
    auto converted = Buffer::allocate(static_cast<size_t>(header.data_bytes));
    const std::span<std::byte> out(converted->mutable_data(), static_cast<size_t>(header.data_bytes));
    const std::byte* in = raw->bytes().data();
    if (header.fortran_order && header.data_bytes > 0)
      gather_strided(header.dims, column_major_strides(header.dims), width, in, out.data());
    else if (!out.empty())
      std::memcpy(out.data(), in, out.size());
    if (header.big_endian) swap_bytes(out, width);
    if (header.dtype == DType::boolean) {
      for (std::byte& b : out) b = b == std::byte{0} ? std::byte{0} : std::byte{1};
    }
    raw = std::move(converted);
  }
  return Tensor::from_buffer(header.dtype, header.dims, std::move(raw));
}

Result<Tensor> read_npy(const std::string& path) {
  PARE_ASSIGN(auto file, InputFile::open(path));
  const ByteReader read = [&](uint64_t offset, std::span<std::byte> out) { return file->read_at(offset, out); };
  PARE_ASSIGN(const NpyHeader header, read_npy_header(read, file->size(), path));
  PARE_ASSIGN(auto raw, file->map(header.data_offset, static_cast<size_t>(header.data_bytes)));
  return npy_tensor(header, std::move(raw));
}

Result<void> write_npy(const std::string& path, const Tensor& tensor) {
  auto array = npy_array(tensor);
  if (!array) return in_context(path, array.failure());
  PARE_ASSIGN(AtomicFile file, AtomicFile::create(path));
  PARE_TRY(file.write(array->header));
  PARE_TRY(file.write(array->elements(tensor)));
  return file.commit();
}

}  // namespace pare
