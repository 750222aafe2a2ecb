#include "formats/data/npz.h"

#include <algorithm>
#include <set>

#include "formats/data/inflate.h"

namespace pare {
namespace {

constexpr std::string_view kSuffix = ".npy";
constexpr uint64_t kCountFirst = 64u << 20;

std::string_view array_name(const ZipEntry& entry) {
  return std::string_view(entry.name).substr(0, entry.name.size() - kSuffix.size());
}

}  // namespace

Result<NpzFile> NpzFile::open(const std::string& path) {
  PARE_ASSIGN(auto file, InputFile::open(path));
  if (file->size() == 0) return input_error(path + ": is empty; expected a .npz archive");
  NpzFile npz(std::move(file));
  PARE_ASSIGN(npz.entries_, read_zip_directory(*npz.file_));
  std::erase_if(npz.entries_, [](const ZipEntry& entry) { return !entry.name.ends_with(kSuffix); });
  std::set<std::string_view> seen;
  for (const ZipEntry& entry : npz.entries_) {
    if (!seen.insert(entry.name).second) {
      return input_error(path + ": holds two arrays named '" + std::string(array_name(entry)) + "'");
    }
  }
  return npz;
}

std::vector<std::string> NpzFile::names() const {
  std::vector<std::string> names;
  for (const ZipEntry& entry : entries_) names.emplace_back(array_name(entry));
  return names;
}

const ZipEntry* NpzFile::find(std::string_view name) const {
  for (const ZipEntry& entry : entries_) {
    if (array_name(entry) == name) return &entry;
  }
  return nullptr;
}

std::string NpzFile::where(std::string_view name) const { return path() + ", array '" + std::string(name) + "'"; }

Result<const ZipEntry*> NpzFile::entry(std::string_view name) const {
  const ZipEntry* entry = find(name);
  if (entry == nullptr) return input_error(path() + ": has no array '" + std::string(name) + "'");
  if (!entry->readable) {
    return unsupported(where(name) +
                       ": is encrypted or compressed by a method other than deflate; save it again with numpy.savez");
  }
  return entry;
}

Result<NpyHeader> NpzFile::header(std::string_view name) const {
  PARE_ASSIGN(const ZipEntry* entry, this->entry(name));
  if (!entry->deflated) {
    const ByteReader read = [&](uint64_t offset, std::span<std::byte> out) {
      return file_->read_at(entry->data_offset + offset, out);
    };
    return read_npy_header(read, entry->size, where(name));
  }
  InflateStream stream(file_, InflateStream::Form::deflate, {entry->data_offset, entry->stored_size, {}}, where(name));
  // The header is asked for front to back, each byte once.
  const ByteReader read = [&](uint64_t, std::span<std::byte> out) { return stream.read(out); };
  return read_npy_header(read, entry->size, where(name));
}

Result<Tensor> NpzFile::read(std::string_view name) const {
  PARE_ASSIGN(const ZipEntry* entry, this->entry(name));
  PARE_ASSIGN(const NpyHeader header, this->header(name));
  const size_t bytes = static_cast<size_t>(header.data_bytes);
  if (!entry->deflated) {
    PARE_ASSIGN(auto raw, file_->map(entry->data_offset + header.data_offset, bytes));
    return npy_tensor(header, std::move(raw));
  }
  InflateStream stream(file_, InflateStream::Form::deflate, {entry->data_offset, entry->stored_size, entry->crc},
                       where(name));
  PARE_TRY(check_memory(where(name), header.data_bytes));
  if (header.data_bytes > kCountFirst) {
    PARE_TRY(stream.finish(entry->size));
    PARE_TRY(stream.rewind());
  }
  auto raw = Buffer::allocate(bytes);
  PARE_TRY(stream.skip(header.data_offset));
  PARE_TRY(stream.read({raw->mutable_data(), bytes}));
  PARE_TRY(stream.finish(entry->size));
  return npy_tensor(header, std::move(raw));
}

Result<std::vector<NamedTensor>> read_npz(const std::string& path, std::vector<std::string>* ignored) {
  PARE_ASSIGN(const NpzFile npz, NpzFile::open(path));
  std::vector<NamedTensor> arrays;
  for (const std::string& name : npz.names()) {
    auto tensor = npz.read(name);
    if (tensor) {
      arrays.push_back({name, *std::move(tensor)});
    } else if (tensor.failure().code == ErrorCode::unsupported) {
      if (ignored != nullptr) ignored->push_back(tensor.failure().message);
    } else {
      return tensor.failure();
    }
  }
  return arrays;
}

Result<void> write_npz(const std::string& path, const std::vector<NamedTensor>& arrays, bool deflate) {
  PARE_ASSIGN(ZipWriter zip, ZipWriter::create(path));
  std::set<std::string_view> seen;
  for (const NamedTensor& array : arrays) {
    if (!seen.insert(array.name).second) return usage_error(path + ": two arrays are named '" + array.name + "'");
    const std::string member = array.name + std::string(kSuffix);
    if (member.size() > 0xFFFF) return usage_error(path + ": an array's name is longer than a zip archive allows");
    auto npy = npy_array(array.tensor);
    if (!npy) return in_context(path + ", array '" + array.name + "'", npy.failure());
    PARE_TRY(zip.add(member, std::as_bytes(std::span(npy->header)), npy->elements(array.tensor), deflate));
  }
  return zip.commit();
}

}  // namespace pare
