#include "formats/data/rows.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <numeric>
#include <vector>

namespace pare {
namespace {

// Stored element order to the machine's; every non-zero boolean byte becomes 1.
void to_native(DType dtype, bool big_endian, std::span<std::byte> bytes) {
  if (big_endian) swap_bytes(bytes, static_cast<size_t>(bits(dtype)) / 8);
  if (dtype != DType::boolean) return;
  for (std::byte& b : bytes) b = b == std::byte{0} ? std::byte{0} : std::byte{1};
}

class FileRows final : public RowSource {
 public:
  FileRows(std::shared_ptr<const InputFile> file, RowLayout layout)
      : RowSource(layout.dtype, layout.dims), file_(std::move(file)), layout_(std::move(layout)) {}

 private:
  Result<void> fetch(std::span<const int64_t> rows, std::byte* out) const override {
    for (size_t first = 0; first < rows.size();) {
      size_t run = 1;
      while (first + run < rows.size() && rows[first + run] == rows[first + run - 1] + 1) ++run;
      const std::span<std::byte> part(out + first * row_bytes(), run * row_bytes());
      PARE_TRY(file_->read_at(layout_.offset + static_cast<uint64_t>(rows[first]) * row_bytes(), part));
      first += run;
    }
    to_native(dtype(), layout_.big_endian, {out, rows.size() * row_bytes()});
    return {};
  }

  std::shared_ptr<const InputFile> file_;
  RowLayout layout_;
};

class TensorRows final : public RowSource {
 public:
  explicit TensorRows(Tensor tensor) : RowSource(tensor.dtype(), tensor.dims()), tensor_(std::move(tensor)) {}

 private:
  Result<void> fetch(std::span<const int64_t> rows, std::byte* out) const override {
    const std::byte* in = tensor_.bytes().data();
    for (size_t i = 0; i < rows.size(); ++i) {
      std::memcpy(out + i * row_bytes(), in + static_cast<size_t>(rows[i]) * row_bytes(), row_bytes());
    }
    return {};
  }

  Tensor tensor_;
};

class InflatedRows final : public RowSource {
 public:
  InflatedRows(std::shared_ptr<const InputFile> file, InflateStream::Form form, InflateStream::Range range,
               uint64_t size, RowLayout layout, std::string what)
      : RowSource(layout.dtype, layout.dims),
        layout_(std::move(layout)),
        what_(what),
        size_(size),
        stream_(std::move(file), form, range, std::move(what)) {}

 private:
  Result<void> fetch(std::span<const int64_t> rows, std::byte* out) const override {
    const std::lock_guard lock(mutex_);
    if (!held_) PARE_TRY(advance_or_hold(rows, out));
    if (held_) {
      const std::byte* in = held_->bytes().data();
      for (size_t i = 0; i < rows.size(); ++i) {
        std::memcpy(out + i * row_bytes(), in + static_cast<size_t>(rows[i]) * row_bytes(), row_bytes());
      }
    }
    to_native(dtype(), layout_.big_endian, {out, rows.size() * row_bytes()});
    return {};
  }

  Result<void> advance_or_hold(std::span<const int64_t> rows, std::byte* out) const {
    const bool ascending = std::adjacent_find(rows.begin(), rows.end(), std::greater_equal<>()) == rows.end();
    if (start_ < 0) start_ = rows.front();
    const bool again = rows.front() <= start_;
    if (!ascending || (rows.front() < next_ && !again)) return hold();
    if (rows.front() < next_) {
      PARE_TRY(stream_.rewind());
      next_ = 0;
    }
    for (size_t i = 0; i < rows.size(); ++i) {
      const uint64_t at = layout_.offset + static_cast<uint64_t>(rows[i]) * row_bytes();
      PARE_TRY(reset_on_failure(stream_.skip(at - stream_.position())));
      PARE_TRY(reset_on_failure(stream_.read({out + i * row_bytes(), row_bytes()})));
      next_ = rows[i] + 1;
    }
    if (next_ == this->rows()) {
      PARE_TRY(reset_on_failure(stream_.finish(size_)));
    }
    return {};
  }

  // A stream that failed is of no use where it stands: the next read starts over.
  Result<void> reset_on_failure(Result<void> result) const {
    if (!result) {
      PARE_TRY(stream_.rewind());
      next_ = rows();
    }
    return result;
  }

  Result<void> hold() const {
    const size_t bytes = static_cast<size_t>(rows()) * row_bytes();
    PARE_TRY(check_memory(what_, bytes));
    PARE_TRY(stream_.rewind());
    auto buffer = Buffer::allocate(bytes);
    PARE_TRY(stream_.skip(layout_.offset));
    PARE_TRY(stream_.read({buffer->mutable_data(), bytes}));
    PARE_TRY(stream_.finish(size_));
    held_ = std::move(buffer);
    return {};
  }

  RowLayout layout_;
  std::string what_;
  uint64_t size_;
  mutable std::mutex mutex_;
  mutable InflateStream stream_;
  mutable std::shared_ptr<Buffer> held_;
  mutable int64_t start_ = -1;  // where the first pass began
  mutable int64_t next_ = 0;    // first row that the stream has not passed
};

}  // namespace

RowSource::RowSource(DType dtype, Dims dims) : dtype_(dtype), dims_(std::move(dims)) {
  assert(!dims_.empty());
  const auto bytes = tensor_bytes(dtype_, Dims(dims_.begin() + 1, dims_.end()));
  assert(bytes);
  row_bytes_ = *bytes;
}

Result<void> RowSource::read(std::span<const int64_t> rows, std::span<std::byte> out) const {
  assert(out.size() == rows.size() * row_bytes_);
  for (int64_t row : rows) assert(row >= 0 && row < this->rows());
  if (out.empty()) return {};
  return fetch(rows, out.data());
}

std::unique_ptr<RowSource> file_rows(std::shared_ptr<const InputFile> file, RowLayout layout) {
  return std::make_unique<FileRows>(std::move(file), std::move(layout));
}

std::unique_ptr<RowSource> inflated_rows(std::shared_ptr<const InputFile> file, InflateStream::Form form,
                                         InflateStream::Range range, uint64_t size, RowLayout layout,
                                         std::string what) {
  return std::make_unique<InflatedRows>(std::move(file), form, range, size, std::move(layout), std::move(what));
}

std::unique_ptr<RowSource> tensor_rows(Tensor tensor) { return std::make_unique<TensorRows>(std::move(tensor)); }

Result<void> check_rows(DType dtype, const Dims& dims, const std::string& where) {
  if (dims.empty()) return input_error(where + ": is a scalar; expected one row per sample");
  const auto bytes = tensor_bytes(dtype, Dims(dims.begin() + 1, dims.end()));
  if (!bytes || (*bytes == 0 && dims[0] > 0)) {
    return input_error(where + ": declares samples of an impossible or empty size, " +
                       to_string(Type{dtype, Shape(dims.begin(), dims.end())}));
  }
  return {};
}

Result<std::unique_ptr<RowSource>> npz_rows(const NpzFile& npz, std::string_view name) {
  const std::string what = npz.path() + ", array '" + std::string(name) + "'";
  PARE_ASSIGN(const NpyHeader header, npz.header(name));
  PARE_TRY(check_rows(header.dtype, header.dims, what));
  if (header.fortran_order) {
    PARE_ASSIGN(Tensor tensor, npz.read(name));
    return tensor_rows(std::move(tensor));
  }
  const ZipEntry& entry = *npz.find(name);
  RowLayout layout{header.dtype, header.dims, header.big_endian, header.data_offset};
  if (entry.deflated) {
    return inflated_rows(npz.file(), InflateStream::Form::deflate, {entry.data_offset, entry.stored_size, entry.crc},
                         entry.size, std::move(layout), what);
  }
  layout.offset += entry.data_offset;
  return file_rows(npz.file(), std::move(layout));
}

Result<std::unique_ptr<RowSource>> npy_rows(const std::string& path) {
  PARE_ASSIGN(auto file, InputFile::open(path));
  const ByteReader read = [&](uint64_t offset, std::span<std::byte> out) { return file->read_at(offset, out); };
  PARE_ASSIGN(const NpyHeader header, read_npy_header(read, file->size(), path));
  PARE_TRY(check_rows(header.dtype, header.dims, path));
  if (header.fortran_order) {
    PARE_ASSIGN(Tensor tensor, read_npy(path));
    return tensor_rows(std::move(tensor));
  }
  return file_rows(std::move(file), {header.dtype, header.dims, header.big_endian, header.data_offset});
}

Result<Tensor> read_all(const RowSource& source) {
  std::vector<int64_t> rows(static_cast<size_t>(source.rows()));
  std::iota(rows.begin(), rows.end(), int64_t{0});
  Tensor tensor(source.dtype(), source.dims());
  PARE_TRY(source.read(rows, tensor.mutable_bytes()));
  return tensor;
}

}  // namespace pare
