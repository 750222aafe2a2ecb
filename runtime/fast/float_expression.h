// A chain of element-wise operators as one small program, run block by block over the elements of its result, so that
// what passes between them stays in the first-level cache.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/fast/activation.h"

namespace pare {

enum class ExpressionOp : uint8_t {
  add,
  sub,
  mul,
  div,
  max,
  min,
  pow,
  activate,  // by `activation`; the others take one operand
  abs,
  neg,
  sqrt,
  reciprocal,
  exp,
  erf,
  floor,
  ceil,
  round,  // halfway cases to even
  log,
  sin,
  cos,
  softplus,
  elu,  // alpha in activation.a
};

bool takes_two(ExpressionOp op);

// Slots number the operands first, then the temporaries.
struct ExpressionStep {
  ExpressionOp op;
  Activation activation;
  int a = 0, b = 0;  // slots
  int to = 0;        // slot of a temporary
  int output = -1;   // which output also gets it, at the same places
};

struct ExpressionOperand {
  std::vector<int64_t> strides;  // floats between neighbours along each of `dims`; 0 where it repeats
  int64_t offset = 0;            // floats from the operand's base
};

// Outputs lie row-major over `dims`. At most kSlots slots.
struct Expression {
  static constexpr int kSlots = 24;
  std::vector<int64_t> dims;
  std::vector<ExpressionOperand> operands;
  std::vector<ExpressionStep> steps;
};

// Drops axes of one and joins those that all operands walk alike.
void simplify(Expression& expression);

}  // namespace pare
