// Fused chains of element-wise operators.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/fast/float_expression.cc"
#include "runtime/fast/targets.h"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include <cmath>

#include "runtime/fast/float_expression.h"
#include "runtime/fast/float_math-inl.h"
#include "runtime/fast/float_parts.h"
#include "runtime/fast/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace pare {
namespace HWY_NAMESPACE {
namespace {

constexpr int64_t kBlock = 512;    // floats of a slot
constexpr int64_t kLongRow = 128;  // rows from which on blocks stay within one
constexpr int64_t kPiece = 16 * 1024;

// What a step reads: a block of floats, or one value for all.
struct Source {
  const float* at = nullptr;
  bool scalar = false;
};

template <class F>
HWY_INLINE void map_two(const Source& a, const Source& b, float* to, int64_t count, const F& f) {
  const FloatTag d;
  const auto loop = [&](const auto& left, const auto& right) {
    for (int64_t i = 0; i < count; i += kLanes) {
      const int64_t here = count - i;
      if (here >= kLanes)
        hn::StoreU(f(left(i), right(i)), d, to + i);
      else
        store_partial(d,
                      f(a.scalar ? left(i) : load_partial(d, a.at + i, here),
                        b.scalar ? right(i) : load_partial(d, b.at + i, here)),
                      to + i, here);
    }
  };
  const FloatVec x = hn::Set(d, a.at[0]), y = hn::Set(d, b.at[0]);
  const auto left_block = [&](int64_t i) { return hn::LoadU(d, a.at + i); };
  const auto right_block = [&](int64_t i) { return hn::LoadU(d, b.at + i); };
  const auto left_value = [&](int64_t) { return x; };
  const auto right_value = [&](int64_t) { return y; };
  if (a.scalar && b.scalar) return loop(left_value, right_value);
  if (a.scalar) return loop(left_value, right_block);
  if (b.scalar) return loop(left_block, right_value);
  loop(left_block, right_block);
}

template <class F>
HWY_INLINE void map_one(const Source& a, float* to, int64_t count, const F& f) {
  const FloatTag d;
  if (a.scalar) {
    const FloatVec value = f(hn::Set(d, a.at[0]));
    for (int64_t i = 0; i < count; i += kLanes) store_up_to(d, value, to + i, count - i);
    return;
  }
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) hn::StoreU(f(hn::LoadU(d, a.at + i)), d, to + i);
  if (i < count) store_partial(d, f(load_partial(d, a.at + i, count - i)), to + i, count - i);
}

template <class F>
void map_each(const Source& a, float* to, int64_t count, const F& f) {
  for (int64_t i = 0; i < count; ++i) to[i] = f(a.at[a.scalar ? 0 : i]);
}

void run_activation(const Activation& activation, const Source& a, float* to, int64_t count) {
  const FloatTag d;
  const FloatVec low = hn::Set(d, activation.a), high = hn::Set(d, activation.b);
  with_activation(activation.kind, [&]<ActivationKind kKind>() {
    map_one(a, to, count, [&](FloatVec x) { return activate<kKind>(d, x, low, high); });
  });
}

void run_two(ExpressionOp op, const Source& a, const Source& b, float* to, int64_t count) {
  switch (op) {
    case ExpressionOp::add:
      return map_two(a, b, to, count, [](FloatVec x, FloatVec y) { return hn::Add(x, y); });
    case ExpressionOp::sub:
      return map_two(a, b, to, count, [](FloatVec x, FloatVec y) { return hn::Sub(x, y); });
    case ExpressionOp::mul:
      return map_two(a, b, to, count, [](FloatVec x, FloatVec y) { return hn::Mul(x, y); });
    case ExpressionOp::div:
      return map_two(a, b, to, count, [](FloatVec x, FloatVec y) { return hn::Div(x, y); });
    // NaN from either side stays.
    case ExpressionOp::max:
      return map_two(a, b, to, count,
                     [](FloatVec x, FloatVec y) { return hn::IfThenElse(hn::IsNaN(x), x, at_least(y, x)); });
    case ExpressionOp::min:
      return map_two(a, b, to, count,
                     [](FloatVec x, FloatVec y) { return hn::IfThenElse(hn::IsNaN(x), x, at_most(y, x)); });
    default:  // pow
      for (int64_t i = 0; i < count; ++i) to[i] = std::pow(a.at[a.scalar ? 0 : i], b.at[b.scalar ? 0 : i]);
  }
}

void run_one(const ExpressionStep& step, const Source& a, float* to, int64_t count) {
  const FloatTag d;
  switch (step.op) {
    case ExpressionOp::abs:
      return map_one(a, to, count, [](FloatVec x) { return hn::Abs(x); });
    case ExpressionOp::neg:
      return map_one(a, to, count, [](FloatVec x) { return hn::Neg(x); });
    case ExpressionOp::sqrt:
      return map_one(a, to, count, [](FloatVec x) { return hn::Sqrt(x); });
    case ExpressionOp::reciprocal:
      return map_one(a, to, count, [&](FloatVec x) { return hn::Div(hn::Set(d, 1.0f), x); });
    case ExpressionOp::exp:
      return map_one(a, to, count, [&](FloatVec x) { return exp_of(d, x); });
    case ExpressionOp::erf:
      return map_one(a, to, count, [&](FloatVec x) { return erf_of(d, x); });
    case ExpressionOp::floor:
      return map_one(a, to, count, [](FloatVec x) { return hn::Floor(x); });
    case ExpressionOp::ceil:
      return map_one(a, to, count, [](FloatVec x) { return hn::Ceil(x); });
    case ExpressionOp::round:
      return map_one(a, to, count, [](FloatVec x) { return hn::Round(x); });
    case ExpressionOp::log:
      return map_each(a, to, count, [](float x) { return std::log(x); });
    case ExpressionOp::sin:
      return map_each(a, to, count, [](float x) { return std::sin(x); });
    case ExpressionOp::cos:
      return map_each(a, to, count, [](float x) { return std::cos(x); });
    case ExpressionOp::softplus:
      return map_each(a, to, count, [](float x) { return std::fmax(x, 0.0f) + std::log1p(std::exp(-std::fabs(x))); });
    case ExpressionOp::elu:
      return map_each(a, to, count, [&](float x) { return x > 0 ? x : step.activation.a * std::expm1(x); });
    default:
      return run_activation(step.activation, a, to, count);
  }
}

// Where the elements of an operand lie: the element at `index` of the result.
int64_t offset_of(const ExpressionOperand& operand, const Expression& e, int64_t index) {
  int64_t offset = operand.offset;
  for (size_t axis = e.dims.size(); axis-- > 0;) {
    offset += index % e.dims[axis] * operand.strides[axis];
    index /= e.dims[axis];
  }
  return offset;
}

// Copies `count` elements of the result from `index` on into a block, in runs along the last axis.
void gather(const ExpressionOperand& operand, const Expression& e, const float* base, int64_t index, int64_t count,
            float* to) {
  const int64_t length = e.dims.back(), stride = operand.strides.back();
  int64_t column = index % length;
  while (count > 0) {
    const int64_t run = std::min(count, length - column);
    const float* from = base + offset_of(operand, e, index);
    if (stride == 1)
      std::copy_n(from, run, to);
    else
      for (int64_t i = 0; i < run; ++i) to[i] = from[i * stride];
    to += run;
    index += run;
    count -= run;
    column = 0;
  }
}

// How an operand is read all through.
enum class Access : uint8_t { whole, scalar, row, any };

Access access_of(const ExpressionOperand& operand, const Expression& e) {
  bool scalar = true, whole = true;
  int64_t step = 1;
  for (size_t axis = e.dims.size(); axis-- > 0;) {
    scalar = scalar && operand.strides[axis] == 0;
    whole = whole && operand.strides[axis] == step;
    step *= e.dims[axis];
  }
  return scalar ? Access::scalar : whole ? Access::whole : operand.strides.back() <= 1 ? Access::row : Access::any;
}

// The elements [begin, begin + count) of the result; within one row where rows are long.
void run_block(const Expression& e, const Access* access, const float* const* operands, float* const* outputs,
               int64_t begin, int64_t count, bool in_row, float (*slots)[kBlock]) {
  Source sources[Expression::kSlots];
  for (size_t k = 0; k < e.operands.size(); ++k) {
    const ExpressionOperand& operand = e.operands[k];
    if (access[k] == Access::scalar) {
      sources[k] = {operands[k] + operand.offset, true};
    } else if (access[k] == Access::whole) {
      sources[k] = {operands[k] + operand.offset + begin, false};
    } else if (in_row && access[k] == Access::row) {
      sources[k] = {operands[k] + offset_of(operand, e, begin), operand.strides.back() == 0};
    } else {
      gather(operand, e, operands[k], begin, count, slots[k]);
      sources[k] = {slots[k], false};
    }
  }
  for (const ExpressionStep& step : e.steps) {
    float* to = step.output >= 0 ? outputs[step.output] + begin : slots[step.to];
    if (takes_two(step.op))
      run_two(step.op, sources[step.a], sources[step.b], to, count);
    else
      run_one(step, sources[step.a], to, count);
    sources[step.to] = {to, false};
  }
}

void evaluate(const Expression& e, const float* const* operands, float* const* outputs, ThreadPool& pool) {
  int64_t total = 1;
  for (const int64_t dim : e.dims) total *= dim;
  Access access[Expression::kSlots];
  for (size_t k = 0; k < e.operands.size(); ++k) access[k] = access_of(e.operands[k], e);
  const int64_t row = e.dims.back();
  const bool in_row = row >= kLongRow;
  const int64_t grain = in_row ? std::max<int64_t>(kPiece / row, 1) * row : kPiece;
  parallel_pieces(pool, total, grain, [&](int64_t begin, int64_t end) {
    HWY_ALIGN float slots[Expression::kSlots][kBlock];
    while (begin < end) {
      int64_t count = std::min(kBlock, end - begin);
      if (in_row) count = std::min(count, row - begin % row);
      run_block(e, access, operands, outputs, begin, count, in_row, slots);
      begin += count;
    }
  });
}

}  // namespace

void fill_expression(FloatKernels& kernels) { kernels.evaluate = &evaluate; }

}  // namespace HWY_NAMESPACE
}  // namespace pare
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pare {

PARE_DEFINE_FLOAT_FILL(expression)

bool takes_two(ExpressionOp op) { return op <= ExpressionOp::pow; }

void simplify(Expression& e) {
  std::vector<int64_t> dims;
  std::vector<ExpressionOperand> operands(e.operands.size());
  for (size_t k = 0; k < operands.size(); ++k) operands[k].offset = e.operands[k].offset;
  for (size_t axis = 0; axis < e.dims.size(); ++axis) {
    const int64_t size = e.dims[axis];
    if (size == 1) continue;
    bool joins = !dims.empty();
    for (size_t k = 0; k < operands.size(); ++k)
      joins = joins && operands[k].strides.back() == e.operands[k].strides[axis] * size;
    if (joins) {
      dims.back() *= size;
      for (size_t k = 0; k < operands.size(); ++k) operands[k].strides.back() = e.operands[k].strides[axis];
      continue;
    }
    dims.push_back(size);
    for (size_t k = 0; k < operands.size(); ++k) operands[k].strides.push_back(e.operands[k].strides[axis]);
  }
  if (dims.empty()) {
    dims.push_back(1);
    for (ExpressionOperand& operand : operands) operand.strides.push_back(0);
  }
  e.dims = std::move(dims);
  e.operands = std::move(operands);
}

}  // namespace pare
#endif
