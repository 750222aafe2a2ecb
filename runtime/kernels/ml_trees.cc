#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const TreeEnsemble&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const TreeEnsembleClassifier&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const TreeEnsembleRegressor&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
