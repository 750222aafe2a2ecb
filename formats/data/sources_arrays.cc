// Archives, arrays and IDX files.
#include <algorithm>

#include "formats/data/idx.h"
#include "formats/data/npz.h"
#include "formats/data/sources.h"

namespace pare {
namespace {

std::string quoted_list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return names.empty() ? "none" : text;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;  // input, array

const ArrayChoice* chosen(const std::vector<ArrayChoice>& arrays, const std::string& input) {
  for (const ArrayChoice& choice : arrays)
    if (choice.input == input) return &choice;
  return nullptr;
}

// The array for one input; empty where the file has none.
std::string array_for(const NpzFile& npz, const std::string& input) {
  if (npz.find(input)) return input;
  return npz.find("in:" + input) ? "in:" + input : std::string();
}

// Which array of the archive feeds which input; see open_dataset.
Result<Pairs> choose_arrays(const NpzFile& npz, const std::vector<InputType>& inputs,
                            const std::vector<ArrayChoice>& arrays) {
  Pairs pairs;
  const std::vector<std::string> names = npz.names();
  if (inputs.empty()) {
    for (const std::string& name : names) {
      if (name != "y" && !name.starts_with("out:")) pairs.emplace_back(name, name);
    }
    return pairs;
  }
  std::string missing;
  for (const InputType& input : inputs) {
    const ArrayChoice* choice = chosen(arrays, input.name);
    if (choice && std::holds_alternative<double>(choice->source)) continue;
    const std::string array = choice ? std::get<std::string>(choice->source) : array_for(npz, input.name);
    if (choice && !npz.find(array)) {
      return input_error(npz.path() + ": has no array '" + array + "', which [arrays] names for input '" + input.name +
                         "'; its arrays are " + quoted_list(names));
    }
    if (!array.empty())
      pairs.emplace_back(input.name, array);
    else if (missing.empty())
      missing = input.name;
  }
  if (missing.empty()) return pairs;
  if (inputs.size() == 1) {
    if (npz.find("x")) return Pairs{{inputs[0].name, "x"}};
    const auto candidates =
        std::count_if(names.begin(), names.end(), [](const std::string& name) { return name != "y"; });
    if (candidates == 1) return Pairs{{inputs[0].name, names[0] == "y" ? names[1] : names[0]}};
  }
  return input_error(
      npz.path() + ": has no array for the model's input '" + missing + "'; its arrays are " + quoted_list(names) +
      "; name them as the inputs" +
      (inputs.size() == 1 ? " or x" : ", or say in the [arrays] table of the preprocessing which is which"));
}

}  // namespace

Result<Source> single_column(Column column, const std::vector<InputType>& inputs) {
  if (inputs.size() > 1) {
    return input_error(column.where + ": holds one array, but the model has " + std::to_string(inputs.size()) +
                       " inputs; expected a .npz with an array for each");
  }
  Source source;
  column.name = inputs.empty() ? "x" : inputs[0].name;
  source.columns.push_back(std::move(column));
  return source;
}

Result<Source> open_npz_source(const std::string& path, const std::vector<InputType>& inputs,
                               const std::vector<ArrayChoice>& arrays) {
  PARE_ASSIGN(const NpzFile npz, NpzFile::open(path));
  PARE_ASSIGN(const auto pairs, choose_arrays(npz, inputs, arrays));
  const ArrayChoice* label_choice = chosen(arrays, "y");
  const std::string y = label_choice && std::holds_alternative<std::string>(label_choice->source)
                            ? std::get<std::string>(label_choice->source)
                            : "y";
  if (label_choice && !npz.find(y))
    return input_error(path + ": has no array '" + y + "', which [arrays] names for y; its arrays are " +
                       quoted_list(npz.names()));
  Source source;
  bool y_is_input = false;
  for (const auto& [input, array] : pairs) {
    PARE_ASSIGN(auto rows, npz_rows(npz, array));
    y_is_input |= array == y;
    source.columns.push_back({input, path + ", array '" + array + "'", std::move(rows), nullptr});
  }
  if (source.columns.empty()) return input_error(path + ": holds no arrays; expected x, and y for labels");
  if (!y_is_input && npz.find(y)) {
    source.labels_where = path + ", array '" + y + "'";
    PARE_ASSIGN(source.labels, npz_rows(npz, y));
  }
  return source;
}

Result<Source> open_npy_source(const std::string& path, const std::vector<InputType>& inputs) {
  PARE_ASSIGN(auto rows, npy_rows(path));
  return single_column({{}, path, std::move(rows), nullptr}, inputs);
}

Result<Source> open_idx_source(const std::string& path, const std::vector<InputType>& inputs) {
  PARE_ASSIGN(const IdxPair pair, find_idx_pair(path));
  PARE_ASSIGN(auto images, idx_rows(pair.images));
  PARE_ASSIGN(Source source, single_column({{}, pair.images, std::move(images), nullptr}, inputs));
  if (!pair.labels.empty()) {
    source.labels_where = pair.labels;
    PARE_ASSIGN(source.labels, idx_rows(pair.labels));
  }
  return source;
}

}  // namespace pare
