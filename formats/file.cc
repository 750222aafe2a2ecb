#include "formats/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace pare {
namespace {

constexpr size_t kPendingBytes = 1u << 16;
constexpr size_t kHoleBytes = 1u << 16;

std::string folder_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Failure system_failure(const std::string& path, const std::string& verb, int error) {
  return input_error(path + ": cannot be " + verb + " (" + std::strerror(error) + ")");
}

struct Descriptor {
  int fd = -1;
  uint64_t size = 0;
};

Failure open_failure(const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR) return input_error(path + ": no such file; check the path");
  if (error == EACCES) return input_error(path + ": may not be read (permission denied); check the file's mode");
  return system_failure(path, "opened", error);
}

// Takes the descriptor over.
Result<Descriptor> examine(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    const int error = errno;
    ::close(fd);
    return system_failure(path, "examined", error);
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(fd);
    return input_error(path + (S_ISDIR(status.st_mode) ? ": is a folder; expected a file" : ": is not a regular file"));
  }
  return Descriptor{fd, static_cast<uint64_t>(status.st_size)};
}

Result<Descriptor> open_regular(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return open_failure(path, errno);
  return examine(fd, path);
}

// The components of a relative path; empty when it is absolute or climbs.
std::vector<std::string> components_of(const std::string& name) {
  std::vector<std::string> components;
  if (name.empty() || name.front() == '/' || name.find('\0') != std::string::npos) return {};
  for (size_t at = 0; at < name.size();) {
    const size_t end = std::min(name.find('/', at), name.size());
    std::string component = name.substr(at, end - at);
    if (component == "..") return {};
    if (!component.empty() && component != ".") components.push_back(std::move(component));
    at = end + 1;
  }
  return components;
}

// `path`, of which nothing is followed that is a link; `base` is a folder, or AT_FDCWD.
Result<int> open_unlinked(int base, const std::string& component, int flags, const std::string& path) {
  const int fd = ::openat(base, component.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags);
  if (fd >= 0) return fd;
  const int error = errno;
  struct stat status {};
  const bool link = ::fstatat(base, component.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
  if (link) return input_error(path + ": leads through a link, which is not followed; put the file itself there");
  return open_failure(path, error);
}

bool all_zero(std::span<const std::byte> bytes) {
  return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

struct Mapping {
  void* address;
  size_t length;
  Mapping(void* a, size_t n) : address(a), length(n) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(address, length); }
};

}  // namespace

Result<std::shared_ptr<const InputFile>> InputFile::open(const std::string& path) {
  PARE_ASSIGN(const Descriptor file, open_regular(path));
  return std::shared_ptr<const InputFile>(new InputFile(path, file.fd, file.size));
}

Result<std::shared_ptr<const InputFile>> InputFile::open_below(const std::string& folder, const std::string& name) {
  const std::string path = folder + '/' + name;
  const auto components = components_of(name);
  if (components.empty()) return input_error(path + ": '" + name + "' is not a path inside the folder");
  int base = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (base < 0) return open_failure(folder, errno);
  for (size_t i = 0; i + 1 < components.size(); ++i) {
    const auto next = open_unlinked(base, components[i], O_DIRECTORY, path);
    ::close(base);
    if (!next) return next.failure();
    base = *next;
  }
  const auto opened = open_unlinked(base, components.back(), 0, path);
  ::close(base);
  if (!opened) return opened.failure();
  PARE_ASSIGN(const Descriptor file, examine(*opened, path));
  return std::shared_ptr<const InputFile>(new InputFile(path, file.fd, file.size));
}

InputFile::~InputFile() { ::close(descriptor_); }

Result<void> InputFile::read_at(uint64_t offset, std::span<std::byte> out) const {
  if (offset > size_ || out.size() > size_ - offset) {
    return input_error(path_ + ": ends at byte " + std::to_string(size_) + " where " + std::to_string(out.size()) +
                       " bytes were expected from byte " + std::to_string(offset) + "; the file is truncated");
  }
  while (!out.empty()) {
    const ssize_t count =
        ::pread(descriptor_, out.data(), std::min<size_t>(out.size(), 1u << 30), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure(path_, "read", errno);
    if (count == 0) return input_error(path_ + ": became shorter while it was read");
    offset += static_cast<uint64_t>(count);
    out = out.subspan(static_cast<size_t>(count));
  }
  return {};
}

Result<std::shared_ptr<Buffer>> InputFile::map(uint64_t offset, size_t length) const {
  if (offset > size_ || length > size_ - offset) {
    return input_error(path_ + ": ends at byte " + std::to_string(size_) + " where " + std::to_string(length) +
                       " bytes were expected from byte " + std::to_string(offset) + "; the file is truncated");
  }
  if (length == 0) return Buffer::allocate(0);
  const uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const uint64_t start = offset / page * page;
  const size_t lead = static_cast<size_t>(offset - start);
  void* address = ::mmap(nullptr, lead + length, PROT_READ, MAP_PRIVATE, descriptor_, static_cast<off_t>(start));
  if (address == MAP_FAILED) return system_failure(path_, "mapped", errno);
  (void)::madvise(address, lead + length, MADV_NOHUGEPAGE);  // a touched byte brings in pages, not megabytes
  auto owner = std::make_shared<Mapping>(address, lead + length);
  return Buffer::mapped({static_cast<const std::byte*>(address) + lead, length}, std::move(owner));
}

Result<std::shared_ptr<Buffer>> map_file(const std::string& path) {
  PARE_ASSIGN(auto file, InputFile::open(path));
  if (file->size() == 0) return input_error(path + ": is empty");
  return file->map(0, static_cast<size_t>(file->size()));
}

Result<std::string> read_text_file(const std::string& path, size_t limit) {
  PARE_ASSIGN(auto file, InputFile::open(path));
  if (file->size() > limit) {
    return input_error(path + ": is " + std::to_string(file->size()) + " bytes long; expected text of at most " +
                       std::to_string(limit));
  }
  std::string text(static_cast<size_t>(file->size()), '\0');
  PARE_TRY(file->read_at(0, std::as_writable_bytes(std::span(text))));
  return text;
}

Result<void> check_memory(const std::string& what, uint64_t bytes) {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return {};
  const uint64_t memory = static_cast<uint64_t>(pages) * static_cast<uint64_t>(page);
  if (bytes <= memory) return {};
  return input_error(what + " needs " + std::to_string(bytes) + " bytes, more than this machine's memory of " +
                     std::to_string(memory));
}

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  AtomicFile file;
  file.path_ = path;
  file.target_ = path;
  if (path.empty()) return usage_error("an output file needs a name");
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return input_error(path + ": is a folder; expected the name of a file to write");
    if (!S_ISREG(status.st_mode)) {
      file.descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
      if (file.descriptor_ < 0) return system_failure(path, "opened for writing", errno);
      return file;
    }
    char resolved[PATH_MAX];
    if (::realpath(path.c_str(), resolved) != nullptr) file.target_ = resolved;
  }
  const std::string folder = folder_of(file.target_);
  if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return input_error(path + ": the output folder '" + folder + "' does not exist; create it first");
  }
  if (path.back() == '/') return input_error(path + ": is the name of a folder; expected the name of a file to write");
  do {
    file.temporary_ = file.target_ + ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    file.descriptor_ = ::open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (file.descriptor_ < 0 && errno == EEXIST);
  if (file.descriptor_ < 0) {
    const int error = errno;
    file.temporary_.clear();
    return input_error(path + ": cannot be written in folder '" + folder + "' (" + std::strerror(error) + ")");
  }
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(other.descriptor_),
      position_(other.position_),
      ends_in_hole_(other.ends_in_hole_),
      pending_(std::move(other.pending_)) {
  other.descriptor_ = -1;
  other.temporary_.clear();
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
  position_ += bytes.size();
  if (bytes.size() + pending_.size() <= kPendingBytes) {
    pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  PARE_TRY(flush());
  size_t kept = 0;  // bytes at the front that are written as they are
  while (kept < bytes.size()) {
    const size_t block = std::min(kHoleBytes, bytes.size() - kept);
    if (temporary_.empty() || block < kHoleBytes || !all_zero(bytes.subspan(kept, block))) {
      kept += block;
      continue;
    }
    PARE_TRY(write_all(bytes.first(kept)));
    if (::lseek(descriptor_, static_cast<off_t>(block), SEEK_CUR) < 0) return system_failure(path_, "written", errno);
    ends_in_hole_ = true;
    bytes = bytes.subspan(kept + block);
    kept = 0;
  }
  return write_all(bytes);
}

Result<void> AtomicFile::write(const Tensor& tensor) {
  Result<void> written;
  tensor.each_window([&](std::span<const std::byte> window) {
    if (written) written = write(window);
  });
  return written;
}

Result<void> AtomicFile::write_all(std::span<const std::byte> bytes) {
  if (!bytes.empty()) ends_in_hole_ = false;
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), std::min<size_t>(bytes.size(), 1u << 30));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure(path_, "written", errno);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

Result<void> AtomicFile::flush() {
  PARE_TRY(write_all(std::as_bytes(std::span(pending_))));
  pending_.clear();
  return {};
}

Result<void> AtomicFile::commit() {
  PARE_TRY(flush());
  if (ends_in_hole_ && ::ftruncate(descriptor_, static_cast<off_t>(position_)) != 0) {
    return system_failure(path_, "written", errno);
  }
  if (!temporary_.empty() && ::fsync(descriptor_) != 0) return system_failure(path_, "written to the disk", errno);
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) return system_failure(path_, "written", errno);
  if (temporary_.empty()) return {};
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) return system_failure(path_, "replaced", errno);
  temporary_.clear();
  const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return {};
}

Result<void> write_file(const std::string& path, std::span<const std::byte> bytes) {
  PARE_ASSIGN(AtomicFile file, AtomicFile::create(path));
  PARE_TRY(file.write(bytes));
  return file.commit();
}

}  // namespace pare
