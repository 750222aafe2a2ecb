// The module as the command line sees it: this program does not link LibTorch.
#include "distill/loader.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/catch.h"

using namespace pare;

namespace {

bool torch_is_mapped() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("libtorch_cpu") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("LibTorch is loaded with the module, not before, and errors cross") {
  REQUIRE_FALSE(torch_is_mapped());
  const Trainer& trainer = load_trainer();
  CHECK(torch_is_mapped());
  CHECK(trainer.torch_version().find('.') != std::string::npos);
  CHECK(&load_trainer() == &trainer);
  if (*openblas_core_type()) CHECK(std::getenv("OPENBLAS_CORETYPE") != nullptr);
  Graph graph;
  TrainOptions options;
  options.epochs = 0;
  try {
    trainer.train(graph, nullptr, {}, options);
    FAIL("zero epochs were accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
    CHECK(std::string(error.what()).find("epoch") != std::string::npos);
  }
}
