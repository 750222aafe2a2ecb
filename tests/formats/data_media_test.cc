// Pictures, sounds, tables, and the steps that know their axes. Values of resizing, grey and decoding are Pillow's
// (Image.resize, convert("L"), Image.open), computed with Pillow 12.

#include <filesystem>
#include <fstream>

#include "formats/data/dataset.h"
#include "formats/data/image.h"
#include "formats/data/resample.h"
#include "formats/data/sources.h"
#include "tests/catch.h"
#include "tests/formats/support.h"

namespace pare {
namespace {

namespace fs = std::filesystem;

fs::path folder(const std::string& name) {
  static const testing::ScratchFolder scratch;
  const fs::path path = fs::path(scratch.path()) / name;
  fs::create_directories(path);
  return path;
}

void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

// 2 x 1 pixels: (10, 200, 30), (255, 0, 128).
const std::string kPng =
    "89504e470d0a1a0a0000000d49484452000000020000000108020000007b40e8dd0000000f49444154789c63e03a21f79fa101000820027018"
    "84d1ee00"
    "00000049454e44ae426082";

std::vector<double> elements(const Tensor& tensor) {
  std::vector<double> values;
  for (int64_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.as_double(i));
  return values;
}

// Rows 0 .. h-1 of w pixels: 37 i mod 251 by position.
Tensor ramp(int64_t height, int64_t width) {
  Tensor tensor(DType::uint8, {1, 1, height, width});
  for (int64_t i = 0; i < tensor.size(); ++i)
    tensor.mutable_data<uint8_t>()[static_cast<size_t>(i)] = static_cast<uint8_t>(37 * i % 251);
  return tensor;
}

std::string failure_of(const std::string& path, const DatasetOptions& options = {}) {
  const auto dataset = open_dataset(path, options);
  if (!dataset) return dataset.failure().message;
  std::vector<int64_t> all(static_cast<size_t>((*dataset)->size()));
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  const auto batch = (*dataset)->read(all);
  return batch ? "" : batch.failure().message;
}

TEST_CASE("pictures are resized to Pillow's bytes") {
  struct Row {
    Filter filter;
    std::vector<double> down, up;  // 3 x 2; the second row of 9 x 8
  };
  for (const Row& row :
       {Row{Filter::bilinear, {40, 119, 198, 56, 135, 186}, {4, 29, 57, 86, 115, 144, 173, 201, 226}},
        Row{Filter::bicubic, {34, 118, 205, 52, 139, 187}, {2, 25, 56, 85, 114, 143, 172, 203, 227}},
        Row{Filter::box, {27, 119, 212, 47, 139, 169}, {0, 37, 37, 74, 111, 148, 185, 185, 222}},
        Row{Filter::lanczos, {31, 117, 210, 48, 142, 189}, {2, 23, 58, 83, 113, 143, 168, 203, 226}},
        Row{Filter::nearest, {45, 119, 193, 61, 135, 209}, {0, 37, 37, 74, 111, 148, 185, 185, 222}}}) {
    INFO(static_cast<int>(row.filter));
    const auto down = resample(ramp(5, 7), {2, 3, 2, 3, row.filter});
    REQUIRE(down.ok());
    CHECK(elements(*down) == row.down);
    const auto up = resample(ramp(5, 7), {2, 3, 8, 9, row.filter});
    REQUIRE(up.ok());
    const auto all = elements(*up);
    CHECK(std::vector<double>(all.begin() + 9, all.begin() + 18) == row.up);
  }
}

TEST_CASE("a PNG is decoded, turned to BGR and to grey") {
  const std::string bytes = from_hex(kPng);
  const auto picture = decode_image(std::as_bytes(std::span(bytes)), "a.png");
  REQUIRE(picture.ok());
  CHECK(picture->dims() == Dims{1, 3, 1, 2});
  CHECK(elements(*picture) == std::vector<double>{10, 255, 200, 0, 30, 128});
  const auto bgr = apply_colour({ColourStep::To::bgr}, *picture, "NCHW");
  REQUIRE(bgr.ok());
  CHECK(elements(*bgr) == std::vector<double>{30, 128, 200, 0, 10, 255});
  const auto grey = apply_colour({ColourStep::To::grey}, *picture, "NCHW");
  REQUIRE(grey.ok());
  CHECK(elements(*grey) == std::vector<double>{124, 91});
  const auto cut = decode_image(std::as_bytes(std::span(bytes).first(50)), "cut.png");
  REQUIRE_FALSE(cut.ok());
  CHECK(cut.failure().message.find("cut.png: is a damaged PNG") == 0);
}

// Pillow 13.0 wrote it: 20 x 12, quality 85, 4:2:0.
const char kJpeg[] =
    "ffd8ffe000104a46494600010100000100010000ffdb0043000503040404030504040405050506070c08070707070f0b0b090c110f121211"
    "0f111113161c1713141a1511111821181a1d1d1f1f1f13172224221e241c1e1f1effdb0043010505050706070e08080e1e1411141e1e1e1e"
    "1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1effc0001108000c001403"
    "012200021101031101ffc400160001010100000000000000000000000000070006ffc4001e10000102070100000000000000000000000005"
    "23010304062131a113ffc400160101010100000000000000000000000000070506ffc4001c11000104030100000000000000000000000600"
    "01033104122122ffda000c03010002110311003f002e4db3b4d70d2a6d9da6b82826a5d1e1b34a9a974786cba4a7b95db598102c9fcda299"
    "1673706b843ac84ca3f3836412c87b95bbda7488b27d1ad7ffd9";

TEST_CASE("a JPEG is decoded to Pillow's values, within 2") {
  const std::string bytes = from_hex(kJpeg);
  const auto picture = decode_image(std::as_bytes(std::span(bytes)), "a.jpg");
  REQUIRE(picture.ok());
  REQUIRE(picture->dims() == Dims{1, 3, 12, 20});
  // np.asarray(Image.open(...).convert("RGB")): rows 0 and 11, columns 0, 6, 12, 18 of each channel; sums of channels.
  const int expected[3][8] = {
      {3, 72, 141, 211, 10, 79, 150, 219}, {2, 4, 3, 4, 212, 213, 214, 214}, {243, 215, 174, 144, 172, 144, 104, 71}};
  const double sums[3] = {27427, 26364, 37179};
  const auto all = elements(*picture);
  for (size_t c = 0; c < 3; ++c) {
    double sum = 0;
    for (size_t i = 0; i < 240; ++i) sum += all[c * 240 + i];
    CHECK(sum == Approx(sums[c]).margin(240));
    for (size_t k = 0; k < 8; ++k)
      CHECK(all[c * 240 + (k < 4 ? 0 : 11 * 20) + 6 * (k % 4)] == Approx(expected[c][k]).margin(2));
  }
  for (const size_t length : {2, 100, 200, 350}) {
    const auto cut = decode_image(std::as_bytes(std::span(bytes).first(length)), "cut.jpg");
    REQUIRE_FALSE(cut.ok());
    CHECK(cut.failure().code == ErrorCode::input);
  }
}

TEST_CASE("crops are taken from the middle, pads come at the end") {
  const auto crop = apply_crop({0, 2, 3}, ramp(5, 7), "NCHW");
  REQUIRE(crop.ok());
  // (5 - 2) / 2 = 1.5 rounds to the even 2; (7 - 3) / 2 = 2.
  CHECK(elements(*crop) ==
        std::vector<double>{37 * 16 % 251, 37 * 17 % 251, 37 * 18 % 251, 37 * 23 % 251, 37 * 24 % 251, 37 * 25 % 251});
  const auto part = apply_crop({0.6, 0, 0}, ramp(5, 7), "NCHW");
  REQUIRE(part.ok());
  CHECK(part->dims() == Dims{1, 1, 3, 3});
  const auto padded = apply_pad({4, 9}, Tensor::of<float>({1, 2}, {1, 2}));
  REQUIRE(padded.ok());
  CHECK(elements(*padded) == std::vector<double>{1, 2, 9, 9});
  const auto hot = apply_one_hot({3}, Tensor::of<int64_t>({1, 2}, {2, 0}));
  REQUIRE(hot.ok());
  CHECK(elements(*hot) == std::vector<double>{0, 0, 1, 1, 0, 0});
  CHECK_FALSE(apply_one_hot({3}, Tensor::of<int64_t>({1, 1}, {3})).ok());
}

TEST_CASE("folders of pictures: a class per folder, labels.tsv, and what is wrong with them") {
  const fs::path root = folder("classes");
  for (const char* name : {"cat", "dog"}) fs::create_directories(root / name);
  write(root / "cat" / "1.png", from_hex(kPng));
  write(root / "cat" / "2.png", from_hex(kPng));
  write(root / "dog" / "1.PNG", from_hex(kPng));
  auto dataset = open_dataset(root.string(), {});
  REQUIRE(dataset.ok());
  CHECK((*dataset)->labels() == std::vector<int64_t>{0, 0, 1});
  const auto batch = (*dataset)->read_range(0, 3);
  REQUIRE(batch.ok());
  CHECK(batch->inputs[0].tensor.dims() == Dims{3, 3, 1, 2});
  DatasetOptions dogs;
  dogs.keep_classes = {1};
  dataset = open_dataset(root.string(), dogs);
  REQUIRE(dataset.ok());
  CHECK((*dataset)->size() == 1);

  const fs::path listed = folder("listed");
  write(listed / "a.png", from_hex(kPng));
  write(listed / "b.png", from_hex(kPng).substr(0, 50));
  write(listed / "labels.tsv", "a.png\t7\n");
  dataset = open_dataset(listed.string(), {});
  REQUIRE(dataset.ok());
  CHECK((*dataset)->labels() == std::vector<int64_t>{7});
  write(listed / "labels.tsv", "a.png\t7\nb.png\t1\n");
  CHECK(failure_of(listed.string()).find("b.png: is a damaged PNG") != std::string::npos);
  write(listed / "labels.tsv", "a.png\t7\nb.png cat\n");
  CHECK(failure_of(listed.string()).find("line 2 is 'b.png cat'") != std::string::npos);
  CHECK(failure_of(folder("empty").string()) != "");
}

TEST_CASE("CSV files have a header, numbers, and perhaps labels") {
  const fs::path path = folder("tables") / "t.csv";
  write(path, "a,\"b, c\",label\n1,2.5,0\n-3,1e2,1\r\n\n");
  const auto dataset = open_dataset(path.string(), {});
  REQUIRE(dataset.ok());
  CHECK((*dataset)->labels() == std::vector<int64_t>{0, 1});
  const auto batch = (*dataset)->read_range(0, 2);
  REQUIRE(batch.ok());
  CHECK(elements(batch->inputs[0].tensor) == std::vector<double>{1, 2.5, -3, 100});
  write(path, "a,b,label\n1,2,0\n1,x,1\n");
  CHECK(failure_of(path.string()).find("row 2, column 'b' is 'x'") != std::string::npos);
  write(path, "a,b,label\n1,2\n");
  CHECK(failure_of(path.string()).find("has 2 fields, expected 3") != std::string::npos);
  write(path, "1,2\n3,4\n");
  CHECK(failure_of(path.string()).find("expected a header") != std::string::npos);
}

TEST_CASE("WAV files of 16 bits are numbers in -1 to 1") {
  const fs::path path = folder("sounds") / "s.wav";
  const std::string head("RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data", 40);
  write(path, head + std::string("\x08\0\0\0\0\0\0\x40\0\x80\xff\xff", 12));
  const auto sound = read_wav(path.string());
  if (!sound) FAIL(sound.failure().message);
  CHECK(elements(*sound) == std::vector<double>{0, 0.5, -1, -1.0 / 32768});
  write(path, head + std::string("\x08\0\0\0\0\0", 6));
  CHECK(read_wav(path.string()).failure().message.find("is cut off") != std::string::npos);
}

TEST_CASE("preprocessing files name pictures' steps, arrays and label offsets, and offer the nearest key") {
  const auto good = parse_preprocess(
      "label_offset = 1\n[arrays]\nids = \"dev_ids\"\ntypes = 0\n[[step]]\nop = \"resize\"\nshort = 256\nmethod = "
      "\"bicubic\"\n"
      "[[step]]\nop = \"crop\"\nsize = [224, 192]\n",
      "p.toml");
  if (!good) FAIL(good.failure().message);
  CHECK(good->label_offset == 1);
  CHECK(good->arrays.size() == 2);
  REQUIRE(good->steps.size() == 2);
  CHECK(std::get<ResizeStep>(good->steps[0].op).filter == Filter::bicubic);
  CHECK(std::get<CropStep>(good->steps[1].op).width == 192);
  for (const auto& [text, said] : std::vector<std::pair<std::string, std::string>>{
           {"[[step]]\nop = \"rezise\"\n", "did you mean 'resize'"},
           {"[[step]]\nop = \"resize\"\nshort = 256\nmethod = \"bicubik\"\n", "did you mean 'bicubic'"},
           {"[[step]]\nop = \"crop\"\nsizes = 3\n", "did you mean 'size'"},
           {"[[step]]\nop = \"resize\"\n", "needs either 'short'"},
           {"label_ofset = 1\n", "did you mean 'label_offset'"}}) {
    const auto bad = parse_preprocess(text, "p.toml");
    REQUIRE_FALSE(bad.ok());
    INFO(bad.failure().message);
    CHECK(bad.failure().message.find(said) != std::string::npos);
  }
}

}  // namespace
}  // namespace pare
