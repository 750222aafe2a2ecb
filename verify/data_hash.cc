#include "verify/data_hash.h"

#include <fmt/format.h>
#include <zlib.h>

namespace pare {

void DataHash::add(const std::string& name, const Tensor& tensor) {
  if (tensor.dtype() == DType::undefined) return;
  uint32_t& sum = sums_[name];
  const auto bytes = tensor.bytes();
  sum = static_cast<uint32_t>(crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void DataHash::add(const Batch& batch) {
  for (const NamedTensor& input : batch.inputs) add("in:" + input.name, input.tensor);
  add("labels", batch.labels);
  add("targets", batch.targets);
  samples_ += batch.count;
}

std::string DataHash::text() const {
  uint32_t all = 0;
  for (const auto& [name, sum] : sums_) {
    const std::string line = fmt::format("{} {:08x};", name, sum);
    all = static_cast<uint32_t>(crc32_z(all, reinterpret_cast<const Bytef*>(line.data()), line.size()));
  }
  return fmt::format("{} samples, crc32 {:08x}", samples_, all);
}

}  // namespace pare
