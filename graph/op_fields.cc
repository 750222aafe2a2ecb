// What is derived from the fields() of each operator: attributes out, attributes in, equality, hash.
#include <algorithm>
#include <bit>
#include <set>
#include <type_traits>

#include "graph/graph.h"
#include "graph/op.h"

namespace pare {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

// ---- attribute values of members ----

template <class T>
std::optional<Attribute> to_attribute(const T& member) {
  return Attribute(member);
}
template <class T>
std::optional<Attribute> to_attribute(const std::optional<T>& member) {
  return member ? std::optional<Attribute>(*member) : std::nullopt;
}
std::optional<Attribute> to_attribute(const DType& member) { return Attribute(static_cast<int64_t>(member)); }

std::string_view kind_name(const Attribute& value) {
  return std::visit(Overloaded{[](int64_t) { return "an int"; }, [](float) { return "a float"; },
                               [](const std::string&) { return "a string"; },
                               [](const std::vector<int64_t>&) { return "a list of ints"; },
                               [](const std::vector<float>&) { return "a list of floats"; },
                               [](const std::vector<std::string>&) { return "a list of strings"; },
                               [](const Tensor&) { return "a tensor"; }, [](const GraphPtr&) { return "a graph"; },
                               [](const RawAttribute&) { return "an uninterpreted attribute"; }},
                    value);
}

// Each returns the sentence's end ("is a float, expected an int"), or nothing when the member was set.
template <class T>
std::string set_member(T& member, Attribute& value) {
  if (T* same = std::get_if<T>(&value)) {
    member = std::move(*same);
    return {};
  }
  return "is " + std::string(kind_name(value)) + ", expected " + std::string(kind_name(Attribute(T{})));
}
template <class T>
std::string set_member(std::optional<T>& member, Attribute& value) {
  T inner{};
  std::string fault = set_member(inner, value);
  if (fault.empty()) member = std::move(inner);
  return fault;
}
std::string set_member(DType& member, Attribute& value) {
  int64_t number = 0;
  std::string fault = set_member(number, value);
  if (!fault.empty()) return fault;
  const auto dtype = number == 0 ? std::optional(DType::undefined) : dtype_from_number(number);
  if (!dtype) return "is " + std::to_string(number) + ", which is no element type of ONNX (1..26)";
  member = *dtype;
  return {};
}

// ---- construction by name ----

template <class O>
std::optional<Op> construct(std::string_view type) {
  if constexpr (std::is_same_v<O, Opaque>) {
    return std::nullopt;
  } else if constexpr (requires { O::kNames; }) {
    const auto at = std::find(O::kNames.begin(), O::kNames.end(), type);
    if (at == O::kNames.end()) return std::nullopt;
    O op{};
    op.kind = static_cast<typename O::Kind>(at - O::kNames.begin());
    return Op(std::move(op));
  } else {
    return O::kName == type ? std::optional<Op>(O{}) : std::nullopt;
  }
}

std::optional<Op> construct_any(std::string_view type) {
  std::optional<Op> op;
#define PARE_TRY_CONSTRUCT(O) \
  if (!op) op = construct<O>(type);
  PARE_OPS(PARE_TRY_CONSTRUCT)
#undef PARE_TRY_CONSTRUCT
  return op;
}

bool is_standard_domain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

template <class O>
bool is_required(std::string_view attribute) {
  if constexpr (requires { O::kRequired; }) {
    return std::find(O::kRequired.begin(), O::kRequired.end(), attribute) != O::kRequired.end();
  } else {
    return false;
  }
}

enum class FieldState : uint8_t { unknown, set, wrong };

FieldState set_field(Op& op, const std::string& name, Attribute& value, std::string& fault) {
  return std::visit(
      [&]<class O>(O& o) {
        FieldState state = FieldState::unknown;
        O::fields(o, [&](std::string_view field, auto& member) {
          if (field != name) return;
          fault = set_member(member, value);
          state = fault.empty() ? FieldState::set : FieldState::wrong;
        });
        return state;
      },
      op.variant());
}

// The first required attribute that `attributes` lacks; empty when complete.
std::string missing_attribute(const Op& op, const Attributes& attributes) {
  return std::visit(
      [&]<class O>(const O&) -> std::string {
        if constexpr (requires { O::kRequired; }) {
          for (const std::string_view required : O::kRequired) {
            const bool given = std::any_of(attributes.begin(), attributes.end(),
                                           [&](const NamedAttribute& a) { return a.name == required; });
            if (!given) return std::string(required);
          }
        }
        return {};
      },
      op.variant());
}

// ---- equality and hash ----

bool same_floats(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](float x, float y) { return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y); });
}

size_t combine(size_t seed, size_t value) { return seed ^ (value + 0x9e3779b97f4a7c15u + (seed << 6) + (seed >> 2)); }

size_t hash_bytes(std::span<const std::byte> bytes) {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

template <class T>
size_t hash_list(const std::vector<T>& values) {
  size_t seed = values.size();
  for (const T& value : values) {
    if constexpr (std::is_same_v<T, float>) {
      seed = combine(seed, std::bit_cast<uint32_t>(value));
    } else {
      seed = combine(seed, std::hash<T>{}(value));
    }
  }
  return seed;
}

size_t hash_attribute(const Attribute& value) {
  return std::visit(Overloaded{[](int64_t v) { return std::hash<int64_t>{}(v); },
                               [](float v) { return static_cast<size_t>(std::bit_cast<uint32_t>(v)); },
                               [](const std::string& v) { return std::hash<std::string>{}(v); },
                               [](const std::vector<int64_t>& v) { return hash_list(v); },
                               [](const std::vector<float>& v) { return hash_list(v); },
                               [](const std::vector<std::string>& v) { return hash_list(v); },
                               [](const Tensor& v) { return combine(hash_list(v.dims()), hash_bytes(v.bytes())); },
                               [](const GraphPtr& v) { return v ? v->order().size() : size_t{0}; },
                               [](const RawAttribute& v) { return std::hash<std::string>{}(v.bytes); }},
                    value);
}

}  // namespace

bool equal(const Attribute& a, const Attribute& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&]<class T>(const T& left) {
        const T& right = std::get<T>(b);
        if constexpr (std::is_same_v<T, float>) {
          return std::bit_cast<uint32_t>(left) == std::bit_cast<uint32_t>(right);
        } else if constexpr (std::is_same_v<T, std::vector<float>>) {
          return same_floats(left, right);
        } else if constexpr (std::is_same_v<T, GraphPtr>) {
          return left == right || (left && right && equal(*left, *right));
        } else {
          return left == right;
        }
      },
      a);
}

bool equal(const Attributes& a, const Attributes& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const NamedAttribute& x, const NamedAttribute& y) {
    return x.name == y.name && equal(x.value, y.value);
  });
}

Attributes op_attributes(const Op& op, bool defaults) {
  return std::visit(
      [&]<class O>(const O& o) -> Attributes {
        if constexpr (std::is_same_v<O, Opaque>) {
          return o.attributes;
        } else {
          Attributes all;
          O::fields(o, [&](std::string_view name, const auto& member) {
            if (auto value = to_attribute(member)) all.push_back({std::string(name), std::move(*value)});
          });
          if (defaults) return all;
          const O plain{};
          O::fields(plain, [&](std::string_view name, const auto& member) {
            const auto value = to_attribute(member);
            if (!value || is_required<O>(name)) return;
            std::erase_if(all, [&](const NamedAttribute& a) { return a.name == name && equal(a.value, *value); });
          });
          return all;
        }
      },
      op.variant());
}

bool op_attribute_is_dtype(const Op& op, std::string_view name) {
  return std::visit(
      [&]<class O>(const O& o) {
        bool found = false;
        O::fields(o, [&]<class T>(std::string_view field, const T&) {
          found = found || (std::is_same_v<T, DType> && field == name);
        });
        return found;
      },
      op.variant());
}

bool equal(const Op& a, const Op& b) {
  if (a.index() != b.index()) return false;
  if (const Opaque* left = as<Opaque>(a)) {
    const Opaque* right = as<Opaque>(b);
    return left->domain == right->domain && left->type == right->type && left->version == right->version &&
           equal(left->attributes, right->attributes);
  }
  return op_type(a) == op_type(b) && equal(op_attributes(a, true), op_attributes(b, true));
}

size_t hash(const Op& op) {
  size_t seed = combine(op.index(), std::hash<std::string_view>{}(op_type(op)));
  for (const NamedAttribute& attribute : op_attributes(op, true)) {
    seed = combine(seed, std::hash<std::string>{}(attribute.name));
    seed = combine(seed, hash_attribute(attribute.value));
  }
  return seed;
}

bool op_known(std::string_view domain, std::string_view type) {
  return is_standard_domain(domain) && construct_any(type).has_value();
}

Result<Op> make_op(std::string_view domain, std::string_view type, int64_t version, Attributes attributes) {
  const std::string shown =
      (is_standard_domain(domain) ? std::string() : std::string(domain) + '.') + std::string(type);
  std::set<std::string_view> names;
  for (const NamedAttribute& attribute : attributes) {
    if (!names.insert(attribute.name).second) {
      return input_error("attribute '" + attribute.name + "' of " + shown + " is given twice, expected once");
    }
  }
  const auto opaque = [&](std::string reason) {
    return Op(Opaque{is_standard_domain(domain) ? std::string() : std::string(domain), std::string(type), version,
                     std::move(attributes), std::move(reason)});
  };
  std::optional<Op> op = is_standard_domain(domain) ? construct_any(type) : std::nullopt;
  if (!op) return opaque("is not an operator this version knows");
  if (const std::string missing = missing_attribute(*op, attributes); !missing.empty()) {
    return input_error(shown + " lacks its attribute '" + missing + "', which has no default");
  }
  for (const NamedAttribute& attribute : attributes) {
    std::string fault;
    Attribute value = attribute.value;
    const FieldState state = set_field(*op, attribute.name, value, fault);
    if (state == FieldState::wrong) return input_error("attribute '" + attribute.name + "' of " + shown + ' ' + fault);
    if (state == FieldState::unknown) {
      return opaque("has an attribute '" + attribute.name + "' that this version does not know");
    }
  }
  return *std::move(op);
}

}  // namespace pare
