#include "formats/file.h"

#include <sys/stat.h>

#include "tests/catch.h"
#include "tests/formats/support.h"

namespace pare {
namespace {

using testing::read_bytes;
using testing::ScratchFolder;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("a mapped file has the bytes of the file and outlives its name") {
  ScratchFolder folder;
  const std::string path = folder.file("a.bin", "hello");
  auto buffer = map_file(path);
  REQUIRE(buffer);
  std::filesystem::remove(path);
  const auto bytes = (*buffer)->bytes();
  CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == "hello");
  CHECK_FALSE((*buffer)->writable());
}

TEST_CASE("what cannot be mapped is told in a sentence with the path") {
  ScratchFolder folder;
  const auto message = [](const std::string& path) {
    auto result = map_file(path);
    REQUIRE_FALSE(result);
    CHECK(result.failure().code == ErrorCode::input);
    CHECK(holds(result.failure().message, path));
    return result.failure().message;
  };
  CHECK(holds(message(folder / "missing"), "no such file"));
  CHECK(holds(message(folder.file("empty", "")), "is empty"));
  CHECK(holds(message(folder.path()), "is a folder"));
  CHECK(holds(message("/dev/null"), "not a regular file"));
}

TEST_CASE("a read beyond the end fails and says where the file ends") {
  ScratchFolder folder;
  auto file = InputFile::open(folder.file("a.bin", "0123456789"));
  REQUIRE(file);
  std::byte out[4];
  REQUIRE((*file)->read_at(6, out));
  CHECK(std::to_integer<char>(out[3]) == '9');
  auto beyond = (*file)->read_at(7, out);
  REQUIRE_FALSE(beyond);
  CHECK(holds(beyond.failure().message, "ends at byte 10"));
  CHECK_FALSE((*file)->map(11, 0));
  auto mapped = (*file)->map(3, 2);
  REQUIRE(mapped);
  CHECK(std::to_integer<char>((*mapped)->bytes()[0]) == '3');
}

TEST_CASE("an uncommitted file leaves the old one whole and no temporary behind") {
  ScratchFolder folder;
  const std::string path = folder.file("out", "old");
  {
    auto file = AtomicFile::create(path);
    REQUIRE(file);
    REQUIRE(file->write(std::string(100000, 'x')));
  }
  CHECK(read_bytes(path) == "old");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a committed file replaces the old one, through a link where it points") {
  ScratchFolder folder;
  const std::string path = folder.file("out", "old");
  std::filesystem::create_symlink("out", folder / "link");
  auto file = AtomicFile::create(folder / "link");
  REQUIRE(file);
  REQUIRE(file->write(std::string_view("ne")));
  REQUIRE(file->write(std::string(200000, 'w')));
  CHECK(file->position() == 200002);
  CHECK(read_bytes(path) == "old");
  REQUIRE(file->commit());
  CHECK(read_bytes(path) == "ne" + std::string(200000, 'w'));
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 2);
}

TEST_CASE("long runs of zeros become holes that read as zeros") {
  ScratchFolder folder;
  const std::string path = folder / "out";
  std::string bytes(5'000'000, '\0');
  bytes[100] = 'a';
  bytes[3'000'000] = 'b';
  auto file = AtomicFile::create(path);
  REQUIRE(file);
  REQUIRE(file->write(std::string_view("head")));
  REQUIRE(file->write(bytes));
  CHECK(file->position() == bytes.size() + 4);
  REQUIRE(file->commit());
  CHECK(read_bytes(path) == "head" + bytes);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(status.st_blocks * 512 < 1'000'000);
}

TEST_CASE("an output folder that does not exist is named") {
  ScratchFolder folder;
  auto file = AtomicFile::create(folder / "none/out");
  REQUIRE_FALSE(file);
  CHECK(file.failure().code == ErrorCode::input);
  CHECK(holds(file.failure().message, "output folder '" + (folder / "none") + "' does not exist"));
  auto as_folder = AtomicFile::create(folder.path());
  REQUIRE_FALSE(as_folder);
  CHECK(holds(as_folder.failure().message, "is a folder"));
}

TEST_CASE("a device is written, not replaced") {
  REQUIRE(write_file("/dev/null", std::as_bytes(std::span("x"))));
  struct stat status {};
  REQUIRE(::stat("/dev/null", &status) == 0);
  CHECK(S_ISCHR(status.st_mode));
}

}  // namespace
}  // namespace pare
