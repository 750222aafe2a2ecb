// Pictures and sounds in folders.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <map>

#include "formats/data/image.h"
#include "formats/data/sources.h"
#include "formats/file.h"

namespace pare {
namespace {

namespace fs = std::filesystem;

enum class Media : uint8_t { none, picture, sound };

Media media_of(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (extension == ".jpg" || extension == ".jpeg" || extension == ".png") return Media::picture;
  return extension == ".wav" ? Media::sound : Media::none;
}

struct Listed {
  std::string path;
  int64_t label = -1;
};

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    paths.push_back(it->path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Lines "file<TAB>class".
Result<std::vector<Listed>> read_labels_tsv(const fs::path& tsv) {
  PARE_ASSIGN(const std::string text, read_text_file(tsv.string()));
  std::vector<Listed> files;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    const size_t tab = line.find('\t');
    int64_t label = -1;
    const char* last = line.data() + line.size();
    const bool good =
        tab != std::string::npos && std::from_chars(line.data() + tab + 1, last, label).ptr == last && label >= 0;
    if (!good) {
      if (number == 1 && tab != std::string::npos) continue;  // a header
      return input_error(tsv.string() + ": line " + std::to_string(number) + " is '" + line.substr(0, 60) +
                         "'; expected a file's name, a tab and its class from 0");
    }
    files.push_back({(tsv.parent_path() / line.substr(0, tab)).string(), label});
  }
  return files;
}

// The files and, of folders per class, the classes' names.
Result<std::vector<Listed>> list_files(const std::string& folder, std::vector<std::string>& classes) {
  std::error_code error;
  if (const fs::path tsv = fs::path(folder) / "labels.tsv"; fs::is_regular_file(tsv, error))
    return read_labels_tsv(tsv);
  std::vector<Listed> files;
  for (const fs::path& path : entries(folder)) {
    if (fs::is_directory(path, error)) {
      const size_t before = files.size();
      for (const fs::path& inside : entries(path))
        if (media_of(inside) != Media::none) files.push_back({inside.string(), static_cast<int64_t>(classes.size())});
      if (files.size() > before) classes.push_back(path.filename().string());
    }
  }
  if (!files.empty()) return files;
  for (const fs::path& path : entries(folder))
    if (media_of(path) != Media::none) files.push_back({path.string(), -1});
  return files;
}

uint32_t little(const std::byte* at, int bytes) {
  uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= std::to_integer<uint32_t>(at[i]) << (8 * i);
  return value;
}

struct WavFormat {
  uint32_t tag = 0, channels = 0, bits = 0;
};

float wav_sample(const std::byte* at, const WavFormat& format) {
  if (format.tag == 3) {
    float value = 0;
    std::memcpy(&value, at, 4);
    return value;
  }
  if (format.bits == 8) return (static_cast<float>(std::to_integer<int>(*at)) - 128) / 128;
  const int bytes = static_cast<int>(format.bits / 8);
  const auto high = static_cast<int32_t>(little(at, bytes) << (32 - format.bits));  // the sign in the top bit
  return static_cast<float>(static_cast<double>(high) / 2147483648.0);
}

}  // namespace

Result<Tensor> read_wav(const std::string& path) {
  PARE_ASSIGN(const auto buffer, map_file(path));
  const auto bytes = buffer->bytes();
  const auto fail = [&](const std::string& why) { return input_error(path + ": " + why); };
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "RIFF", 4) != 0 || std::memcmp(bytes.data() + 8, "WAVE", 4) != 0)
    return fail("is no RIFF WAVE file");
  WavFormat format;
  for (size_t at = 12; at + 8 <= bytes.size();) {
    const size_t size = little(bytes.data() + at + 4, 4);
    const std::byte* body = bytes.data() + at + 8;
    const size_t left = bytes.size() - at - 8;
    if (std::memcmp(bytes.data() + at, "fmt ", 4) == 0 && size >= 16 && left >= 16) {
      format = {little(body, 2), little(body + 2, 2), little(body + 14, 2)};
      if (format.tag == 0xFFFE && size >= 26 && left >= 26)
        format.tag = little(body + 24, 2);  // WAVE_FORMAT_EXTENSIBLE
    } else if (std::memcmp(bytes.data() + at, "data", 4) == 0) {
      const bool pcm =
          format.tag == 1 && (format.bits == 8 || format.bits == 16 || format.bits == 24 || format.bits == 32);
      if (format.channels == 0 || format.channels > 64 || !(pcm || (format.tag == 3 && format.bits == 32)))
        return fail("holds audio of format " + std::to_string(format.tag) + " with " + std::to_string(format.bits) +
                    " bits; expected PCM or 32-bit floats");
      if (size > left)
        return fail("is cut off: its data chunk claims " + std::to_string(size) + " bytes, and " +
                    std::to_string(left) + " are there");
      const size_t width = format.bits / 8;
      const auto frames = static_cast<int64_t>(size / (width * format.channels));
      const auto channels = static_cast<int64_t>(format.channels);
      Tensor out(DType::float32, channels == 1 ? Dims{1, frames} : Dims{1, channels, frames});
      const auto to = out.mutable_data<float>();
      for (int64_t t = 0; t < frames; ++t)
        for (int64_t c = 0; c < channels; ++c)
          to[static_cast<size_t>(c * frames + t)] =
              wav_sample(body + static_cast<size_t>(t * channels + c) * width, format);
      return out;
    }
    if (size > left) break;
    at += 8 + size + (size & 1);
  }
  return fail("holds no data chunk");
}

bool is_media_folder(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return false;
  if (fs::is_regular_file(fs::path(path) / "labels.tsv", error)) return true;
  std::vector<std::string> classes;
  const auto files = list_files(path, classes);
  return files.ok() && !files->empty();
}

Result<Source> open_media_source(const std::string& path, const std::vector<InputType>& inputs) {
  std::vector<std::string> classes;
  PARE_ASSIGN(const auto files, list_files(path, classes));
  if (files.empty()) return input_error(path + ": holds no pictures (.jpg, .png) and no sounds (.wav)");
  const auto count = static_cast<int64_t>(files.size());
  std::vector<int64_t> labels;
  for (const Listed& file : files)
    if (file.label >= 0) labels.push_back(file.label);
  Column column{{}, path, nullptr, nullptr, count};
  column.make = [files](int64_t sample) -> Result<Tensor> {
    const std::string& file = files[static_cast<size_t>(sample)].path;
    return media_of(file) == Media::sound ? read_wav(file) : read_image(file);
  };
  PARE_ASSIGN(Source source, single_column(std::move(column), inputs));
  source.class_names = std::move(classes);
  if (labels.size() == files.size()) {
    source.labels_where = path;
    source.labels = tensor_rows(Tensor::of<int64_t>({count}, labels));
  }
  return source;
}

Result<Source> open_wav_source(const std::string& path, const std::vector<InputType>& inputs) {
  Column column{{}, path, nullptr, [path](int64_t) { return read_wav(path); }, 1};
  return single_column(std::move(column), inputs);
}

}  // namespace pare
