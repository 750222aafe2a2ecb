#include "distill/lower.h"

namespace pare {

Result<void> lower(const SVMRegressor&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const LinearClassifier&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const CategoryMapper&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Scaler&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Imputer&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Normalizer&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const FeatureVectorizer&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const LinearRegressor&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const LabelEncoder&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const ArrayFeatureExtractor&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const OneHotEncoder&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const SVMClassifier&, LowerContext&) { return unsupported("is not trained"); }
Result<void> lower(const Binarizer&, LowerContext&) { return unsupported("is not trained"); }

}  // namespace pare
