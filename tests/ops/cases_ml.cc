#include "tests/ops/case_builders.h"

namespace pare::test {

void add_ml(std::vector<Case>&) {}

}  // namespace pare::test
