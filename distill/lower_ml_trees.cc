#include "distill/lower.h"

namespace pare {

Result<void> lower(const TreeEnsemble&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const TreeEnsembleClassifier&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const TreeEnsembleRegressor&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
