// A data set in memory for tests.
#pragma once

#include <vector>

#include "formats/data/dataset.h"

namespace pare {

// Four samples of two scores each; the labels are 0 1 0 1.
class Samples : public Dataset {
 public:
  explicit Samples(std::vector<float> scores)
      : scores_(std::move(scores)), inputs_{{"x", {DType::float32, Shape{Dim("N"), Dim(2)}}}} {}

  int64_t size() const override { return static_cast<int64_t>(scores_.size()) / 2; }
  const std::vector<InputType>& inputs() const override { return inputs_; }
  bool has_labels() const override { return !labels_.empty(); }
  const std::vector<int64_t>& labels() const override { return labels_; }
  Result<Batch> read(std::span<const int64_t> indices) const override {
    Batch batch;
    batch.count = static_cast<int64_t>(indices.size());
    Tensor x(DType::float32, {batch.count, 2});
    for (size_t i = 0; i < indices.size(); ++i) {
      for (size_t j = 0; j < 2; ++j)
        x.mutable_data<float>()[2 * i + j] = scores_[2 * static_cast<size_t>(indices[i]) + j];
    }
    batch.inputs.push_back({"x", x});
    if (!labels_.empty()) {
      batch.labels = Tensor(DType::int64, {batch.count});
      for (size_t i = 0; i < indices.size(); ++i)
        batch.labels.mutable_data<int64_t>()[i] = labels_[static_cast<size_t>(indices[i])];
    }
    return batch;
  }

  std::vector<int64_t> labels_{0, 1, 0, 1};

 private:
  std::vector<float> scores_;
  std::vector<InputType> inputs_;
};

}  // namespace pare
