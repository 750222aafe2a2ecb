#include "runtime/kernels/dispatch.h"

#include <new>
#include <numeric>

#include "graph/infer.h"
#include "graph/packed.h"

namespace pare::kernels {
namespace {

constexpr size_t kMaxTensorBytes = size_t{4} << 30;

}  // namespace

Failure no_kernel(DType dtype) { return unsupported("has no kernel for " + std::string(name(dtype))); }

Result<Tensor> allocate(DType dtype, Dims dims) {
  const auto bytes = tensor_bytes(dtype, dims);
  if (!bytes || *bytes > kMaxTensorBytes) {
    Type type{dtype, Shape{}};
    for (const int64_t dim : dims) type.shape->push_back(Dim(dim));
    return input_error("a result of type " + to_string(type) + " is beyond the 4 GiB that one tensor may take");
  }
  try {
    return Tensor(dtype, std::move(dims));
  } catch (const std::bad_alloc&) {
    return input_error("out of memory for a result of " + std::to_string(*bytes) + " bytes");
  }
}

std::vector<int64_t> strides_of(const Dims& dims) {
  std::vector<int64_t> strides(dims.size(), 1);
  for (size_t axis = dims.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * dims[axis];
  return strides;
}

int64_t product(const Dims& dims, size_t begin, size_t end) {
  int64_t count = 1;
  for (size_t axis = begin; axis < end; ++axis) count *= dims[axis];
  return count;
}

Result<Dims> broadcast_dims(const std::vector<Dims>& all) {
  size_t rank = 0;
  for (const Dims& dims : all) rank = std::max(rank, dims.size());
  Dims out(rank, 1);
  for (const Dims& dims : all) {
    for (size_t i = 0; i < dims.size(); ++i) {
      int64_t& to = out[rank - dims.size() + i];
      if (to == 1)
        to = dims[i];
      else if (dims[i] != 1 && dims[i] != to)
        return input_error("extents " + std::to_string(to) + " and " + std::to_string(dims[i]) + " do not broadcast");
    }
  }
  return out;
}

std::vector<int64_t> broadcast_strides(const Dims& dims, const Dims& out) {
  const auto own = strides_of(dims);
  std::vector<int64_t> strides(out.size(), 0);
  const size_t shift = out.size() - dims.size();
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] != 1) strides[shift + i] = own[i];
  return strides;
}

ElementMover::ElementMover(const Tensor& in, DType dtype, const Dims& dims, const Tensor* fill)
    : in_(&in), fill_(fill), dtype_(dtype), dims_(dims), width_(bits(dtype)) {}

Result<void> ElementMover::allocate() {
  read_from(*in_);
  if (dtype_ == DType::string) {
    const auto count = element_count(dims_);
    if (!count || *count > (int64_t{1} << 28)) return input_error("a result of too many strings");
    strings_out_.resize(static_cast<size_t>(*count));
    if (fill_) string_fill_ = fill_->string_values().at(0);
    return {};
  }
  PARE_ASSIGN(out_, kernels::allocate(dtype_, dims_));
  to_ = out_.mutable_bytes().data();
  return {};
}

void ElementMover::move(int64_t to, int64_t from) {
  if (width_ == 0) {
    strings_out_[to] = from >= 0 ? strings_in_[from] : string_fill_;
    return;
  }
  const std::byte* source = from >= 0 ? from_ : fill_ ? fill_->bytes().data() : nullptr;
  const int64_t at = from >= 0 ? from : 0;
  if (!source) return;
  if (width_ < 8) return set_packed_element(to_, width_, to, packed_element(source, width_, at));
  switch (width_) {
    case 8:
      to_[to] = source[at];
      return;
    case 16:
      std::memcpy(to_ + to * 2, source + at * 2, 2);
      return;
    case 32:
      std::memcpy(to_ + to * 4, source + at * 4, 4);
      return;
    case 64:
      std::memcpy(to_ + to * 8, source + at * 8, 8);
      return;
    default:
      std::memcpy(to_ + to * (width_ / 8), source + at * (width_ / 8), static_cast<size_t>(width_ / 8));
  }
}

void ElementMover::read_from(const Tensor& other) {
  in_ = &other;
  if (dtype_ == DType::string)
    strings_in_ = other.string_values();
  else
    from_ = other.bytes().data();
}

Tensor ElementMover::take() {
  if (width_ == 0) return Tensor::strings(dims_, strings_out_);
  return std::move(out_);
}

Result<Tensor> select(const Tensor& in, const std::vector<std::vector<int64_t>>& maps, const Tensor* fill) {
  Dims dims;
  for (const auto& map : maps) dims.push_back(static_cast<int64_t>(map.size()));
  ElementMover mover(in, in.dtype(), dims, fill);
  PARE_TRY(mover.allocate());
  const auto strides = strides_of(in.dims());
  const int64_t count = product(dims);
  std::vector<int64_t> index(dims.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    int64_t from = 0;
    for (size_t axis = 0; axis < dims.size() && from >= 0; ++axis) {
      const int64_t source = maps[axis][index[axis]];
      from = source < 0 ? -1 : from + source * strides[axis];
    }
    mover.move(i, from);
    for (size_t axis = dims.size(); axis-- > 0;) {
      if (++index[axis] < dims[axis]) break;
      index[axis] = 0;
    }
  }
  return mover.take();
}

Result<Tensor> strided(const Tensor& in, const Dims& dims, const std::vector<int64_t>& strides, int64_t offset) {
  ElementMover mover(in, in.dtype(), dims, nullptr);
  PARE_TRY(mover.allocate());
  for_each_index<1>(dims, {strides}, [&](int64_t i, const auto& at) { mover.move(i, offset + at[0]); });
  return mover.take();
}

std::vector<int64_t> iota(int64_t size) {
  std::vector<int64_t> values(static_cast<size_t>(size));
  std::iota(values.begin(), values.end(), int64_t{0});
  return values;
}

Result<size_t> axis_of(int64_t axis, size_t rank) {
  PARE_ASSIGN(const int64_t normal, normalize_axis(axis, static_cast<int64_t>(rank)));
  return static_cast<size_t>(normal);
}

}  // namespace pare::kernels
