#include "compress/simplify.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "compress/common_subexpressions.h"
#include "compress/fold_constants.h"
#include "compress/fold_shapes.h"
#include "compress/fuse_activations.h"
#include "compress/fuse_batch_normalization.h"
#include "compress/fuse_gemm.h"
#include "compress/fuse_normalization.h"
#include "compress/fuse_scale_shift.h"
#include "compress/inline_branches.h"
#include "compress/merge_casts.h"
#include "compress/merge_concats.h"
#include "compress/merge_constants.h"
#include "compress/merge_reshapes.h"
#include "compress/merge_shapes.h"
#include "compress/merge_slices.h"
#include "compress/move_layouts.h"
#include "compress/pad_into_conv.h"
#include "compress/pad_into_pool.h"
#include "compress/remove_dead_code.h"
#include "compress/remove_identities.h"
#include "compress/remove_unused_outputs.h"
#include "compress/simplify_steps.h"
#include "compress/subgraph_passes.h"
#include "compress/subgraphs.h"
#include "compress/unroll_loops.h"
#include "graph/error.h"
#include "graph/infer.h"
#include "graph/verify.h"

namespace pare {
namespace {

constexpr int64_t kOldestWritten = 13;

// A pass that puts no newer operators in.
template <int (*Pass)(Graph&)>
int at_any_opset(Graph& graph, int64_t) {
  return Pass(graph);
}

constexpr std::array kPasses{
    SimplifyPass{"remove_identities", at_any_opset<remove_identities>},
    SimplifyPass{"fold_constants", at_any_opset<fold_constants>, true},
    SimplifyPass{"fold_shapes", at_any_opset<fold_shapes>, true},
    SimplifyPass{"merge_shapes", at_any_opset<merge_shapes>, true},
    SimplifyPass{"inline_branches", at_any_opset<inline_branches>, true},
    SimplifyPass{"unroll_loops", at_any_opset<unroll_loops>, true},
    SimplifyPass{"merge_casts", at_any_opset<merge_casts>},
    SimplifyPass{"merge_slices", at_any_opset<merge_slices>},
    SimplifyPass{"merge_concats", at_any_opset<merge_concats>},
    SimplifyPass{"merge_reshapes", at_any_opset<merge_reshapes>},
    SimplifyPass{"move_layouts", at_any_opset<move_layouts>},
    SimplifyPass{"pad_into_conv", at_any_opset<pad_into_conv>},
    SimplifyPass{"pad_into_pool", at_any_opset<pad_into_pool>},
    SimplifyPass{"fuse_batch_normalization", at_any_opset<fuse_batch_normalization>},
    SimplifyPass{"fuse_normalization", fuse_normalization},
    SimplifyPass{"fuse_activations", fuse_activations},
    SimplifyPass{"fuse_scale_shift", at_any_opset<fuse_scale_shift>},
    SimplifyPass{"fuse_gemm", at_any_opset<fuse_gemm>},
    SimplifyPass{"common_subexpressions", at_any_opset<common_subexpressions>},
    SimplifyPass{"remove_unused_outputs", at_any_opset<remove_unused_outputs>},
    SimplifyPass{"remove_dead_code", at_any_opset<remove_dead_code>},
    SimplifyPass{"merge_constants", at_any_opset<merge_constants>},
};

void check_names(const SimplifyOptions& options) {
  std::vector<std::string> names = options.passes;
  if (!options.stop_after.empty()) names.push_back(options.stop_after);
  for (const std::string& name : names) {
    if (std::ranges::find(kPasses, name, &SimplifyPass::name) != kPasses.end()) continue;
    std::string known;
    for (const SimplifyPass& pass : kPasses) known += (known.empty() ? "" : ", ") + std::string(pass.name);
    throw Error(ErrorCode::usage, "pass '" + name + "' does not exist; choose from " + known);
  }
}

void check_graph(Graph& graph, std::string_view pass) {
  Result<void> checked = infer_types(graph);
  if (checked.ok()) checked = verify(graph);
  if (checked.ok()) return;
  const auto found = std::ranges::find(kPasses, pass, &SimplifyPass::name);
  if (found != kPasses.end() && found->computes) {
    throw Error(ErrorCode::input,
                "the model contradicts itself, as computing its constants shows: " + checked.failure().message);
  }
  throw Error(ErrorCode::internal, "after pass '" + std::string(pass) + "': " + checked.failure().message);
}

class Pipeline {
 public:
  Pipeline(Graph& graph, const SimplifyOptions& options) : graph_(graph), options_(options) {
    report_.nodes_before = count_nodes(graph);
    report_.opset = options.opset.value_or(kOldestWritten);
    for (const SimplifyPass& pass : kPasses) {
      if (options.passes.empty() || std::ranges::count(options.passes, pass.name) > 0) {
        report_.passes.push_back({std::string(pass.name)});
      }
    }
  }

  SimplifyReport run() {
    for (bool changed = true; changed && report_.rounds < options_.max_rounds; ++report_.rounds) {
      changed = false;
      for (PassResult& result : report_.passes) {
        changed = run_one(result) || changed;
        if (result.name != options_.stop_after) continue;
        changed = false;
        break;
      }
    }
    report_.nodes_after = count_nodes(graph_);
    return std::move(report_);
  }

 private:
  bool run_one(PassResult& result) {
    const auto start = std::chrono::steady_clock::now();
    const std::optional<NodeRecord> before = options_.explain ? std::optional(NodeRecord(graph_)) : std::nullopt;
    const int count = run_pass(graph_, *std::ranges::find(kPasses, result.name, &SimplifyPass::name), report_.opset);
    if (count > 0) check_graph(graph_, result.name);
    if (count > 0 && before) report_.steps.push_back(before->step_to(NodeRecord(graph_), result.name, report_.rounds));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (options_.log) options_.log(result.name, count, seconds);
    result.changed += count;
    result.seconds += seconds;
    return count > 0;
  }

  Graph& graph_;
  const SimplifyOptions& options_;
  SimplifyReport report_;
};

}  // namespace

std::span<const SimplifyPass> simplify_passes() { return kPasses; }

SimplifyReport simplify(Graph& graph, const SimplifyOptions& options) {
  check_names(options);
  std::vector<Type> types;
  for (ValueId id : graph.outputs) types.push_back(graph.value(id).type);
  SimplifyReport report = Pipeline(graph, options).run();
  settle_names(graph);
  for (size_t i = 0; i < types.size(); ++i) {
    Value& output = graph.value(graph.outputs[i]);
    if (output.producer != NodeId::none && types[i].shape) output.type = types[i];
  }
  if (!verify(graph).ok()) check_graph(graph, "the last");
  return report;
}

}  // namespace pare
