// Pruning options on the command line: what prune and compress share.
#pragma once

#include <string>

#include "cli/session.h"
#include "compress/prune.h"
#include "graph/graph.h"

namespace pare::cli {

struct PruningArguments {
  std::string max_macs;  // "50%" of the model's, or a number
  PruneOptions prune;
};

// --max-macs, --importance, --protect, --round-to.
void add_pruning_options(CLI::App& verb, PruningArguments& arguments);

// Reads --max-macs into the options. Throws Error (usage).
PruneOptions prune_options(const PruningArguments& arguments, const Session& session);

void print_prune(const Session& session, const PruneReport& report);
Json to_json(const PruneReport& report);

}  // namespace pare::cli
