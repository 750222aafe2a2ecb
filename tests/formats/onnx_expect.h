// What the tests of the ONNX reader ask of its results.
#pragma once

#include <string>

#include "tests/catch.h"
#include "tests/formats/onnx_proto.h"

namespace pare::testing {

// The message of the failure that reading must give; its code must be `input`.
inline std::string failure(const Result<Graph>& graph) {
  REQUIRE_FALSE(graph.ok());
  CHECK(graph.failure().code == ErrorCode::input);
  return graph.failure().message;
}

inline bool mentions(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return true;
}

// y = Relu(x), to which tests add what they are about.
inline ModelBuilder relu() {
  ModelBuilder model(13);
  model.input("x", {2}).output("y", {2}).node("Relu", {"x"}, {"y"}, "act");
  return model;
}

inline const Tensor& constant(const Graph& graph, const std::string& name) {
  const auto id = graph.find(name);
  REQUIRE(id.has_value());
  REQUIRE(graph.value(*id).constant.has_value());
  return *graph.value(*id).constant;
}

}  // namespace pare::testing
