// Inference on operands and attributes that no honest file has: every operator must come back with an answer or a
// sentence.
#include <algorithm>
#include <limits>
#include <random>

#include "graph/op.h"
#include "tests/catch.h"

using namespace pare;

namespace {

constexpr int64_t kLow = std::numeric_limits<int64_t>::min();
constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();
const std::vector<int64_t> kNumbers{0,  1,  2,    3,       4,     7,         -1,   -2,       -3,
                                    64, 65, 1000, 1 << 30, kHigh, kHigh - 1, kLow, kLow + 1, kHigh / 2};

class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}
  size_t below(size_t limit) { return engine_() % limit; }
  bool one_in(size_t n) { return below(n) == 0; }
  template <class T>
  const T& of(const std::vector<T>& values) {
    return values[below(values.size())];
  }
  std::vector<int64_t> numbers() {
    std::vector<int64_t> list(below(7));
    for (int64_t& number : list) number = of(kNumbers);
    return list;
  }

 private:
  std::mt19937 engine_;
};

DType dtype(Dice& dice) {
  if (dice.one_in(2)) return DType::float32;
  return dice.one_in(2) ? DType::int64 : static_cast<DType>(dice.below(27));
}

std::optional<Shape> shape(Dice& dice) {
  if (dice.one_in(12)) return std::nullopt;
  Shape dims(dice.below(7));
  for (Dim& dim : dims) {
    const size_t kind = dice.below(6);
    if (kind == 0) dim = Dim("N");
    if (kind == 1) dim = Dim("M");
    if (kind > 2) dim = Dim(std::max<int64_t>(0, kind == 3 ? dice.of(kNumbers) : static_cast<int64_t>(dice.below(9))));
  }
  return dims;
}

Known known(Dice& dice, std::vector<Tensor>& constants) {
  Known value;
  if (dice.one_in(15)) return value;
  value.present = true;
  value.type = {dtype(dice), shape(dice)};
  const size_t kind = dice.below(4);
  if (kind == 0) {
    const std::vector<int64_t> numbers = dice.numbers();
    const auto size = static_cast<int64_t>(numbers.size());
    constants.push_back(dice.one_in(8) && size == 1 ? Tensor::of({}, numbers) : Tensor::of({size}, numbers));
    value.type = constants.back().type();
    value.constant = &constants.back();
  } else if (kind == 1 && value.type.dtype == DType::float32) {
    constants.push_back(Tensor(DType::float32, {static_cast<int64_t>(dice.below(6))}));
    for (int64_t i = 0; i < constants.back().size(); ++i) {
      constants.back().set_double(i, static_cast<double>(dice.of(kNumbers)) / 2);
    }
    value.type = constants.back().type();
    value.constant = &constants.back();
  } else if (kind == 2) {
    value.type = {DType::int64, Shape{Dim(static_cast<int64_t>(dice.below(5)))}};
    std::vector<Dim> elements(static_cast<size_t>(value.type.shape->front().size));
    for (Dim& element : elements) element = dice.one_in(2) ? Dim("N") : Dim(std::max<int64_t>(0, dice.of(kNumbers)));
    value.contents = std::move(elements);
  }
  return value;
}

Attribute hostile(const Attribute& plain, Dice& dice) {
  if (std::holds_alternative<int64_t>(plain)) return dice.of(kNumbers);
  if (std::holds_alternative<std::vector<int64_t>>(plain)) return dice.numbers();
  if (std::holds_alternative<float>(plain)) return std::numeric_limits<float>::quiet_NaN();
  if (std::holds_alternative<std::string>(plain)) {
    const std::vector<std::string> words{"SAME_UPPER", "VALID", "linear", "tf_crop_and_resize",
                                         "not_larger", "CRD",   ""};
    return dice.of(words);
  }
  return plain;
}

Op attributed(const Op& plain, Dice& dice) {
  Attributes attributes = op_attributes(plain, true);
  for (NamedAttribute& attribute : attributes) {
    if (dice.one_in(2)) attribute.value = hostile(attribute.value, dice);
  }
  if (as<ConstantOfShape>(plain)) attributes.push_back({"value", Tensor(static_cast<DType>(1 + dice.below(26)), {1})});
  if (as<Split>(plain) && dice.one_in(2)) attributes.push_back({"num_outputs", dice.of(kNumbers)});
  if (as<ShapeOf>(plain) && dice.one_in(2)) attributes.push_back({"end", dice.of(kNumbers)});
  auto op = make_op(op_domain(plain), op_type(plain), 21, attributes);
  return op ? *std::move(op) : plain;
}

// The number of runs that gave an answer.
int try_operator(const Op& plain, Dice& dice, int runs) {
  int answers = 0;
  const Arity arity = op_arity(plain);
  for (int run = 0; run < runs; ++run) {
    const Op op = attributed(plain, dice);
    std::vector<Tensor> constants;
    constants.reserve(8);
    InferContext context;
    const size_t least = static_cast<size_t>(arity.min_inputs);
    const size_t most = std::min<size_t>(static_cast<size_t>(arity.max_inputs), least + 3);
    const size_t inputs = least + dice.below(most - least + 1);
    for (size_t i = 0; i < std::min<size_t>(inputs, 8); ++i) context.inputs.push_back(known(dice, constants));
    const size_t outputs = std::min<size_t>(static_cast<size_t>(arity.max_outputs), 1 + dice.below(3));
    context.outputs.resize(std::max(outputs, static_cast<size_t>(arity.min_outputs)));
    const auto done = op_infer(op, context);
    if (!done) {
      REQUIRE_FALSE(done.failure().message.empty());
      REQUIRE(done.failure().code != ErrorCode::internal);
      continue;
    }
    ++answers;
    for (const Known& output : context.outputs) {
      if (!output.type.shape) continue;
      for (const Dim& dim : *output.type.shape) REQUIRE(dim.size >= -1);
      if (!output.contents) continue;
      const auto dims = output.type.dims();
      REQUIRE(dims.has_value());
      REQUIRE(element_count(*dims) == static_cast<int64_t>(output.contents->size()));
    }
  }
  return answers;
}

template <class O>
void for_each_kind(const auto& check) {
  if constexpr (requires { O::kNames; }) {
    for (size_t kind = 0; kind < O::kNames.size(); ++kind) {
      O op{};
      op.kind = static_cast<typename O::Kind>(kind);
      check(Op(op));
    }
  } else if constexpr (requires { O::kName; }) {
    check(Op(O{}));
  }
}

}  // namespace

TEST_CASE("inference survives hostile operands and attributes") {
  Dice dice(20240607);
  int answered = 0;
  const auto check = [&](const Op& op) {
    INFO(op_type(op));
    answered += try_operator(op, dice, 3000);
  };
#define TRY_OP(O) for_each_kind<O>(check);
  PARE_OPS(TRY_OP)
#undef TRY_OP
  CHECK(answered > 10000);  // not everything may be refused
}
