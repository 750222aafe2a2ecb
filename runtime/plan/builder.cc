#include "runtime/plan/builder.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "runtime/fast/int8_elementwise.h"
#include "runtime/plan/box.h"
#include "runtime/plan/strided.h"

namespace pare {
namespace {

size_t index(ValueId id) { return static_cast<size_t>(id); }
size_t slot(Order order) { return static_cast<size_t>(order); }
Order other(Order order) { return order == Order::onnx ? Order::channels_last : Order::onnx; }

template <class T>
void transpose(const T* in, T* out, int64_t batch, int64_t rows, int64_t columns) {
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t c = 0; c < columns; ++c)
      for (int64_t r = 0; r < rows; ++r) out[(b * columns + c) * rows + r] = in[(b * rows + r) * columns + c];
}

void transpose_bytes(size_t width, const std::byte* in, std::byte* out, int64_t batch, int64_t rows, int64_t columns) {
  switch (width) {
    case 1:
      return transpose(reinterpret_cast<const uint8_t*>(in), reinterpret_cast<uint8_t*>(out), batch, rows, columns);
    case 2:
      return transpose(reinterpret_cast<const uint16_t*>(in), reinterpret_cast<uint16_t*>(out), batch, rows, columns);
    case 4:
      return transpose(reinterpret_cast<const uint32_t*>(in), reinterpret_cast<uint32_t*>(out), batch, rows, columns);
    default:
      return transpose(reinterpret_cast<const uint64_t*>(in), reinterpret_cast<uint64_t*>(out), batch, rows, columns);
  }
}

}  // namespace

int64_t count_of(const Dims& dims) { return count_of(dims, 0, dims.size()); }
int64_t count_of(const Dims& dims, size_t begin, size_t end) {
  int64_t count = 1;
  for (size_t i = begin; i < end; ++i) count *= dims[i];
  return count;
}

bool same_in_both_orders(const Dims& dims) {
  return dims.size() < 3 || dims[1] == 1 || count_of(dims, 2, dims.size()) == 1;
}

Dims channels_last(const Dims& dims) {
  if (dims.size() < 3) return dims;
  Dims last{dims[0]};
  last.insert(last.end(), dims.begin() + 2, dims.end());
  last.push_back(dims[1]);
  return last;
}

std::shared_ptr<const float> aligned_floats(int64_t count, const std::function<void(float*)>& fill) {
  auto buffer = Buffer::allocate(static_cast<size_t>(count) * sizeof(float));
  auto* data = reinterpret_cast<float*>(buffer->mutable_data());
  fill(data);
  return {buffer, data};
}

Builder::Builder(const Graph& graph, const Analysis& analysis, const std::vector<NodeId>& nodes,
                 const std::vector<ValueId>& inputs, const std::vector<bool>& wanted, WeightCache& weights,
                 std::string variant, Isa isa, int threads)
    : graph(graph),
      analysis(analysis),
      isa(isa),
      threads(threads),
      kernels(float_kernels(isa)),
      wanted_(wanted),
      weights_(weights),
      variant_(std::move(variant)),
      users_(graph.value_limit()),
      captured_(graph.value_limit(), false),
      places_(graph.value_limit(), {-1, -1}),
      claimed_(graph.node_limit(), false),
      put_off_(graph.value_limit(), false) {
  for (const NodeId id : nodes) {
    if (folded(id)) continue;
    for (const ValueId in : node(id).inputs)
      if (in != ValueId::none) users_[index(in)].push_back(id);
    for (const ValueId in : node(id).captures) captured_[index(in)] = true;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const int value = create(inputs[i], Order::onnx);
    Storage& storage = plan_.storages[plan_.values[value].storage];
    storage.kind = Storage::Kind::input;
    storage.index = static_cast<int>(i);
  }
}

bool Builder::folded(NodeId id) const {
  const auto& outputs = node(id).outputs;
  return std::all_of(outputs.begin(), outputs.end(),
                     [&](ValueId out) { return out == ValueId::none || is_constant(out); });
}

NodeId Builder::sole_user(ValueId id) const {
  const auto& users = all_users(id);
  if (wanted_[index(id)] || captured_[index(id)] || users.size() != 1) return NodeId::none;
  return claimed(users[0]) ? NodeId::none : users[0];
}

std::vector<NodeId> Builder::users(ValueId id) const {
  const auto& users = all_users(id);
  if (wanted_[index(id)] || captured_[index(id)]) return {};
  return std::any_of(users.begin(), users.end(), [&](NodeId user) { return claimed(user); }) ? std::vector<NodeId>()
                                                                                             : users;
}

bool Builder::used_beyond(ValueId id, const std::set<NodeId>& nodes) const {
  if (wanted_[index(id)] || captured_[index(id)]) return true;
  const auto& users = all_users(id);
  return std::any_of(users.begin(), users.end(), [&](NodeId user) { return nodes.count(user) == 0; });
}

bool Builder::has(ValueId id, Order order) const { return places_[index(id)][slot(order)] >= 0; }

bool Builder::available(ValueId id) const {
  return has(id, Order::onnx) || has(id, Order::channels_last) || is_constant(id) || put_off_[index(id)] ||
         views_.count(id) > 0;
}

int Builder::create_scratch(DType dtype, Dims dims, Order order) {
  Storage storage;
  storage.bytes = tensor_bytes(dtype, dims).value_or(0);
  plan_.storages.push_back(std::move(storage));
  plan_.values.push_back({dtype, std::move(dims), order, static_cast<int>(plan_.storages.size()) - 1});
  return static_cast<int>(plan_.values.size()) - 1;
}

int Builder::create(ValueId id, Order order) {
  const int value = create_scratch(dtype(id), dims(id), order);
  alias(id, value, order);
  return value;
}

void Builder::alias(ValueId id, int value, Order order) {
  PlanValue view = plan_.values[value];
  view.dims = dims(id);
  view.dtype = dtype(id);
  view.order = order;
  int at = value;
  if (view.dims != plan_.values[value].dims || view.order != plan_.values[value].order) {
    plan_.values.push_back(view);
    at = static_cast<int>(plan_.values.size()) - 1;
  }
  places_[index(id)][slot(order)] = at;
  if (!same_in_both_orders(view.dims)) return;
  view.order = other(order);
  plan_.values.push_back(view);
  places_[index(id)][slot(view.order)] = static_cast<int>(plan_.values.size()) - 1;
}

int Builder::constant_value(Tensor tensor) {
  Storage storage;
  storage.kind = Storage::Kind::constant;
  storage.bytes = tensor.byte_size();
  PlanValue value{tensor.dtype(), tensor.dims(), Order::onnx, static_cast<int>(plan_.storages.size())};
  storage.constant = std::move(tensor);
  plan_.storages.push_back(std::move(storage));
  plan_.values.push_back(std::move(value));
  return static_cast<int>(plan_.values.size()) - 1;
}

int Builder::require(ValueId id, Order order) {
  auto& places = places_[index(id)];
  if (places[slot(order)] >= 0) return places[slot(order)];
  if (is_constant(id) && !has(id, Order::onnx)) {
    const Tensor* tensor = constant(id);
    failed_ = failed_ || tensor == nullptr;
    alias(id, constant_value(tensor != nullptr ? *tensor : Tensor(dtype(id), dims(id))), Order::onnx);
  }
  if (put_off_[index(id)] && !has(id, other(order))) emit_put_off(id, order);
  if (places[slot(order)] >= 0) return places[slot(order)];
  if (const auto found = views_.find(id); found != views_.end() && !has(id, other(order)))
    alias(id, materialise(found->second, dtype(id), dims(id), order), order);
  if (places[slot(order)] >= 0) return places[slot(order)];
  const int from = places[slot(other(order))];
  assert(from >= 0);
  if (plan_.storages[plan_.values[from].storage].kind == Storage::Kind::constant && plan_.values[from].offset == 0) {
    // A constant is turned around once, now.
    const Tensor& tensor = plan_.storages[plan_.values[from].storage].constant;
    Tensor turned(tensor.dtype(), tensor.dims());
    const Dims& d = tensor.dims();
    const int64_t pixels = count_of(d, 2, d.size());
    transpose_bytes(static_cast<size_t>(bits(tensor.dtype())) / 8, tensor.bytes().data(), turned.mutable_bytes().data(),
                    d[0], order == Order::onnx ? pixels : d[1], order == Order::onnx ? d[1] : pixels);
    alias(id, constant_value(std::move(turned)), order);
    return places_[index(id)][slot(order)];
  }
  const int to = create(id, order);
  emit_conversion(from, to);
  return to;
}

void Builder::put_off(NodeId id) {
  for (const ValueId out : node(id).outputs) put_off_[index(out)] = true;
}

void Builder::put_off_view(ValueId id, View view) { views_[id] = std::move(view); }

bool Builder::reshapes(NodeId id) const { return id != NodeId::none && !as<DequantizeLinear>(node(id).op); }

bool Builder::viewable(ValueId id) const {
  if (has(id, Order::onnx) || is_constant(id) || views_.count(id) > 0) return true;
  const NodeId producer = graph.value(id).producer;
  return put_off_[index(id)] && !has(id, Order::channels_last) && reshapes(producer) &&
         viewable(node(producer).inputs[0]);
}

View Builder::view(ValueId id) {
  const auto& places = places_[index(id)];
  if (places[slot(Order::onnx)] >= 0) return {places[slot(Order::onnx)], 0, strides_in(dims(id), Order::onnx)};
  if (const auto found = views_.find(id); found != views_.end()) return found->second;
  if (const int value = places[slot(Order::channels_last)]; value >= 0 && !is_constant(id))
    return {value, 0, strides_in(dims(id), Order::channels_last)};
  const NodeId producer = graph.value(id).producer;
  if (put_off_[index(id)] && !reshapes(producer) &&
      preferred_order(*this, {node(producer).inputs[0]}) == Order::channels_last)
    return {require(id, Order::channels_last), 0, strides_in(dims(id), Order::channels_last)};
  if (put_off_[index(id)] && reshapes(producer)) {
    const ValueId from = node(producer).inputs[0];
    View view = this->view(from);
    if (is_strided(*this, node(producer))) {
      const auto& outputs = node(producer).outputs;
      const auto at = std::find(outputs.begin(), outputs.end(), id) - outputs.begin();
      return views_[id] = strided_view(*this, node(producer), static_cast<size_t>(at), view);
    }
    if (auto strides = reshaped_strides(dims(from), view.strides, dims(id)); strides && count_of(dims(id)) > 0) {
      view.strides = *std::move(strides);
      views_[id] = view;
      return view;
    }
  }
  return {require(id, Order::onnx), 0, strides_in(dims(id), Order::onnx)};
}

int Builder::materialise(const View& view, DType dtype, const Dims& dims, Order order) {
  Box box;
  box.dims = dims;
  box.in_strides = view.strides;
  box.out_strides = strides_in(dims, order);
  simplify(box);
  const int64_t width = bits(dtype) / 8;
  if (is_one_run(box) && (view.offset == 0 || width >= 4)) {
    PlanValue value = plan_.values[view.value];
    value.dtype = dtype;
    value.dims = dims;
    value.order = order;
    value.offset += static_cast<size_t>(view.offset * width);
    plan_.values.push_back(std::move(value));
    return static_cast<int>(plan_.values.size()) - 1;
  }
  box.in = view.value;
  box.in_offset = view.offset;
  box.out = create_scratch(dtype, dims, order);
  const int out = box.out;
  add({.kernel = "move.copy", .reads = {box.in}, .writes = {out}, .run = [=, box = std::move(box)](const Frame& frame) {
         copy_box(box, width, frame.at<const std::byte>(box.in) + box.in_offset * width, frame.at<std::byte>(box.out));
         return Result<void>();
       }});
  return out;
}

void Builder::emit_put_off(ValueId id, Order order) {
  const NodeId producer = graph.value(id).producer;
  if (as<DequantizeLinear>(node(producer).op)) return emit_dequantize(producer);
  if (is_strided(*this, node(producer))) return alias(id, materialise(view(id), dtype(id), dims(id), order), order);
  const ValueId from = node(producer).inputs[0];
  if (dims(from) != dims(id))
    order = Order::onnx;
  else if (!has(from, order) && has(from, other(order)))
    order = other(order);
  alias(id, require(from, order), order);
}

void Builder::emit_dequantize(NodeId id) {
  const Node& dequantize = node(id);
  const ValueId q = dequantize.inputs[0], out = dequantize.outputs[0];
  const auto quant = scalar_quant(*this, dequantize, dtype(q));
  assert(quant.has_value());
  const Order order = has(q, Order::channels_last) ? Order::channels_last : Order::onnx;
  const int from = require(q, order);
  const int to = create(out, order);
  const int64_t count = count_of(dims(out));
  add({.kernel = "dequantize.int8",
       .nodes = {id},
       .reads = {from},
       .writes = {to},
       .run = [=, quant = *quant](const Frame& frame) {
         int8_dequantize(frame.isa, quant, frame.at(from), frame.at<float>(to), count, frame.pool);
         return Result<void>();
       }});
}

void Builder::emit_conversion(int from, int to) {
  const Dims d = plan_.values[from].dims;
  const bool to_last = plan_.values[to].order == Order::channels_last;
  const int64_t pixels = count_of(d, 2, d.size());
  const int64_t rows = to_last ? d[1] : pixels, columns = to_last ? pixels : d[1], batch = d[0];
  const auto width = static_cast<size_t>(bits(plan_.values[from].dtype)) / 8;
  const bool floats = plan_.values[from].dtype == DType::float32;
  add({.kernel = to_last ? "to_channels_last" : "to_onnx_order",
       .reads = {from},
       .writes = {to},
       .run = [=](const Frame& frame) {
         if (floats)
           frame.kernels.transpose(batch, rows, columns, frame.at<const float>(from), frame.at<float>(to), frame.pool);
         else
           transpose_bytes(width, frame.at<const std::byte>(from), frame.at<std::byte>(to), batch, rows, columns);
         return Result<void>();
       }});
}

void Builder::add(Step step) { plan_.steps.push_back(std::move(step)); }

std::optional<Plan> Builder::finish(const std::vector<ValueId>& wanted) {
  for (const ValueId id : wanted) plan_.outputs.push_back(require(id, Order::onnx));
  if (failed_) return std::nullopt;
  std::vector<int> takers(plan_.storages.size(), 0);
  for (const int value : plan_.outputs) ++takers[plan_.values[value].storage];
  // An output that nobody else returns is written where it is returned.
  for (size_t i = 0; i < plan_.outputs.size(); ++i) {
    const PlanValue& value = plan_.values[plan_.outputs[i]];
    Storage& storage = plan_.storages[value.storage];
    if (takers[value.storage] != 1 || storage.kind != Storage::Kind::arena) continue;
    if (storage.bytes != tensor_bytes(value.dtype, value.dims)) continue;
    storage.kind = Storage::Kind::output;
    storage.index = static_cast<int>(i);
  }
  assign_arena(plan_);
  return std::move(plan_);
}

}  // namespace pare
