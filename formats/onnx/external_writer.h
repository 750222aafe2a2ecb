// Elements of initializers to a data file beside the model.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "formats/file.h"
#include "pare_onnx.pb.h"

namespace pare::onnx_format {

// Moves the lifted elements of every initializer, subgraphs' included, to `data`, and says in `graph` that they lie in
// file `location`. Elements that several initializers share are written once.
Result<void> move_to_external(const std::string& location, const std::vector<Tensor>& lifted, AtomicFile& data,
                              onnx::GraphProto& graph);

// "<model>.data", or with a number before ".data" when that exists: the file that a present model reads from is never
// touched, so that a run that is killed leaves model and data as they were.
std::string free_data_name(const std::filesystem::path& model);

// The data files of free_data_name() that the present file `model` reads from; empty when it is no model.
std::vector<std::filesystem::path> data_files_of(const std::filesystem::path& model);

}  // namespace pare::onnx_format
