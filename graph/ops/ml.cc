#include "graph/ops/ml.h"

namespace pare {

Result<void> SVMRegressor::infer(InferContext&) const { return {}; }
Result<void> LinearClassifier::infer(InferContext&) const { return {}; }
Result<void> CategoryMapper::infer(InferContext&) const { return {}; }
Result<void> Scaler::infer(InferContext&) const { return {}; }
Result<void> Imputer::infer(InferContext&) const { return {}; }
Result<void> Normalizer::infer(InferContext&) const { return {}; }
Result<void> FeatureVectorizer::infer(InferContext&) const { return {}; }
Result<void> LinearRegressor::infer(InferContext&) const { return {}; }
Result<void> LabelEncoder::infer(InferContext&) const { return {}; }
Result<void> ArrayFeatureExtractor::infer(InferContext&) const { return {}; }
Result<void> OneHotEncoder::infer(InferContext&) const { return {}; }
Result<void> SVMClassifier::infer(InferContext&) const { return {}; }
Result<void> Binarizer::infer(InferContext&) const { return {}; }

void SVMRegressor::links(LinkContext&) const {}
void LinearClassifier::links(LinkContext&) const {}
void CategoryMapper::links(LinkContext&) const {}
void Scaler::links(LinkContext&) const {}
void Imputer::links(LinkContext&) const {}
void Normalizer::links(LinkContext&) const {}
void FeatureVectorizer::links(LinkContext&) const {}
void LinearRegressor::links(LinkContext&) const {}
void LabelEncoder::links(LinkContext&) const {}
void ArrayFeatureExtractor::links(LinkContext&) const {}
void OneHotEncoder::links(LinkContext&) const {}
void SVMClassifier::links(LinkContext&) const {}
void Binarizer::links(LinkContext&) const {}

}  // namespace pare
