// Bounds on the command line, and a comparison as text and JSON: what verify and compress share.
#pragma once

#include <string>

#include "cli/session.h"
#include "verify/compare.h"

namespace pare::cli {

// --max-drop, --min-metric, --min-agreement, --max-bytes, --max-ratio, --min-speedup.
void add_bound_options(CLI::App& verb, Bounds& bounds);

void print_comparison(const Session& session, const Comparison& comparison);
Json to_json(const Comparison& comparison);

// Says every broken bound on stderr and sets the session's exit code: 0 or 1.
void conclude(Session& session, const Comparison& comparison);

}  // namespace pare::cli
