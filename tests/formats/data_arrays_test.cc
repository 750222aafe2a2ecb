#include <cmath>

#include "formats/data/idx.h"
#include "formats/data/npz.h"
#include "tests/catch.h"
#include "tests/formats/support.h"

namespace pare {
namespace {

using testing::from_hex;
using testing::read_bytes;
using testing::ScratchFolder;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Written by NumPy: x big-endian int16 [[0,1],[2,3],[4,5]], y int64 [0,2,1], deflated.
const std::string kNpz = from_hex(
    "504b03042d000000080000002100ff7a6607ffffffffffffffff05001400782e6e7079010010008c0000000000000052000000000000"
    "009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9769a4aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416"
    "a402f91ac63a0a469a3a0ab50a64032e06060646062606660616065600504b03042d000000080000002100e6f3554dffffffffffffff"
    "ff05001400792e6e70790100100098000000000000004c000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9369"
    "a1aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416a402f91ac63a9a3a0ab50a14002e06286082d28c501a00504b"
    "01022d032d000000080000002100ff7a6607520000008c000000050000000000000000000000800100000000782e6e7079504b01022d"
    "032d000000080000002100e6f3554d4c00000098000000050000000000000000000000800189000000792e6e7079504b050600000000"
    "02000200660000000c0100000000");

std::string npy(const std::string& dictionary, const std::string& elements, char version = 1) {
  std::string bytes = std::string("\x93NUMPY", 6) + version + '\0';
  const std::string text = dictionary + "\n";
  bytes += static_cast<char>(text.size() & 0xFF);
  bytes += static_cast<char>(text.size() >> 8);
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + text + elements;
}

std::string header(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

Failure npy_failure(const std::string& bytes) {
  ScratchFolder folder;
  auto result = read_npy(folder.file("a.npy", bytes));
  REQUIRE_FALSE(result);
  return result.failure();
}

TEST_CASE("npy: element types, versions and byte orders") {
  ScratchFolder folder;
  const auto read = [&](const std::string& bytes) {
    auto tensor = read_npy(folder.file("a.npy", bytes));
    REQUIRE(tensor);
    return *tensor;
  };
  const Tensor floats = read(npy(header("<f4", "(2, 1)"), from_hex("0000803f000020c0")));
  CHECK(floats.dims() == Dims{2, 1});
  CHECK(floats.floats() == std::vector<float>{1.0f, -2.5f});
  CHECK(read(npy(header(">i4", "(2,)"), from_hex("00000102fffffffe"))).ints() == std::vector<int64_t>{258, -2});
  CHECK(read(npy(header("<f2", "(1,)"), from_hex("003c"), 2)).floats() == std::vector<float>{1.0f});
  CHECK(read(npy(header(">f8", "()"), from_hex("3ff8000000000000"), 3)).as_double(0) == 1.5);
  CHECK(read(npy(header("|b1", "(3,)"), from_hex("000102"))).ints() == std::vector<int64_t>{0, 1, 1});
  CHECK(read(npy(header("<u8", "(1,)"), from_hex("0200000000000000"))).dtype() == DType::uint64);
  CHECK(read(npy(header("|i1", "(0, 3)"), "")).dims() == Dims{0, 3});
}

TEST_CASE("npy: column-major arrays are transposed") {
  ScratchFolder folder;
  // [[1,2,3],[4,5,6]] with the first axis running fastest, big-endian.
  auto tensor =
      read_npy(folder.file("a.npy", npy(header(">u2", "(2, 3)", "True"), from_hex("000100040002000500030006"))));
  REQUIRE(tensor);
  CHECK(tensor->ints() == std::vector<int64_t>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("npy: damaged and foreign files get their sentence") {
  CHECK(holds(npy_failure("hello, this is text").message, "does not begin as a .npy array does"));
  CHECK(holds(npy_failure("\x93NUM").message, "too short"));
  CHECK(holds(npy_failure(npy(header("<f4", "(3,)"), "12345678")).message, "only 8 bytes follow"));
  CHECK(holds(npy_failure(npy(header("<f4", "(4611686018427387904, 4)"), "")).message, "declares"));
  CHECK(holds(npy_failure(npy(header("<f4", "(99999999999999999999,)"), "")).message, "no dictionary"));
  CHECK(holds(npy_failure(npy(header("<f4", "(-1,)"), "")).message, "no dictionary"));
  CHECK(holds(npy_failure(npy("{'descr': '<f4', 'shape': (1,)", "")).message, "no dictionary"));
  CHECK(holds(npy_failure(std::string("\x93NUMPY\x01\x00\xff\xff{", 11)).message, "header of 65535 bytes"));
  CHECK(npy_failure(npy(header("<U5", "(1,)"), std::string(20, 'a'))).code == ErrorCode::unsupported);
  CHECK(holds(npy_failure(npy(header("<U5", "(1,)"), std::string(20, 'a'))).message, "holds text"));
  CHECK(holds(npy_failure(npy(header("|O", "(1,)"), "")).message, "Python objects"));
  CHECK(npy_failure(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "1234")).code ==
        ErrorCode::unsupported);
  CHECK(npy_failure(npy(header("<f4", "(1,)"), "1234", 9)).code == ErrorCode::unsupported);
}

TEST_CASE("npz: an archive as NumPy writes it") {
  ScratchFolder folder;
  auto arrays = read_npz(folder.file("a.npz", kNpz));
  REQUIRE(arrays);
  REQUIRE(arrays->size() == 2);
  CHECK((*arrays)[0].name == "x");
  CHECK((*arrays)[0].tensor.dtype() == DType::int16);
  CHECK((*arrays)[0].tensor.dims() == Dims{3, 2});
  CHECK((*arrays)[0].tensor.ints() == std::vector<int64_t>{0, 1, 2, 3, 4, 5});
  CHECK((*arrays)[1].tensor.ints() == std::vector<int64_t>{0, 2, 1});
}

TEST_CASE("npz: every truncation and every lying size fails in a sentence") {
  ScratchFolder folder;
  for (size_t length = 0; length < kNpz.size(); ++length) {
    auto result = read_npz(folder.file("a.npz", kNpz.substr(0, length)));
    REQUIRE_FALSE(result);
    CHECK(result.failure().code == ErrorCode::input);
  }
  const size_t directory = kNpz.find("PK\x01\x02");
  REQUIRE(directory != std::string::npos);
  const auto damaged = [&](size_t at, const std::string& bytes) {
    std::string file = kNpz;
    file.replace(directory + at, bytes.size(), bytes);
    auto result = read_npz(folder.file("a.npz", file));
    REQUIRE_FALSE(result);
    return result.failure().message;
  };
  CHECK(holds(damaged(24, from_hex("ffffff7f")), "more than its 82 compressed bytes can hold"));  // inflated size
  CHECK(holds(damaged(24, from_hex("8d000000")), "where 141 were declared"));
  CHECK(holds(damaged(20, from_hex("ffff0000")), "more than the file holds"));  // compressed size
  CHECK(holds(damaged(16, from_hex("00000000")), "checksum"));
  CHECK(holds(damaged(42, from_hex("ffff0000")), "outside the file"));  // header's place
  CHECK(holds(damaged(42, from_hex("01000000")), "header is damaged"));
  CHECK(holds(damaged(28, from_hex("ffff")), "directory is damaged"));  // name length
}

TEST_CASE("npz: encrypted members and other compressions are named") {
  ScratchFolder folder;
  const size_t directory = kNpz.find("PK\x01\x02");
  for (const auto& [at, bytes] : {std::pair<size_t, std::string>(10, "0e00"), {8, "0100"}}) {
    std::string file = kNpz;
    file.replace(directory + at, 2, from_hex(bytes));
    auto npz = NpzFile::open(folder.file("a.npz", file));
    REQUIRE(npz);
    auto x = npz->read("x");
    REQUIRE_FALSE(x);
    CHECK(x.failure().code == ErrorCode::unsupported);
    CHECK(holds(x.failure().message, "array 'x': is encrypted or compressed by a method other than deflate"));
  }
}

TEST_CASE("npz: text is left out with a sentence, other members silently") {
  ScratchFolder folder;
  const std::string path = folder / "a.npz";
  auto zip = ZipWriter::create(path);
  REQUIRE(zip);
  const auto add = [&](const std::string& name, const std::string& bytes) {
    REQUIRE(zip->add(name, {}, std::as_bytes(std::span(bytes)), false));
  };
  add("words.npy", npy(header("<U1", "(1,)"), "abcd"));
  add("readme.txt", "hello");
  add("x.npy", npy(header("|u1", "(1,)"), "\x07"));
  REQUIRE(zip->commit());
  std::vector<std::string> ignored;
  auto arrays = read_npz(path, &ignored);
  REQUIRE(arrays);
  REQUIRE(arrays->size() == 1);
  CHECK((*arrays)[0].tensor.ints() == std::vector<int64_t>{7});
  REQUIRE(ignored.size() == 1);
  CHECK(holds(ignored[0], "array 'words': holds text"));
}

TEST_CASE("npz: two arrays of one name are refused, in and out") {
  ScratchFolder folder;
  const Tensor one = Tensor::of<int32_t>({1}, {1});
  CHECK_FALSE(write_npz(folder / "a.npz", {{"x", one}, {"x", one}}));
  auto zip = ZipWriter::create(folder / "b.npz");
  REQUIRE(zip);
  const std::string bytes = npy(header("|u1", "(1,)"), "1");
  REQUIRE(zip->add("x.npy", {}, std::as_bytes(std::span(bytes)), false));
  REQUIRE(zip->add("x.npy", {}, std::as_bytes(std::span(bytes)), true));
  REQUIRE(zip->commit());
  auto result = read_npz(folder / "b.npz");
  REQUIRE_FALSE(result);
  CHECK(holds(result.failure().message, "two arrays named 'x'"));
}

TEST_CASE("npy and npz: what is written has the layout of the format and reads back") {
  ScratchFolder folder;
  const Tensor x = Tensor::of<float>({2, 3}, {1, -2, 3.5f, NAN, INFINITY, 0});
  const Tensor y = Tensor::of<int64_t>({2}, {7, -1});
  REQUIRE(write_npy(folder / "x.npy", x));
  const std::string bytes = read_bytes(folder / "x.npy");
  CHECK(bytes.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  CHECK(bytes.substr(10, 59) == "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  CHECK(bytes.size() == 128 + 24);
  CHECK(bytes.substr(128, 8) == from_hex("0000803f000000c0"));
  for (const bool deflate : {false, true}) {
    REQUIRE(write_npz(folder / "a.npz", {{"in:x", x}, {"y", y}, {"s", Tensor::scalar(2.5)}}, deflate));
    auto arrays = read_npz(folder / "a.npz");
    REQUIRE(arrays);
    REQUIRE(arrays->size() == 3);
    CHECK((*arrays)[0].name == "in:x");
    CHECK((*arrays)[0].tensor == x);
    CHECK((*arrays)[1].tensor == y);
    CHECK((*arrays)[2].tensor.dims().empty());
  }
  Tensor half(DType::bfloat16, {1});
  auto refused = write_npy(folder / "h.npy", half);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == ErrorCode::unsupported);
}

TEST_CASE("npy: text is written as NumPy's Unicode text") {
  ScratchFolder folder;
  REQUIRE(write_npy(folder / "s.npy", Tensor::strings({2}, {"h\xc3\xa9", "\xf0\x9f\x98\x80 ok"})));
  const std::string bytes = read_bytes(folder / "s.npy");
  CHECK(bytes.substr(10, 57) == "{'descr': '<U4', 'fortran_order': False, 'shape': (2,), }");
  // U+0068 U+00E9, then U+1F600 and " ok", four code points each.
  CHECK(bytes.substr(128) == from_hex("68000000e90000000000000000000000"
                                      "00f60100200000006f0000006b000000"));
  const auto refused = write_npy(folder / "bad.npy", Tensor::strings({1}, {"\xff"}));
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == ErrorCode::unsupported);
}

TEST_CASE("npz: stored arrays lie 64-byte aligned in the file") {
  ScratchFolder folder;
  const Tensor x = Tensor::of<uint8_t>({5}, {0xAB, 0xCD, 0xAB, 0xCD, 0xEF});
  REQUIRE(write_npz(folder / "a.npz", {{"a", x}, {"longer name", x}}));
  const std::string bytes = read_bytes(folder / "a.npz");
  const std::string elements = from_hex("abcdabcdef");
  const size_t first = bytes.find(elements);
  REQUIRE(first != std::string::npos);
  CHECK(first % 64 == 0);
  const size_t second = bytes.find(elements, first + 1);
  REQUIRE(second != std::string::npos);
  CHECK(second % 64 == 0);
}

TEST_CASE("npz: the shared CIFAR-10 images and labels") {
  PARE_SHARED_OR_SKIP(path, "data/cifar10-test1000.npz");
  auto npz = NpzFile::open(path);
  REQUIRE(npz);
  auto x = npz->read("x");
  auto y = npz->read("y");
  REQUIRE(x);
  REQUIRE(y);
  CHECK(x->dims() == Dims{1000, 3, 32, 32});
  CHECK(x->data<uint8_t>()[0] == 158);
  CHECK(x->data<uint8_t>()[1024] == 112);
  CHECK(x->data<uint8_t>()[1000 * 3072 - 1] == 131);
  CHECK(y->data<int64_t>()[0] == 3);
  CHECK(y->data<int64_t>()[1] == 8);
  CHECK(y->data<int64_t>()[999] == 8);
}

TEST_CASE("idx: plain and gzip files, big-endian elements") {
  ScratchFolder folder;
  auto plain = read_idx(folder.file("a", from_hex("00000b020000000200000002"
                                                  "00010002fffe0100")));
  REQUIRE(plain);
  CHECK(plain->dims() == Dims{2, 2});
  CHECK(plain->dtype() == DType::int16);
  CHECK(plain->ints() == std::vector<int64_t>{1, 2, -2, 256});
  // Compressed by gzip: 3 images of 2x2 counting up from 0.
  const std::string zipped =
      from_hex("1f8b08000000000002036360e0606660600061263066646266616563e7e0e4e2060063446fc61c000000");
  auto images = read_idx(folder.file("b", zipped));
  REQUIRE(images);
  CHECK(images->dims() == Dims{3, 2, 2});
  CHECK(images->ints() == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  for (size_t length = 0; length < zipped.size(); ++length) {
    CHECK_FALSE(read_idx(folder.file("c", zipped.substr(0, length))));
  }
}

TEST_CASE("idx: damaged files get their sentence") {
  ScratchFolder folder;
  const auto message = [&](const std::string& hex) {
    auto result = read_idx(folder.file("a", from_hex(hex)));
    REQUIRE_FALSE(result);
    CHECK(result.failure().code == ErrorCode::input);
    return result.failure().message;
  };
  CHECK(holds(message("0000080100000003"
                      "0102"),
              "is 10 bytes long, but its header [3] means 11"));
  CHECK(holds(message("0000080100000003"
                      "01020304"),
              "damaged or truncated"));
  CHECK(holds(message("00000a01"
                      "00000000"),
              "does not begin as an IDX file does"));
  CHECK(holds(message("00000800"), "declares 0 dimensions"));
  CHECK(holds(message("000008ff"
                      "00000000"),
              "declares 255 dimensions"));
  CHECK(holds(message("00000e04ffffffffffffffffffffffffffffffff"), "impossible size"));
  CHECK(holds(message("0000"), "too short"));
}

TEST_CASE("idx: the shared MNIST files begin with 7 2 1 0 4 and 5 0 4 1 9") {
  PARE_SHARED_OR_SKIP(folder, "data/mnist");
  auto test = read_idx(folder + "/t10k-labels-idx1-ubyte.gz");
  auto train = read_idx(folder + "/train-labels-idx1-ubyte.gz");
  auto images = read_idx(folder + "/t10k-images-idx3-ubyte.gz");
  REQUIRE(test);
  REQUIRE(train);
  REQUIRE(images);
  CHECK(test->dims() == Dims{10000});
  CHECK(train->dims() == Dims{60000});
  const auto first = [](const Tensor& t) {
    return std::vector<uint8_t>(t.data<uint8_t>().begin(), t.data<uint8_t>().begin() + 5);
  };
  CHECK(first(*test) == std::vector<uint8_t>{7, 2, 1, 0, 4});
  CHECK(first(*train) == std::vector<uint8_t>{5, 0, 4, 1, 9});
  CHECK(images->dims() == Dims{10000, 28, 28});
  int sum = 0;
  for (const uint8_t pixel : images->data<uint8_t>().first(784)) sum += pixel;
  CHECK(sum == 18454);
}

TEST_CASE("idx: pairs are found by folder, prefix and file, and several sets are named") {
  ScratchFolder folder;
  const std::string images = from_hex("0000080300000001000000010000000105"), labels = from_hex("000008010000000102");
  folder.file("train-images-idx3-ubyte", images);
  folder.file("train-labels-idx1-ubyte", labels);
  auto only = find_idx_pair(folder.path());
  REQUIRE(only);
  CHECK(only->labels == folder / "train-labels-idx1-ubyte");
  folder.file("t10k-images.idx3-ubyte", images);
  auto both = find_idx_pair(folder.path());
  REQUIRE_FALSE(both);
  CHECK(holds(both.failure().message, "several sets ('t10k', 'train'); name one, as in " + (folder / "t10k")));
  auto prefix = find_idx_pair(folder / "train");
  REQUIRE(prefix);
  CHECK(prefix->images == folder / "train-images-idx3-ubyte");
  auto unlabelled = find_idx_pair(folder / "t10k");
  REQUIRE(unlabelled);
  CHECK(unlabelled->labels.empty());
  auto by_file = find_idx_pair(folder / "train-images-idx3-ubyte");
  REQUIRE(by_file);
  CHECK(by_file->labels == folder / "train-labels-idx1-ubyte");
  auto none = find_idx_pair(folder / "test");
  REQUIRE_FALSE(none);
  CHECK(holds(none.failure().message, "the folder's IDX sets are 't10k', 'train'"));
  ScratchFolder empty;
  auto nothing = find_idx_pair(empty.path());
  REQUIRE_FALSE(nothing);
  CHECK(holds(nothing.failure().message, "holds no IDX files"));
}

}  // namespace
}  // namespace pare
