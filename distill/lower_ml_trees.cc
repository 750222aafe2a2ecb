#include "distill/lower.h"

namespace pare {
namespace {

Failure decisions() { return unsupported("is not trained: decisions have no gradient"); }

}  // namespace

Result<void> lower(const TreeEnsemble&, LowerContext&) { return decisions(); }
Result<void> lower(const TreeEnsembleClassifier&, LowerContext&) { return decisions(); }
Result<void> lower(const TreeEnsembleRegressor&, LowerContext&) { return decisions(); }

}  // namespace pare
