#include "runtime/kernels/dispatch.h"

namespace pare {

Result<void> run(const SVMRegressor&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const LinearClassifier&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const CategoryMapper&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Scaler&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Imputer&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Normalizer&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const FeatureVectorizer&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const LinearRegressor&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const LabelEncoder&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const ArrayFeatureExtractor&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const OneHotEncoder&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const SVMClassifier&, KernelContext&) { return unsupported("has no kernel"); }
Result<void> run(const Binarizer&, KernelContext&) { return unsupported("has no kernel"); }

}  // namespace pare
