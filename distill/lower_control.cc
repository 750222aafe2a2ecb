#include "distill/lower.h"

namespace pare {

Result<void> lower(const If&, LowerContext&) { return unsupported("chooses between graphs, which is not trained"); }
Result<void> lower(const Loop&, LowerContext&) { return unsupported("repeats a graph, which is not trained"); }
Result<void> lower(const Scan&, LowerContext&) { return unsupported("repeats a graph, which is not trained"); }

}  // namespace pare
