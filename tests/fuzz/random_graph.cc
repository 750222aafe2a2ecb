#include "tests/fuzz/random_graph.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "graph/infer.h"
#include "tests/fuzz/bytes.h"
#include "tests/fuzz/targets.h"

namespace pare::fuzz {
namespace {

constexpr size_t kMostNodes = 8;
constexpr int64_t kMostElements = 4096;  // of one value
constexpr int64_t kSmall[] = {0, 1, 2, 3, -1, -2, 4, 5};
constexpr int64_t kFar[] = {
    std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), -7, 64, 1 << 20, int64_t{1} << 40};
constexpr DType kTypes[] = {DType::float32, DType::float32, DType::float32, DType::int64,   DType::int32,
                            DType::boolean, DType::uint8,   DType::int8,    DType::float16, DType::float64};
// Words that attributes of the table take, among others.
const char* const kWords[] = {"NOTSET",    "SAME_UPPER", "SAME_LOWER",   "VALID",         "constant",
                              "reflect",   "edge",       "wrap",         "linear",        "nearest",
                              "cubic",     "bilinear",   "asymmetric",   "align_corners", "half_pixel",
                              "floor",     "ceil",       "none",         "add",           "mul",
                              "min",       "max",        "sum",          "mean",          "tanh",
                              "LEFT",      "RIGHT",      "forward",      "reverse",       "bidirectional",
                              "DCR",       "CRD",        "avg",          "zeros",         "border",
                              "ij,jk->ik", "ij->ji",     "bij,bjk->bik", "LINEAR",        "RBF",
                              "SUM",       "MAX",        "L2",           "SOFTMAX",       ""};

// One of every operator and of every kind of a family, but for what is opaque or draws random numbers.
std::vector<Op> make_table() {
  std::set<std::string> random;
#define PARE_NAME(O) random.insert(std::string(O::kName));
  PARE_RANDOM_OPS(PARE_NAME)
#undef PARE_NAME
  std::vector<Op> table;
  const auto add = [&]<class O>() {
    if constexpr (requires { O::kNames; }) {
      for (size_t i = 0; i < O::kNames.size(); ++i) {
        O op{};
        op.kind = static_cast<typename O::Kind>(i);
        table.emplace_back(std::move(op));
      }
    } else if constexpr (requires { O::kName; }) {
      if (!random.contains(std::string(O::kName))) table.emplace_back(O{});
    }
  };
#define PARE_ADD(O) add.template operator()<O>();
  PARE_OPS(PARE_ADD)
#undef PARE_ADD
  return table;
}

const std::vector<Op>& table() {
  static const std::vector<Op> made = make_table();
  return made;
}

int64_t integer(Bytes& bytes) { return bytes.one_in(32) ? bytes.of(kFar) : bytes.of(kSmall); }
float real(Bytes& bytes) { return static_cast<float>(bytes.of(kSmall)) / (bytes.one_in(2) ? 1.0f : 4.0f); }

void change(Attribute& value, Bytes& bytes) {
  if (std::holds_alternative<int64_t>(value)) value = integer(bytes);
  if (std::holds_alternative<float>(value)) value = real(bytes);
  if (std::holds_alternative<std::string>(value)) value = std::string(bytes.of(kWords));
  if (auto* ints = std::get_if<std::vector<int64_t>>(&value)) {
    ints->resize(bytes.pick(5));
    for (int64_t& i : *ints) i = integer(bytes);
  }
  if (auto* floats = std::get_if<std::vector<float>>(&value)) {
    floats->resize(bytes.pick(5));
    for (float& f : *floats) f = real(bytes);
  }
}

// The operator with some attributes changed; as it is where make_op refuses them.
Op vary(const Op& op, Bytes& bytes) {
  Attributes attributes = op_attributes(op, true);
  for (NamedAttribute& attribute : attributes)
    if (bytes.one_in(3)) change(attribute.value, bytes);
  auto varied = make_op(op_domain(op), op_type(op), op_since(op), std::move(attributes));
  if (varied && !as<Opaque>(*varied)) return *std::move(varied);
  if (!varied) check_refusal(varied.failure());
  return op;
}

Type type_of(DType dtype, const Dims& dims) {
  Type type{dtype, Shape{}};
  for (const int64_t dim : dims) type.shape->push_back(Dim(dim));
  return type;
}

class Builder {
 public:
  explicit Builder(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Graph build() {
    const size_t inputs = 1 + bytes_.pick(2);
    for (size_t i = 0; i < inputs; ++i) values_.push_back(graph_.add_input("x" + std::to_string(i), any_type()));
    for (size_t tries = 0; tries < 4 * kMostNodes && graph_.order().size() < kMostNodes && !bytes_.empty(); ++tries)
      add_node();
    const Uses uses(graph_);
    for (const ValueId id : values_)
      if (uses.of(id).empty() && graph_.value(id).producer != NodeId::none) graph_.outputs.push_back(id);
    graph_.remove_unused();
    return std::move(graph_);
  }

 private:
  Type any_type() {
    Dims dims(bytes_.pick(5));
    for (int64_t& dim : dims) dim = 1 + static_cast<int64_t>(bytes_.pick(6));
    return type_of(bytes_.of(kTypes), dims);
  }

  // A constant as operators take them: a short vector of integers, a scalar, or numbers in the shape of some value.
  ValueId constant() {
    const std::string name = "c" + std::to_string(graph_.value_limit());
    const uint32_t seed = bytes_.next();
    switch (bytes_.pick(4)) {
      case 0: {
        std::vector<int64_t> ints(bytes_.pick(5));
        for (int64_t& i : ints) i = integer(bytes_);
        return graph_.add_constant(name, Tensor::of<int64_t>({static_cast<int64_t>(ints.size())}, ints));
      }
      case 1:
        return graph_.add_constant(name, small_numbers(type_of(bytes_.of(kTypes), {}), seed));
      case 2:
        return graph_.add_constant(name, small_numbers(any_type(), seed));
      default: {
        const Type& like = graph_.value(bytes_.of(values_)).type;
        const auto dims = like.dims();
        if (!dims || like.dtype == DType::string || bits(like.dtype) == 0)
          return graph_.add_constant(name, Tensor::scalar(1.0f));
        Dims part(dims->begin() + static_cast<std::ptrdiff_t>(bytes_.pick(dims->size() + 1)), dims->end());
        if (bytes_.one_in(3) && dims->size() > 1) part = {(*dims)[1]};
        return graph_.add_constant(name, small_numbers(type_of(like.dtype, part), seed));
      }
    }
  }

  ValueId operand(bool optional) {
    if (optional && bytes_.one_in(4)) return ValueId::none;
    if (bytes_.one_in(2)) return constant();
    const size_t back = bytes_.pick(std::min<size_t>(values_.size(), 4));
    return values_[values_.size() - 1 - back];
  }

  std::vector<ValueId> operands(const Arity& arity) {
    const auto least = static_cast<size_t>(arity.min_inputs);
    const auto most = static_cast<size_t>(std::min(arity.max_inputs, arity.min_inputs + 4));
    std::vector<ValueId> inputs;
    const size_t count = least + bytes_.pick(most - least + 1);
    for (size_t i = 0; i < count; ++i) {
      if (i == 0 && !bytes_.one_in(8)) {
        inputs.push_back(values_[values_.size() - 1 - bytes_.pick(std::min<size_t>(values_.size(), 3))]);
      } else {
        inputs.push_back(operand(i >= least));
      }
    }
    while (!inputs.empty() && inputs.back() == ValueId::none) inputs.pop_back();
    return inputs;
  }

  Known known(ValueId id) const {
    Known known;
    known.present = id != ValueId::none;
    if (!known.present) return known;
    known.type = graph_.value(id).type;
    if (graph_.value(id).constant) known.constant = &*graph_.value(id).constant;
    if (const auto found = contents_.find(id); found != contents_.end()) known.contents = found->second;
    return known;
  }

  void add_node() {
    const Op op = vary(table()[bytes_.pick(table().size())], bytes_);
    const Arity arity = op_arity(op);
    const std::vector<ValueId> inputs = operands(arity);
    InferContext context;
    for (const ValueId id : inputs) context.inputs.push_back(known(id));
    const auto least = static_cast<size_t>(arity.min_outputs);
    const size_t spare = static_cast<size_t>(std::min(arity.max_outputs, arity.min_outputs + 3)) - least;
    context.outputs.resize(std::max<size_t>(1, least + (bytes_.one_in(3) ? bytes_.pick(spare + 1) : 0)));
    for (Known& output : context.outputs) output.present = true;
    if (const auto inferred = op_infer(op, context); !inferred) return check_refusal(inferred.failure());
    for (const Known& output : context.outputs) {
      if (output.type.container != Container::tensor || output.type.dtype == DType::undefined) return;
      const auto dims = output.type.dims();
      const auto count = dims ? element_count(*dims) : std::nullopt;
      if (dims && (!count || *count > kMostElements)) return;
    }
    std::vector<ValueId> outputs;
    for (const Known& output : context.outputs) {
      outputs.push_back(graph_.add_value("v" + std::to_string(graph_.value_limit()), output.type));
      if (output.contents) contents_[outputs.back()] = *output.contents;
    }
    graph_.add_node(op, inputs, outputs);
    values_.insert(values_.end(), outputs.begin(), outputs.end());
  }

  Bytes bytes_;
  Graph graph_;
  std::vector<ValueId> values_;
  std::map<ValueId, std::vector<Dim>> contents_;  // what shape arithmetic knows
};

}  // namespace

Graph random_graph(std::span<const std::byte> bytes) { return Builder(bytes).build(); }

Tensor small_numbers(const Type& type, uint32_t seed) {
  Tensor tensor(type.dtype, *type.dims());
  uint32_t state = seed * 2654435761u + 12345;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    state = state * 1664525 + 1013904223;
    const auto step = static_cast<double>(state >> 27);  // 0..31
    if (type.dtype == DType::boolean) {
      tensor.set_double(i, step >= 16);
    } else if (is_float(type.dtype)) {
      tensor.set_double(i, step / 4 - 4);
    } else {
      tensor.set_double(i, is_signed_integer(type.dtype) ? std::floor(step / 4) - 3 : std::floor(step / 4));
    }
  }
  return tensor;
}

}  // namespace pare::fuzz
