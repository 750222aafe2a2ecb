#include "compress/simplify.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "compress/common_subexpressions.h"
#include "compress/fold_constants.h"
#include "compress/fold_shapes.h"
#include "compress/fuse_activations.h"
#include "compress/fuse_batch_normalization.h"
#include "compress/fuse_scale_shift.h"
#include "compress/merge_constants.h"
#include "compress/merge_reshapes.h"
#include "compress/pad_into_conv.h"
#include "compress/remove_dead_code.h"
#include "compress/remove_identities.h"
#include "graph/error.h"
#include "graph/infer.h"
#include "graph/verify.h"

namespace pare {
namespace {

constexpr std::array<SimplifyPass, 11> kPasses{{
    {"remove_identities", remove_identities},
    {"fold_constants", fold_constants},
    {"fold_shapes", fold_shapes},
    {"merge_reshapes", merge_reshapes},
    {"pad_into_conv", pad_into_conv},
    {"fuse_batch_normalization", fuse_batch_normalization},
    {"fuse_scale_shift", fuse_scale_shift},
    {"fuse_activations", fuse_activations},
    {"common_subexpressions", common_subexpressions},
    {"remove_dead_code", remove_dead_code},
    {"merge_constants", merge_constants},
}};

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
  if (!checked.ok()) {
    throw Error(ErrorCode::internal, "after pass '" + std::string(pass) + "': " + checked.failure().message);
  }
}

}  // namespace

std::span<const SimplifyPass> simplify_passes() { return kPasses; }

SimplifyReport simplify(Graph& graph, const SimplifyOptions& options) {
  check_names(options);
  SimplifyReport report;
  report.nodes_before = static_cast<int>(graph.order().size());
  for (const SimplifyPass& pass : kPasses) {
    if (options.passes.empty() || std::ranges::count(options.passes, pass.name) > 0) {
      report.passes.push_back({std::string(pass.name)});
    }
  }
  for (bool changed = true; changed && report.rounds < options.max_rounds; ++report.rounds) {
    changed = false;
    for (PassResult& result : report.passes) {
      auto start = std::chrono::steady_clock::now();
      int count = std::ranges::find(kPasses, result.name, &SimplifyPass::name)->run(graph);
      if (count > 0) check_graph(graph, result.name);
      double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (options.log) options.log(result.name, count, seconds);
      result.changed += count;
      result.seconds += seconds;
      changed = changed || count > 0;
      if (result.name == options.stop_after) {
        report.nodes_after = static_cast<int>(graph.order().size());
        return report;
      }
    }
  }
  report.nodes_after = static_cast<int>(graph.order().size());
  return report;
}

}  // namespace pare
