// One function and one file per subcommand. Each adds its options and a callback that does the work; what goes wrong
// comes out as pare::Error and is caught in main.cc.
#pragma once

#include "cli/session.h"

namespace pare::cli {

void add_info(CLI::App& app, Session& session);
void add_run(CLI::App& app, Session& session);
void add_eval(CLI::App& app, Session& session);
void add_verify(CLI::App& app, Session& session);
void add_convert(CLI::App& app, Session& session);
void add_simplify(CLI::App& app, Session& session);
void add_prune(CLI::App& app, Session& session);
void add_quantize(CLI::App& app, Session& session);
void add_distill(CLI::App& app, Session& session);
void add_compress(CLI::App& app, Session& session);
void add_bench(CLI::App& app, Session& session);

}  // namespace pare::cli
