#include <cstdio>
#include <exception>
#include <new>

#include "cli/verbs.h"
#include "graph/error.h"

#ifndef PARE_VERSION
#define PARE_VERSION "unknown"
#endif

namespace {

int fail(const pare::cli::Session& session, pare::ErrorCode code, const std::string& message) {
  fmt::print(stderr, "pare: {}\n", message);
  session.emit({{"error", message}, {"exit_code", static_cast<int>(code)}});
  return static_cast<int>(code);
}

int parse_failure(const CLI::App& app, const CLI::ParseError& error, const pare::cli::Session& session) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);  // --help, --version
  return fail(session, pare::ErrorCode::usage, std::string(error.what()) + "; see 'pare --help' or 'pare VERB --help'");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace pare::cli;
  CLI::App app("pare makes trained networks smaller, and proves that they still work.\n"
               "ONNX in; prune, quantize, distil; ONNX or .pare out, verified.");
  app.name("pare");
  app.set_version_flag("--version", "pare " PARE_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done and within bounds, 1 a bound is broken, 2 wrong usage, 3 bad input, 4 not supported, "
             "70 a fault of pare.\nEach verb: pare VERB --help");
  Session session;
  for (const auto add : {add_info, add_run, add_eval, add_verify, add_convert, add_simplify, add_prune, add_quantize,
                         add_distill, add_compress, add_bench}) {
    add(app, session);
  }
  try {
    app.parse(argc, argv);
    return session.exit_code;
  } catch (const CLI::ParseError& error) {
    return parse_failure(app, error, session);
  } catch (const pare::Error& error) {
    return fail(session, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(session, pare::ErrorCode::input, "out of memory; expected a model and data that fit this machine: use a smaller --limit or batch");
  } catch (const std::exception& error) {
    return fail(session, pare::ErrorCode::internal, std::string("internal fault: ") + error.what());
  }
}
