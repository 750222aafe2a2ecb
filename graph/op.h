// The closed set of operators. Every column of the table (inference, links, kernels, training, cost) covers the whole
// list: an operator somebody forgot does not compile or link.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "graph/attribute.h"
#include "graph/ops/arithmetic.h"
#include "graph/ops/attention.h"
#include "graph/ops/blocks.h"
#include "graph/ops/control.h"
#include "graph/ops/conv.h"
#include "graph/ops/elementwise.h"
#include "graph/ops/gather.h"
#include "graph/ops/microsoft.h"
#include "graph/ops/ml.h"
#include "graph/ops/ml_trees.h"
#include "graph/ops/norm.h"
#include "graph/ops/normalize.h"
#include "graph/ops/pool.h"
#include "graph/ops/qlinear.h"
#include "graph/ops/quant.h"
#include "graph/ops/random.h"
#include "graph/ops/recurrent.h"
#include "graph/ops/sequence.h"
#include "graph/ops/shape.h"
#include "graph/ops/signal.h"
#include "graph/ops/spatial.h"
#include "graph/ops/strings.h"
#include "graph/ops/training.h"

namespace pare {

// Anything that is not in the list: kept as it is, passes through untouched, stops only what has to run or change it.
struct Opaque {
  static constexpr int kSince = 1;
  static constexpr Arity kArity{0, kMany, 0, kMany};
  std::string domain;   // "" is ai.onnx
  std::string type;     // the ONNX operator type
  int64_t version = 1;  // the opset of its domain in the file it came from
  Attributes attributes;
  std::string reason;   // why it is opaque, for messages: "is not an operator this version knows"
  PARE_NO_FIELDS
  PARE_OP_METHODS;
  Role role() const { return Role::float_only; }
};

// X(Op) once for every operator struct.
#define PARE_OPS(X)                                                                                                   \
  PARE_CONV_OPS(X) PARE_POOL_OPS(X) PARE_ELEMENTWISE_OPS(X) PARE_SHAPE_OPS(X) PARE_NORM_OPS(X) PARE_QUANT_OPS(X)      \
  PARE_RECURRENT_OPS(X) PARE_ATTENTION_OPS(X) PARE_NORMALIZE_OPS(X) PARE_GATHER_OPS(X) PARE_ARITHMETIC_OPS(X)         \
  PARE_SPATIAL_OPS(X) PARE_SIGNAL_OPS(X) PARE_RANDOM_OPS(X) PARE_TRAINING_OPS(X) PARE_CONTROL_OPS(X)                  \
  PARE_SEQUENCE_OPS(X) PARE_STRINGS_OPS(X) PARE_QLINEAR_OPS(X) PARE_BLOCKS_OPS(X) PARE_MICROSOFT_OPS(X)               \
  PARE_ML_TREES_OPS(X) PARE_ML_OPS(X)                                                                                 \
  X(Opaque)

namespace detail {
template <class First, class... Rest>
using DropFirst = std::variant<Rest...>;
#define PARE_OP_COMMA(O) , O
using OpVariant = DropFirst<void PARE_OPS(PARE_OP_COMMA)>;
#undef PARE_OP_COMMA
}  // namespace detail

// The special members stand in op_storage.cc alone: compiled in every file that copies a node, the table of alternatives
// would cost each of them many seconds.
struct Op : detail::OpVariant {
  template <class O>
    requires requires { O::kArity; }
  Op(O op);
  Op(const Op&);
  Op(Op&&) noexcept;
  Op& operator=(const Op&);
  Op& operator=(Op&&) noexcept;
  ~Op();
  const detail::OpVariant& variant() const { return *this; }
  detail::OpVariant& variant() { return *this; }
};

template <class O>
const O* as(const Op& op) {
  return std::get_if<O>(&op.variant());
}
template <class O>
O* as(Op& op) {
  return std::get_if<O>(&op.variant());
}
// as<Unary>(op, Unary::Kind::Relu): the family member of that kind, or null.
template <class O>
const O* as(const Op& op, typename O::Kind kind) {
  const O* family = as<O>(op);
  return family && family->kind == kind ? family : nullptr;
}

std::string_view op_type(const Op& op);  // the ONNX operator type: "Conv", "Relu"
std::string_view op_domain(const Op& op);  // "" is ai.onnx
int op_since(const Op& op);              // lowest opset of its domain whose definition reads as this op does
Arity op_arity(const Op& op);
Role op_role(const Op& op);
std::optional<OutputRange> op_range(const Op& op);  // of every output element (range)
bool op_pointwise(const Op& op);         // each element by itself (kPointwise)
bool op_random(const Op& op);            // may draw random numbers (kRandom): to be kept as it is
// The attributes that differ from their defaults and the required ones (all of them with `defaults`), in the order of
// fields().
Attributes op_attributes(const Op& op, bool defaults = false);
// Whether that attribute of a known operator holds an element type (in ONNX files: its number).
bool op_attribute_is_dtype(const Op& op, std::string_view name);
bool equal(const Op& a, const Op& b);
size_t hash(const Op& op);

// The operator of that ONNX type with these attributes (latest opset's names and meaning). An unknown type or attribute
// gives Opaque with its reason; an attribute of the wrong type is a Failure.
Result<Op> make_op(std::string_view domain, std::string_view type, int64_t version, Attributes attributes);
// Whether make_op knows the type.
bool op_known(std::string_view domain, std::string_view type);

// Counts of inputs (true: present) and outputs against op_arity.
Result<void> op_check_arity(const Op& op, const std::vector<bool>& inputs, size_t outputs);
Result<void> op_infer(const Op& op, InferContext& context);  // checks the arity first
void op_links(const Op& op, LinkContext& context);
void op_resize(Op& op, ResizeContext& context);  // nothing for operators that count nothing

}  // namespace pare
