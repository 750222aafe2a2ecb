#include "compress/padding.h"

#include <algorithm>

#include "compress/rewrite.h"

namespace pare {
namespace {

constexpr int64_t kMost = 1 << 30;

}  // namespace

std::optional<Border> spatial_border(const Graph& graph, const Node& pad) {
  const Tensor* amounts = constant_of(graph, pad, 1);
  const Tensor* axes = constant_of(graph, pad, 3);
  const Shape* shape = shape_of(graph, pad.inputs[0]);
  if (as<Pad>(pad.op)->mode != "constant" || amounts == nullptr || shape == nullptr || shape->size() < 3)
    return std::nullopt;
  if (input_of(pad, 3) != ValueId::none && axes == nullptr) return std::nullopt;
  Border border;
  if (input_of(pad, 2) != ValueId::none) {
    const Tensor* value = constant_of(graph, pad, 2);
    if (value == nullptr || value->size() != 1) return std::nullopt;
    border.value = value->as_double(0);
  }
  const auto rank = static_cast<int64_t>(shape->size());
  const int64_t count = amounts->size() / 2, spatial = rank - 2;
  if (count > rank || (axes != nullptr && axes->size() != count)) return std::nullopt;
  border.pads.assign(static_cast<size_t>(2 * spatial), 0);
  for (int64_t i = 0; i < count; ++i) {
    int64_t axis = axes != nullptr ? axes->as_int(i) : i;
    if (axis < 0) axis += rank;
    const int64_t before = amounts->as_int(i), after = amounts->as_int(i + count);
    if (axis < 0 || axis >= rank || before < 0 || after < 0 || before > kMost || after > kMost) return std::nullopt;
    if (axis < 2 && (before != 0 || after != 0)) return std::nullopt;
    if (axis < 2) continue;
    border.pads[static_cast<size_t>(axis - 2)] = before;
    border.pads[static_cast<size_t>(axis - 2 + spatial)] = after;
  }
  return border;
}

bool widen(std::string& auto_pad, std::vector<int64_t>& pads, const Border& border) {
  if (auto_pad != "NOTSET" && auto_pad != "VALID") return false;
  if (pads.empty() || auto_pad == "VALID") pads.assign(border.pads.size(), 0);
  if (pads.size() != border.pads.size()) return false;
  if (std::ranges::any_of(pads, [](int64_t own) { return own < 0 || own > kMost; })) return false;
  auto_pad = "NOTSET";
  for (size_t i = 0; i < pads.size(); ++i) pads[i] += border.pads[i];
  return true;
}

}  // namespace pare
