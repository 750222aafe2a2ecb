#include <cmath>
#include <limits>

#include "graph/text.h"
#include "graph/text_literal.h"

namespace pare {
namespace {

constexpr int64_t kMostElementsInWords = 32;  // larger constants are printed as base64

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

bool is_number(DType dtype) { return is_float(dtype) || is_integer(dtype) || dtype == DType::boolean; }

// Whether the elements, read as numbers and stored again, give the same bytes: not so for some NaN, nor for packed
// types with something in the unused bits.
bool canonical(const Tensor& tensor) {
  if (!is_float(tensor.dtype()) && bits(tensor.dtype()) >= 8) return true;
  Tensor again(tensor.dtype(), tensor.dims());
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const double value = tensor.as_double(i);
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();  // what "nan" reads back as
    again.set_double(i, std::isnan(value) ? std::copysign(nan, value) : value);
  }
  return again == tensor;
}

std::string element_text(const Tensor& tensor, int64_t i) {
  switch (tensor.dtype()) {
    case DType::float32:
      return number_text(tensor.data<float>()[static_cast<size_t>(i)]);
    case DType::boolean:
      return tensor.as_int(i) != 0 ? "true" : "false";
    case DType::uint64:
      return std::to_string(tensor.data<uint64_t>()[static_cast<size_t>(i)]);
    case DType::float64:
    case DType::float16:
    case DType::bfloat16:
    case DType::float8e4m3fn:
    case DType::float8e4m3fnuz:
    case DType::float8e5m2:
    case DType::float8e5m2fnuz:
    case DType::float4e2m1:
    case DType::float6e2m3:
    case DType::float6e3m2:
    case DType::float8e8m0:
      return number_text(tensor.as_double(i));
    case DType::uint8:
    case DType::int8:
    case DType::uint16:
    case DType::int16:
    case DType::int32:
    case DType::int64:
    case DType::uint32:
    case DType::uint4:
    case DType::int4:
    case DType::uint2:
    case DType::int2:
      return std::to_string(tensor.as_int(i));
    case DType::undefined:
    case DType::string:
    case DType::complex64:
    case DType::complex128:
      break;
  }
  return "?";
}

// The type's text with symbols quoted where they have to be.
std::string type_text(const Type& type) {
  const auto inside = [&](Container container) { return type_text({type.dtype, type.shape, container}); };
  switch (type.container) {
    case Container::tensor:
      break;
    case Container::sequence:
      return "sequence(" + inside(Container::tensor) + ')';
    case Container::optional:
      return "optional(" + inside(Container::tensor) + ')';
    case Container::optional_sequence:
      return "optional(" + inside(Container::sequence) + ')';
  }
  if (!type.shape) return std::string(name(type.dtype)) + "[*]";
  std::string text(name(type.dtype));
  text += '[';
  for (const Dim& dim : *type.shape) {
    if (text.back() != '[') text += ',';
    text += dim.known() || dim.symbol.empty() ? to_string(dim) : written_symbol(dim.symbol);
  }
  return text + ']';
}

class Printer {
 public:
  explicit Printer(const PrintOptions& options) : options_(options) {}

  std::string take() { return std::move(text_); }

  void graph(const Graph& graph, int indent) {
    text_ += graph.name.empty() ? "graph {\n" : "graph " + quoted(graph.name) + " {\n";
    const std::string margin(static_cast<size_t>(indent) + 2, ' ');
    for (const ValueId id : graph.inputs) text_ += margin + "input " + declared(graph.value(id)) + '\n';
    for (const ValueId id : graph.captured) text_ += margin + "capture " + declared(graph.value(id)) + '\n';
    for (const ValueId id : graph.values()) {
      if (!graph.value(id).constant) continue;
      text_ += margin + "const " + written_name(graph.value(id).name) + ": " + type_text(graph.value(id).type) + " = ";
      elements(*graph.value(id).constant);
      text_ += '\n';
    }
    for (const NodeId id : graph.order()) {
      text_ += margin;
      node(graph, graph.node(id), indent + 2);
      text_ += '\n';
    }
    for (const ValueId id : graph.outputs) text_ += margin + "output " + written_name(graph.value(id).name) + '\n';
    for (const auto& [domain, version] : graph.domains) {
      text_ += margin + "domain " + written_name(domain) + ' ' + std::to_string(version) + '\n';
    }
    for (const auto& [key, value] : graph.metadata)
      text_ += margin + "meta " + quoted(key) + " = " + quoted(value) + '\n';
    text_ += std::string(static_cast<size_t>(indent), ' ') + '}';
  }

 private:
  static std::string declared(const Value& value) {
    std::string text = written_name(value.name);
    if (value.type != Type{}) text += ": " + type_text(value.type);
    return text;
  }

  void elements(const Tensor& tensor) {
    if (options_.elide_above >= 0 && tensor.size() > options_.elide_above) {
      text_ += "...";
    } else if (tensor.size() <= kMostElementsInWords && tensor.dtype() == DType::string) {
      list(tensor.string_values(), "{", "}", [](const std::string& value) { return quoted(value); });
    } else if (tensor.size() <= kMostElementsInWords && is_number(tensor.dtype()) && canonical(tensor)) {
      text_ += '{';
      for (int64_t i = 0; i < tensor.size(); ++i) text_ += (i > 0 ? ", " : "") + element_text(tensor, i);
      text_ += '}';
    } else {
      text_ += "base64\"" + base64(tensor.bytes()) + '"';
    }
  }

  template <class T, class F>
  void list(const std::vector<T>& values, std::string_view open, std::string_view close, F&& written) {
    text_ += open;
    for (size_t i = 0; i < values.size(); ++i) text_ += (i > 0 ? ", " : "") + written(values[i]);
    text_ += close;
  }

  void names(const Graph& graph, const std::vector<ValueId>& ids) {
    list(ids, "(", ")",
         [&](ValueId id) { return id == ValueId::none ? std::string("_") : written_name(graph.value(id).name); });
  }

  void attribute(const Op& op, const NamedAttribute& attribute, int indent) {
    text_ += written_name(attribute.name) + " = ";
    std::visit(
        Overloaded{[&](int64_t v) {
                     const auto dtype = op_attribute_is_dtype(op, attribute.name) ? dtype_from_number(v) : std::nullopt;
                     text_ += dtype ? std::string(name(*dtype)) : std::to_string(v);
                   },
                   [&](float v) { text_ += float_literal(v); }, [&](const std::string& v) { text_ += quoted(v); },
                   [&](const std::vector<int64_t>& v) {
                     list(v, "[", "]", [](int64_t number) { return std::to_string(number); });
                   },
                   [&](const std::vector<float>& v) {
                     list(v, v.empty() ? "floats[" : "[", "]", [](float number) { return float_literal(number); });
                   },
                   [&](const std::vector<std::string>& v) {
                     list(v, v.empty() ? "strings[" : "[", "]", [](const std::string& s) { return quoted(s); });
                   },
                   [&](const Tensor& v) {
                     text_ += type_text(v.type());
                     elements(v);
                   },
                   [&](const GraphPtr& v) { v ? graph(*v, indent) : graph(Graph(), indent); },
                   [&](const RawAttribute& v) { text_ += "raw\"" + base64(std::as_bytes(std::span(v.bytes))) + '"'; }},
        attribute.value);
  }

  void op_name(const Graph& graph, const Op& op) {
    const Opaque* opaque = as<Opaque>(op);
    if (opaque == nullptr) {
      if (const std::string_view domain = op_domain(op); !domain.empty()) text_ += std::string(domain) + '.';
      text_ += op_type(op);
      return;
    }
    const bool bare = opaque->type.find('.') == std::string::npos && written_name(opaque->type) == opaque->type &&
                      opaque->domain != "ai.onnx" &&
                      (opaque->domain.empty() || written_name(opaque->domain) == opaque->domain);
    if (bare) {
      text_ += opaque->domain.empty() ? opaque->type : opaque->domain + '.' + opaque->type;
    } else {
      text_ += quoted(opaque->domain) + ':' + quoted(opaque->type);
    }
    const auto declared = graph.domains.find(opaque->domain);
    const bool implied =
        bare && !opaque->domain.empty() && opaque->version == (declared == graph.domains.end() ? 1 : declared->second);
    if (!implied) text_ += '@' + std::to_string(opaque->version);
  }

  void node(const Graph& graph, const Node& node, int indent) {
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (i > 0) text_ += ", ";
      const ValueId id = node.outputs[i];
      text_ += id == ValueId::none ? "_"
               : options_.types    ? declared(graph.value(id))
                                   : written_name(graph.value(id).name);
    }
    text_ += node.outputs.empty() ? "= " : " = ";
    op_name(graph, node.op);
    names(graph, node.inputs);
    const Attributes attributes = op_attributes(node.op);
    for (size_t i = 0; i < attributes.size(); ++i) {
      text_ += i == 0 ? " {" : ", ";
      attribute(node.op, attributes[i], indent);
    }
    if (!attributes.empty()) text_ += '}';
    if (!node.captures.empty()) {
      text_ += " captures ";
      names(graph, node.captures);
    }
    if (!node.name.empty()) text_ += ' ' + quoted(node.name);
  }

  const PrintOptions& options_;
  std::string text_;
};

}  // namespace

std::string print(const Graph& graph, const PrintOptions& options) {
  Printer printer(options);
  printer.graph(graph, 0);
  return printer.take() + '\n';
}

}  // namespace pare
