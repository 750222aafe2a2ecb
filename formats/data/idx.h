// IDX files (http://yann.lecun.com/exdb/mnist), plain or gzip: two zero bytes, an element type, a rank, big-endian
// dims, big-endian elements.
#pragma once

#include <memory>
#include <string>

#include "formats/data/rows.h"
#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

// The rows of an IDX file; compressed ones are told by their content, not their name.
Result<std::unique_ptr<RowSource>> idx_rows(const std::string& path);
Result<Tensor> read_idx(const std::string& path);

struct IdxPair {
  std::string images;
  std::string labels;  // empty: there is no such file
};

// Files named as MNIST's are: PREFIX-images-idx3-ubyte and PREFIX-labels-idx1-ubyte (or PREFIX-images.idx3-ubyte),
// each perhaps with .gz. `path` is a folder that holds one such set, FOLDER/PREFIX, or the images file itself. Fails
// (input) when there is none or when a folder holds several, naming them.
Result<IdxPair> find_idx_pair(const std::string& path);

}  // namespace pare
