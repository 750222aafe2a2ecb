#include "verify/batch_axis.h"

#include <algorithm>
#include <cstring>

namespace pare {
namespace {

// Blocks of [before, axis, between, rest] where one axis of the two moves over the other.
Tensor moved(const Tensor& tensor, size_t from, size_t to) {
  if (from == to || tensor.rank() <= std::max(from, to) || bits(tensor.dtype()) < 8) return tensor;
  Dims dims = tensor.dims();
  const int64_t extent = dims[from];
  dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(from));
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(to), extent);
  Tensor result(tensor.dtype(), dims);
  if (tensor.size() == 0) return result;
  const auto product = [](const Dims& d, size_t first, size_t last) {
    size_t count = 1;
    for (size_t i = first; i < last; ++i) count *= static_cast<size_t>(d[i]);
    return count;
  };
  const size_t low = std::min(from, to), high = std::max(from, to);
  const size_t outer = product(dims, 0, low);
  const size_t block = product(dims, high + 1, dims.size()) * static_cast<size_t>(bits(tensor.dtype()) / 8);
  // Seen as [outer, rows, columns, block], moving an axis past the others swaps rows and columns.
  const size_t rows = from < to ? static_cast<size_t>(extent) : product(tensor.dims(), low, high);
  const size_t columns = product(dims, low, high + 1) / rows;
  const std::byte* in = tensor.bytes().data();
  std::byte* out = result.mutable_bytes().data();
  for (size_t o = 0; o < outer; ++o)
    for (size_t r = 0; r < rows; ++r)
      for (size_t c = 0; c < columns; ++c)
        std::memcpy(out + ((o * columns + c) * rows + r) * block, in + ((o * rows + r) * columns + c) * block, block);
  return result;
}

}  // namespace

BatchAxes::BatchAxes(const Graph& graph) : graph_(&graph) {
  std::vector<const Shape*> shapes;
  for (const auto& ids : {graph.inputs, graph.outputs})
    for (const ValueId id : ids)
      if (const auto& shape = graph.value(id).type.shape; shape && !shape->empty()) shapes.push_back(&*shape);
  const bool agree = std::all_of(shapes.begin(), shapes.end(), [&](const Shape* shape) {
    const Dim &a = shape->front(), &b = shapes.front()->front();
    return a.unknown() || b.unknown() || a.same(b);
  });
  if (agree) return;
  for (const Dim& dim : *shapes.front()) {
    const auto named = [&](const Shape* shape) {
      return std::any_of(shape->begin(), shape->end(), [&](const Dim& other) { return other.same(dim); });
    };
    if (dim.symbol.empty() || !std::all_of(shapes.begin(), shapes.end(), named)) continue;
    symbol_ = dim.symbol;
    return;
  }
}

size_t BatchAxes::of(ValueId id) const {
  const Type& type = graph_->value(id).type;
  if (symbol_.empty() || !type.shape) return 0;
  for (size_t i = 0; i < type.shape->size(); ++i)
    if ((*type.shape)[i].symbol == symbol_) return i;
  return 0;
}

Type BatchAxes::first(ValueId id) const {
  Type type = graph_->value(id).type;
  if (const size_t axis = of(id); axis > 0) {
    const auto at = type.shape->begin();
    std::rotate(at, at + static_cast<std::ptrdiff_t>(axis), at + static_cast<std::ptrdiff_t>(axis) + 1);
  }
  return type;
}

Tensor BatchAxes::to_model(ValueId id, const Tensor& samples) const { return moved(samples, 0, of(id)); }
Tensor BatchAxes::from_model(ValueId id, const Tensor& value) const { return moved(value, of(id), 0); }

}  // namespace pare
