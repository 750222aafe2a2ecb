#include "formats/onnx/attributes.h"

#include "formats/onnx/tensors.h"

namespace pare::onnx_format {
namespace {

// AttributeProto.AttributeType of the ONNX specification.
enum Kind : int {
  kUndefined = 0,
  kFloat = 1,
  kInt = 2,
  kString = 3,
  kTensor = 4,
  kGraph = 5,
  kFloats = 6,
  kInts = 7,
  kStrings = 8,
};

// The kind of an attribute of IR version 1, which has no type field: the field that is set.
int present_kind(const onnx::AttributeProto& proto) {
  if (proto.has_f()) return kFloat;
  if (proto.has_i()) return kInt;
  if (proto.has_s()) return kString;
  if (proto.has_t()) return kTensor;
  if (proto.has_g()) return kGraph;
  if (proto.floats_size()) return kFloats;
  if (proto.ints_size()) return kInts;
  if (proto.strings_size()) return kStrings;
  return kUndefined;
}

Result<Attribute> read_value(onnx::AttributeProto& proto, TensorStorage& storage, const ReadSubgraph& subgraph) {
  switch (proto.type() == kUndefined ? present_kind(proto) : proto.type()) {
    case kFloat:
      return Attribute(proto.f());
    case kInt:
      return Attribute(proto.i());
    case kString:
      return Attribute(std::move(*proto.mutable_s()));
    case kFloats:
      return Attribute(std::vector<float>(proto.floats().begin(), proto.floats().end()));
    case kInts:
      return Attribute(std::vector<int64_t>(proto.ints().begin(), proto.ints().end()));
    case kStrings:
      return Attribute(std::vector<std::string>(proto.strings().begin(), proto.strings().end()));
    case kTensor: {
      PARE_ASSIGN(auto tensor, read_tensor(*proto.mutable_t(), storage));
      return Attribute(std::move(tensor));
    }
    case kGraph: {
      PARE_ASSIGN(auto graph, subgraph(*proto.mutable_g()));
      return Attribute(std::move(graph));
    }
    default:
      return Attribute(RawAttribute{proto.SerializeAsString()});
  }
}

struct Writer {
  const WriteSubgraph& subgraph;
  std::vector<Tensor>& lifted;
  onnx::AttributeProto& proto;

  Result<void> operator()(int64_t value) { return proto.set_i(value), kind(kInt); }
  Result<void> operator()(float value) { return proto.set_f(value), kind(kFloat); }
  Result<void> operator()(const std::string& value) { return proto.set_s(value), kind(kString); }
  Result<void> operator()(const std::vector<int64_t>& values) {
    for (const int64_t value : values) proto.add_ints(value);
    return kind(kInts);
  }
  Result<void> operator()(const std::vector<float>& values) {
    for (const float value : values) proto.add_floats(value);
    return kind(kFloats);
  }
  Result<void> operator()(const std::vector<std::string>& values) {
    for (const std::string& value : values) proto.add_strings(value);
    return kind(kStrings);
  }
  Result<void> operator()(const Tensor& value) {
    write_tensor({}, value, lifted, *proto.mutable_t());
    return kind(kTensor);
  }
  Result<void> operator()(const GraphPtr& value) {
    PARE_TRY(subgraph(*value, *proto.mutable_g()));
    return kind(kGraph);
  }
  Result<void> operator()(const RawAttribute& value) {
    const std::string name = proto.name();
    if (!proto.ParseFromString(value.bytes)) return input_error("attribute '" + name + "' holds no AttributeProto");
    proto.set_name(name);
    return {};
  }
  Result<void> kind(Kind kind) {
    proto.set_type(kind);
    return {};
  }
};

}  // namespace

Result<NamedAttribute> read_attribute(onnx::AttributeProto& proto, TensorStorage& storage,
                                      const ReadSubgraph& subgraph) {
  if (!proto.ref_attr_name().empty()) {
    return input_error("attribute '" + proto.name() + "' refers to '" + proto.ref_attr_name() +
                       "' of a function, outside any function");
  }
  auto value = read_value(proto, storage, subgraph);
  if (!value) return in_context("attribute '" + proto.name() + "'", value.failure());
  return NamedAttribute{proto.name(), *std::move(value)};
}

Result<void> write_attribute(const NamedAttribute& attribute, const WriteSubgraph& subgraph,
                             std::vector<Tensor>& lifted, onnx::AttributeProto& proto) {
  proto.set_name(attribute.name);
  return std::visit(Writer{subgraph, lifted, proto}, attribute.value);
}

}  // namespace pare::onnx_format
