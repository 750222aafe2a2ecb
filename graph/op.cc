#include "graph/op.h"

namespace pare {

std::string_view op_type(const Op& op) {
  return std::visit(
      []<class O>(const O& o) -> std::string_view {
        if constexpr (std::is_same_v<O, Opaque>) {
          return o.type;
        } else if constexpr (requires { O::kNames; }) {
          return O::kNames[static_cast<size_t>(o.kind)];
        } else {
          return O::kName;
        }
      },
      op.variant());
}

std::string_view op_domain(const Op& op) {
  return std::visit(
      []<class O>(const O& o) -> std::string_view {
        if constexpr (std::is_same_v<O, Opaque>) {
          return o.domain;
        } else if constexpr (requires { O::kDomain; }) {
          return O::kDomain;
        } else {
          return {};
        }
      },
      op.variant());
}

int op_since(const Op& op) {
  return std::visit(
      []<class O>(const O& o) -> int {
        if constexpr (std::is_same_v<O, Opaque>) {
          return o.domain.empty() ? static_cast<int>(o.version) : O::kSince;
        } else if constexpr (requires { o.since(); }) {
          return o.since();
        } else {
          return O::kSince;
        }
      },
      op.variant());
}

Arity op_arity(const Op& op) {
  return std::visit([]<class O>(const O&) { return O::kArity; }, op.variant());
}

Role op_role(const Op& op) {
  return std::visit([](const auto& o) { return o.role(); }, op.variant());
}

std::optional<OutputRange> op_range(const Op& op) {
  return std::visit(
      []<class O>(const O& o) -> std::optional<OutputRange> {
        if constexpr (requires { o.range(); }) return o.range();
        return std::nullopt;
      },
      op.variant());
}

bool op_pointwise(const Op& op) {
  return std::visit([]<class O>(const O&) { return requires { requires O::kPointwise; }; }, op.variant());
}

bool op_random(const Op& op) {
  return std::visit([]<class O>(const O&) { return requires { requires O::kRandom; }; }, op.variant());
}

}  // namespace pare
