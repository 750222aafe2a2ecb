// What data a result was measured on, preprocessing included.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "formats/data/dataset.h"

namespace pare {

// CRC-32 of everything the model is fed, by input, and of labels and targets: the same however the samples are cut into
// batches, another after any change of data, order, limit or preprocessing.
class DataHash {
 public:
  void add(const Batch& batch);
  std::string text() const;  // "1000 samples, crc32 9bd366ae"

 private:
  void add(const std::string& name, const Tensor& tensor);
  std::map<std::string, uint32_t> sums_;
  int64_t samples_ = 0;
};

}  // namespace pare
