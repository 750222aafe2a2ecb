#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const StringNormalizer&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const StringConcat&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const StringSplit&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const RegexFullMatch&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const TfIdfVectorizer&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
