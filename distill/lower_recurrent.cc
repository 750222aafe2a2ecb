#include "distill/lower.h"

namespace pare {

Result<void> lower(const LSTM&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const GRU&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const RNN&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
