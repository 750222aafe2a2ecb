// Tiny ONNX models for tests, put together message by message.
#pragma once

#include <string>
#include <vector>

#include "formats/onnx/onnx.h"
#include "pare_onnx.pb.h"

namespace pare::testing {

namespace wire = pare::onnx;

// A model of one graph "g" whose values are float32 unless said.
class ModelBuilder {
 public:
  explicit ModelBuilder(int64_t opset, int64_t ir_version = 8) {
    model.set_ir_version(ir_version);
    auto& import = *model.add_opset_import();
    import.set_version(opset);
    graph().set_name("g");
  }

  wire::GraphProto& graph() { return *model.mutable_graph(); }

  static void set_type(wire::ValueInfoProto& info, const std::string& name, const std::vector<int64_t>& dims,
                       int dtype = 1) {
    info.set_name(name);
    auto& tensor = *info.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(dtype);
    tensor.mutable_shape();
    for (const int64_t dim : dims) {
      auto& added = *tensor.mutable_shape()->add_dim();
      if (dim >= 0) added.set_dim_value(dim);
    }
  }
  // A negative dim is unknown.
  ModelBuilder& input(const std::string& name, const std::vector<int64_t>& dims, int dtype = 1) {
    set_type(*graph().add_input(), name, dims, dtype);
    return *this;
  }
  ModelBuilder& output(const std::string& name, const std::vector<int64_t>& dims, int dtype = 1) {
    set_type(*graph().add_output(), name, dims, dtype);
    return *this;
  }
  // An output of which only the element type is declared.
  ModelBuilder& result(const std::string& name, int dtype = 1) {
    auto& info = *graph().add_output();
    info.set_name(name);
    info.mutable_type()->mutable_tensor_type()->set_elem_type(dtype);
    return *this;
  }
  ModelBuilder& floats(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values) {
    auto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(1);
    for (const int64_t dim : dims) tensor.add_dims(dim);
    for (const float value : values) tensor.add_float_data(value);
    return *this;
  }
  ModelBuilder& ints(const std::string& name, const std::vector<int64_t>& dims, const std::vector<int64_t>& values) {
    auto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(7);
    for (const int64_t dim : dims) tensor.add_dims(dim);
    for (const int64_t value : values) tensor.add_int64_data(value);
    return *this;
  }
  // Inputs and outputs may be ""; attributes follow through the calls below.
  ModelBuilder& node(const std::string& type, const std::vector<std::string>& inputs,
                     const std::vector<std::string>& outputs, const std::string& name = {}) {
    last = graph().add_node();
    last->set_op_type(type);
    last->set_name(name);
    for (const auto& input : inputs) last->add_input(input);
    for (const auto& output : outputs) last->add_output(output);
    return *this;
  }
  wire::AttributeProto& attribute(const std::string& name, int type) {
    auto& added = *last->add_attribute();
    added.set_name(name);
    added.set_type(type);
    return added;
  }
  ModelBuilder& with(const std::string& name, float value) { return attribute(name, 1).set_f(value), *this; }
  ModelBuilder& with(const std::string& name, int64_t value) { return attribute(name, 2).set_i(value), *this; }
  ModelBuilder& with(const std::string& name, int value) { return with(name, int64_t{value}); }
  ModelBuilder& with(const std::string& name, const char* value) { return attribute(name, 3).set_s(value), *this; }
  ModelBuilder& with(const std::string& name, const std::vector<float>& values) {
    auto& added = attribute(name, 6);
    for (const float value : values) added.add_floats(value);
    return *this;
  }
  ModelBuilder& with(const std::string& name, const std::vector<int64_t>& values) {
    auto& added = attribute(name, 7);
    for (const int64_t value : values) added.add_ints(value);
    return *this;
  }

  std::string bytes() const { return model.SerializeAsString(); }
  Result<Graph> read() const {
    const std::string serialized = bytes();
    return read_onnx(std::as_bytes(std::span(serialized)));
  }

  wire::ModelProto model;
  wire::NodeProto* last = nullptr;
};

}  // namespace pare::testing
