// Plans against the plain kernels, on graphs made from bytes.
#include <cmath>

#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "runtime/executor.h"
#include "tests/fuzz/random_graph.h"
#include "tests/fuzz/targets.h"

namespace pare::fuzz {
namespace {

using Outputs = Result<std::vector<Tensor>>;

Outputs run(const std::shared_ptr<const Graph>& graph, const std::vector<Tensor>& inputs,
            const ExecutorOptions& options) {
  auto executor = Executor::create(graph, options);
  if (!executor) return executor.failure();
  return (*executor)->run(inputs);
}

std::vector<Tensor> inputs_of(const Graph& graph, double nudge) {
  std::vector<Tensor> inputs;
  for (const ValueId id : graph.inputs) {
    Tensor tensor = small_numbers(graph.value(id).type, static_cast<uint32_t>(inputs.size() + 1));
    for (int64_t i = 0; nudge != 0 && is_float(tensor.dtype()) && bits(tensor.dtype()) >= 32 && i < tensor.size();
         ++i) {
      const double sign = i % 2 == 0 ? 1 : -1;
      tensor.set_double(i, tensor.as_double(i) * (1 + sign * nudge) + sign * nudge);
    }
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

bool comparable(const Tensor& tensor) {
  return tensor.container() == Container::tensor && bits(tensor.dtype()) > 0 && tensor.dtype() != DType::complex64 &&
         tensor.dtype() != DType::complex128;
}

struct Distance {
  double worst = 0, largest = 0;
  bool finite = true;
};
Distance distance(const Tensor& a, const Tensor& b) {
  Distance found;
  for (int64_t i = 0; i < a.size(); ++i) {
    const double x = a.as_double(i), y = b.as_double(i);
    found.largest = std::max(found.largest, std::fabs(x));
    if (!std::isfinite(x) || !std::isfinite(y)) found.finite = found.finite && (x == y || (x != x && y != y));
    if (x != y) found.worst = std::max(found.worst, std::fabs(x - y));
  }
  return found;
}

bool all_finite(const Tensor& tensor) {
  for (int64_t i = 0; i < tensor.size(); ++i)
    if (!std::isfinite(tensor.as_double(i))) return false;
  return true;
}

// How far a plan may be from the plain kernels: rounding, magnified as the graph magnifies a nudge of its inputs.
// Nothing where the output is not finite, or hangs on the last bit of something (a rounding, a comparison).
std::optional<double> tolerance(const Tensor& plain, const std::vector<const Tensor*>& nudged) {
  if (!all_finite(plain)) return std::nullopt;
  const bool wide = bits(plain.dtype()) >= 32;
  double moved = 0, largest = 0;
  for (const Tensor* other : nudged) {
    if (other->dims() != plain.dims() || !all_finite(*other)) return std::nullopt;
    const Distance found = distance(plain, *other);
    moved = std::max(moved, found.worst);
    largest = std::max(largest, found.largest);
  }
  if (!is_float(plain.dtype())) return moved == 0 ? std::optional(0.0) : std::nullopt;
  if (moved > 1e-2 * std::max(1.0, largest)) return std::nullopt;
  return (wide ? 2e-5 : 2e-2) * std::max(1.0, largest) + 50 * moved;
}

std::string shown(const Graph& graph, const std::string& what) { return what + "\n" + print(graph); }

}  // namespace

void executor(std::span<const std::byte> bytes) {
  const auto graph = std::make_shared<Graph>(random_graph(bytes));
  if (graph->outputs.empty()) return;
  if (const auto inferred = infer_types(*graph); !inferred) check(false, shown(*graph, inferred.failure().message));
  if (const auto verified = verify(*graph); !verified) check(false, shown(*graph, verified.failure().message));
  const auto inputs = inputs_of(*graph, 0);
  const Outputs plain = run(graph, inputs, {.reference = true});
  if (!plain) check_refusal(plain.failure());
  std::vector<Outputs> nudged;
  for (const double nudge : {1e-6, -1e-6}) nudged.push_back(run(graph, inputs_of(*graph, nudge), {.reference = true}));
  for (const Isa isa : machine_isas()) {
    const Outputs planned = run(graph, inputs, {.isa = isa});
    if (!planned) check_refusal(planned.failure());
    // A plan leaves out what nothing needs, and so may do without a kernel that is missing.
    const bool needless = planned.ok() && !plain && plain.failure().code == ErrorCode::unsupported;
    if (planned.ok() != plain.ok() && !needless) {
      const std::string why = (planned ? plain : planned).failure().message;
      check(false,
            shown(*graph, std::string(planned ? "only the plain kernels refuse: " : "only the plan refuses: ") + why));
    }
    if (!plain) return;
    for (size_t i = 0; i < plain->size(); ++i) {
      const Tensor& expected = (*plain)[i];
      const Tensor& found = (*planned)[i];
      const std::string where = "output " + std::to_string(i) + " on " + std::string(name(isa));
      check(found.dtype() == expected.dtype() && found.dims() == expected.dims(),
            shown(*graph, where + " is " + to_string(found.type()) + ", not " + to_string(expected.type())));
      if (!comparable(expected) || !nudged[0] || !nudged[1]) continue;
      const auto allowed = tolerance(expected, {&(*nudged[0])[i], &(*nudged[1])[i]});
      if (!allowed) continue;
      const Distance apart = distance(expected, found);
      check(apart.finite && apart.worst <= *allowed,
            shown(*graph, where + " is " + std::to_string(apart.worst) + " from the plain kernels, allowed " +
                              std::to_string(*allowed)));
    }
  }
}

}  // namespace pare::fuzz
