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

// ---- the fields of any operator, by name ----

// Every type that a member of an operator may have. The rest of this file works on these alone, so that an operator
// costs the compiler one short function.
using Member = std::variant<int64_t*, float*, std::string*, std::vector<int64_t>*, std::vector<float>*,
                            std::vector<std::string>*, Tensor*, DType*, GraphPtr*, std::optional<int64_t>*,
                            std::optional<float>*, std::optional<std::string>*, std::optional<Tensor>*,
                            std::optional<GraphPtr>*, std::optional<RawAttribute>*>;
struct Field {
  std::string_view name;
  Member member;
};

struct FieldList {
  std::vector<Field> fields;
  template <class M>
  void operator()(std::string_view name, M& member) {
    fields.push_back({name, &member});
  }
};

std::vector<Field> fields_of(Op& op) {
  FieldList list;
  std::visit([&]<class O>(O& o) { O::fields(o, list); }, op.variant());
  return std::move(list.fields);
}

std::span<const std::string_view> required_of(const Op& op) {
  return std::visit(
      []<class O>(const O&) -> std::span<const std::string_view> {
        if constexpr (requires { O::kRequired; }) {
          return O::kRequired;
        } else {
          return {};
        }
      },
      op.variant());
}

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<Attribute> attribute_of(const Member& member) {
  return std::visit([](const auto* m) { return to_attribute(*m); }, member);
}

Attributes attributes_of(Op& op) {
  Attributes all;
  for (const Field& field : fields_of(op)) {
    if (auto value = attribute_of(field.member)) all.push_back({std::string(field.name), *std::move(value)});
  }
  return all;
}

// ---- construction by name ----

template <class O>
bool in_domain(std::string_view domain) {
  if constexpr (requires { O::kDomain; }) {
    return domain == O::kDomain;
  } else {
    return domain.empty() || domain == "ai.onnx";
  }
}

// Sets `op` where O is the operator of that domain and type, or of the family that has it.
template <class O>
bool construct(std::string_view domain, std::string_view type, Op& op) {
  if constexpr (std::is_same_v<O, Opaque>) {
    return false;
  } else if constexpr (requires { O::kNames; }) {
    const auto at = std::find(O::kNames.begin(), O::kNames.end(), type);
    if (at == O::kNames.end() || !in_domain<O>(domain)) return false;
    op.variant().template emplace<O>().kind = static_cast<typename O::Kind>(at - O::kNames.begin());
    return true;
  } else {
    if (O::kName != type || !in_domain<O>(domain)) return false;
    op.variant().template emplace<O>();
    return true;
  }
}

std::optional<Op> construct_any(std::string_view domain, std::string_view type) {
  Op op = Opaque{};
#define PARE_TRY_CONSTRUCT(O) \
  if (construct<O>(domain, type, op)) return op;
  PARE_OPS(PARE_TRY_CONSTRUCT)
#undef PARE_TRY_CONSTRUCT
  return std::nullopt;
}

// The same operator with every field at its default.
Op default_of(const Op& op) {
  Op plain = Opaque{};
  std::visit([&]<class O>(const O&) { plain.variant().emplace<O>(); }, op.variant());
  return plain;
}

bool is_standard_domain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

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
  if (const Opaque* opaque = as<Opaque>(op)) return opaque->attributes;
  Op copy = op;
  Attributes all = attributes_of(copy);
  if (defaults) return all;
  Op plain = default_of(op);
  const auto required = required_of(op);
  for (const NamedAttribute& unset : attributes_of(plain)) {
    if (contains(required, unset.name)) continue;
    std::erase_if(all, [&](const NamedAttribute& a) { return a.name == unset.name && equal(a.value, unset.value); });
  }
  return all;
}

bool op_attribute_is_dtype(const Op& op, std::string_view name) {
  Op copy = op;
  for (const Field& field : fields_of(copy)) {
    if (field.name == name) return std::holds_alternative<DType*>(field.member);
  }
  return false;
}

bool equal(const Op& a, const Op& b) {
  if (a.index() != b.index()) return false;
  if (const Opaque* left = as<Opaque>(a)) {
    const Opaque* right = as<Opaque>(b);
    return left->domain == right->domain && left->type == right->type && left->version == right->version &&
           equal(left->attributes, right->attributes);
  }
  return op_type(a) == op_type(b) && op_domain(a) == op_domain(b) &&
         equal(op_attributes(a, true), op_attributes(b, true));
}

size_t hash(const Op& op) {
  size_t seed = combine(op.index(), std::hash<std::string_view>{}(op_type(op)));
  for (const NamedAttribute& attribute : op_attributes(op, true)) {
    seed = combine(seed, std::hash<std::string>{}(attribute.name));
    seed = combine(seed, hash_attribute(attribute.value));
  }
  return seed;
}

bool op_known(std::string_view domain, std::string_view type) { return construct_any(domain, type).has_value(); }

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
  std::optional<Op> op = construct_any(domain, type);
  if (!op) return opaque("is not an operator this version knows");
  for (const std::string_view required : required_of(*op)) {
    if (!names.contains(required)) {
      return input_error(shown + " lacks its attribute '" + std::string(required) + "', which has no default");
    }
  }
  const std::vector<Field> fields = fields_of(*op);
  for (const NamedAttribute& attribute : attributes) {
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == attribute.name; });
    if (field == fields.end()) {
      return opaque("has an attribute '" + attribute.name + "' that this version does not know");
    }
    Attribute value = attribute.value;
    const std::string fault = std::visit([&](auto* member) { return set_member(*member, value); }, field->member);
    if (!fault.empty()) return input_error("attribute '" + attribute.name + "' of " + shown + ' ' + fault);
  }
  return *std::move(op);
}

}  // namespace pare
