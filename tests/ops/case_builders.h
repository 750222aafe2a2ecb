// What the lists of cases are written with, and the lists by family of operators.
#pragma once

#include "tests/ops/cases.h"

namespace pare::test {

inline std::string graph(const std::string& body) { return "graph \"case\" {\n" + body + "\n}\n"; }

inline Case unary(const std::string& op, const std::string& type = "float32") {
  return {op + "." + type, graph("input x: " + type + "[2,3,4,5]\ny = " + op + "(x)\noutput y")};
}

// Five values through an operator of one input, against values from its formula.
inline Case values(const std::string& op, std::vector<double> in, std::vector<double> out,
                   const std::string& attributes = "") {
  const std::string n = std::to_string(in.size());
  return {op + ".values",
          graph("input x: float32[" + n + "]\ny = " + op + "(x)" + attributes + "\noutput y"),
          1e-6,
          std::move(out),
          {std::move(in)}};
}

inline Case binary(const std::string& op, const std::string& a, const std::string& b) {
  return {op + "." + a + "." + b, graph("input a: " + a + "\ninput b: " + b + "\ny = " + op + "(a, b)\noutput y")};
}

inline Case body(const std::string& name, const std::string& text, double tolerance = 1e-5,
                 std::vector<double> expected = {}, std::vector<std::vector<double>> inputs = {}) {
  return {name, graph(text), tolerance, std::move(expected), std::move(inputs)};
}

inline Case quantized(const std::string& name, const std::string& text, double tolerance) {
  Case c = body(name, text, tolerance);
  c.quantized = true;
  return c;
}

void add_recurrent(std::vector<Case>&);
void add_attention(std::vector<Case>&);
void add_normalize(std::vector<Case>&);
void add_gather(std::vector<Case>&);
void add_arithmetic(std::vector<Case>&);
void add_spatial(std::vector<Case>&);
void add_signal(std::vector<Case>&);
void add_random(std::vector<Case>&);
void add_training(std::vector<Case>&);
void add_control(std::vector<Case>&);
void add_sequence(std::vector<Case>&);
void add_strings(std::vector<Case>&);
void add_qlinear(std::vector<Case>&);
void add_blocks(std::vector<Case>&);
void add_microsoft(std::vector<Case>&);
void add_ml_trees(std::vector<Case>&);
void add_ml(std::vector<Case>&);

}  // namespace pare::test
