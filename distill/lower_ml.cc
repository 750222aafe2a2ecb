#include "distill/lower.h"

namespace pare {
namespace {

// Coefficients, vectors and categories are attributes; training changes constants of the graph alone.
Failure attributes() {
  return unsupported("is not trained: its coefficients are attributes, not weights of the graph");
}

}  // namespace

Result<void> lower(const SVMRegressor&, LowerContext&) { return attributes(); }
Result<void> lower(const LinearClassifier&, LowerContext&) { return attributes(); }
Result<void> lower(const CategoryMapper&, LowerContext&) { return attributes(); }
Result<void> lower(const Scaler&, LowerContext&) { return attributes(); }
Result<void> lower(const Imputer&, LowerContext&) { return attributes(); }
Result<void> lower(const Normalizer&, LowerContext&) { return attributes(); }
Result<void> lower(const FeatureVectorizer&, LowerContext&) { return attributes(); }
Result<void> lower(const LinearRegressor&, LowerContext&) { return attributes(); }
Result<void> lower(const LabelEncoder&, LowerContext&) { return attributes(); }
Result<void> lower(const ArrayFeatureExtractor&, LowerContext&) { return attributes(); }
Result<void> lower(const OneHotEncoder&, LowerContext&) { return attributes(); }
Result<void> lower(const SVMClassifier&, LowerContext&) { return attributes(); }
Result<void> lower(const Binarizer&, LowerContext&) { return attributes(); }

}  // namespace pare
