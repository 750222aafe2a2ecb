// Operators on text, which has no gradient.
#include "distill/lower.h"

namespace pare {

Result<void> lower(const StringNormalizer&, LowerContext&) { return unsupported("works on text"); }
Result<void> lower(const StringConcat&, LowerContext&) { return unsupported("works on text"); }
Result<void> lower(const StringSplit&, LowerContext&) { return unsupported("works on text"); }
Result<void> lower(const RegexFullMatch&, LowerContext&) { return unsupported("works on text"); }
Result<void> lower(const TfIdfVectorizer&, LowerContext&) { return unsupported("works on words or their numbers"); }

}  // namespace pare
