#include "distill/lower.h"

namespace pare {

Result<void> lower(const StringNormalizer&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const StringConcat&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const StringSplit&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const RegexFullMatch&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const TfIdfVectorizer&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
