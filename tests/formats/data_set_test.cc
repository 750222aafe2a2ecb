#include <algorithm>
#include <numeric>
#include <set>

#include "formats/data/dataset.h"
#include "formats/data/npz.h"
#include "tests/catch.h"
#include "tests/formats/support.h"

namespace pare {
namespace {

using testing::ScratchFolder;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

InputType input(const std::string& name, DType dtype, Shape shape) { return {name, Type{dtype, std::move(shape)}}; }

std::unique_ptr<Dataset> open(const std::string& path, DatasetOptions options = {}) {
  auto dataset = open_dataset(path, options);
  if (!dataset) FAIL(dataset.failure().message);
  return *std::move(dataset);
}

Failure open_failure(const std::string& path, DatasetOptions options = {}) {
  auto dataset = open_dataset(path, options);
  REQUIRE_FALSE(dataset);
  return dataset.failure();
}

Batch read(const Dataset& dataset, const std::vector<int64_t>& indices) {
  auto batch = dataset.read(indices);
  if (!batch) FAIL(batch.failure().message);
  return *std::move(batch);
}

// x uint8 [4,2,2] counting up from 0; y 3 2 1 0
std::string write_small(const ScratchFolder& folder, const std::string& name = "small.npz", bool deflate = false) {
  std::vector<uint8_t> pixels(16);
  std::iota(pixels.begin(), pixels.end(), uint8_t{0});
  REQUIRE(write_npz(folder / name,
                    {{"x", Tensor::of<uint8_t>({4, 2, 2}, pixels)}, {"y", Tensor::of<int64_t>({4}, {3, 2, 1, 0})}},
                    deflate));
  return folder / name;
}

TEST_CASE("dataset: arrays as they are when there is no model") {
  ScratchFolder folder;
  const auto data = open(write_small(folder));
  CHECK(data->size() == 4);
  REQUIRE(data->inputs().size() == 1);
  CHECK(to_string(data->inputs()[0].type) == "uint8[N,2,2]");
  CHECK(data->labels() == std::vector<int64_t>{3, 2, 1, 0});
  const Batch batch = read(*data, {2, 0});
  CHECK(batch.count == 2);
  CHECK(batch.inputs[0].tensor.dims() == Dims{2, 2, 2});
  CHECK(batch.inputs[0].tensor.ints() == std::vector<int64_t>{8, 9, 10, 11, 0, 1, 2, 3});
  CHECK(batch.labels.ints() == std::vector<int64_t>{1, 3});
}

TEST_CASE("dataset: samples take the form of the model's input") {
  ScratchFolder folder;
  const std::string path = write_small(folder);
  const auto dims = [&](Shape shape) {
    DatasetOptions options;
    options.inputs = {input("pixels", DType::float32, std::move(shape))};
    const auto data = open(path, options);
    const Batch batch = read(*data, {1, 2, 3});
    CHECK(batch.inputs[0].name == "pixels");
    CHECK(batch.inputs[0].tensor.dtype() == DType::float32);
    CHECK(batch.inputs[0].tensor.floats()[4] == 8.0f);
    return batch.inputs[0].tensor.dims();
  };
  CHECK(dims({Dim("N"), 2, 2}) == Dims{3, 2, 2});
  CHECK(dims({1, 1, 2, 2}) == Dims{3, 1, 2, 2});
  CHECK(dims({Dim("N"), 2, 2, 1}) == Dims{3, 2, 2, 1});
  CHECK(dims({Dim("N"), 1, Dim("H"), Dim("W")}) == Dims{3, 1, 2, 2});
  CHECK(dims({Dim("N"), 4}) == Dims{3, 4});
}

TEST_CASE("dataset: what does not fit is told with both shapes") {
  ScratchFolder folder;
  DatasetOptions options;
  options.inputs = {input("data", DType::float32, {Dim("N"), 3, 32, 32})};
  const Failure failure = open_failure(write_small(folder), options);
  CHECK(failure.code == ErrorCode::input);
  CHECK(holds(
      failure.message,
      "small.npz, array 'x': holds samples of [2,2] (uint8), but the model's input 'data' is float32[N,3,32,32]"));

  REQUIRE(write_npz(folder / "last.npz", {{"x", Tensor(DType::uint8, {2, 32, 32, 3})}}));
  CHECK(holds(open_failure(folder / "last.npz", options).message, "add a layout step from \"NHWC\" to \"NCHW\""));

  REQUIRE(write_npz(folder / "float.npz", {{"x", Tensor(DType::float32, {2, 4})}}));
  options.inputs = {input("ids", DType::int64, {Dim("N"), 4})};
  CHECK(holds(open_failure(folder / "float.npz", options).message,
              "gives float32 elements, but the model's input 'ids' is int64[N,4]"));
}

TEST_CASE("dataset: arrays are found by the names of the inputs") {
  ScratchFolder folder;
  const Tensor ids = Tensor::of<int32_t>({2, 2}, {1, 2, 3, 4}), mask = Tensor::of<int32_t>({2, 2}, {1, 0, 1, 1});
  REQUIRE(write_npz(folder / "tokens.npz", {{"in:mask", mask}, {"ids", ids}, {"y", Tensor::of<int32_t>({2}, {1, 0})}}));
  DatasetOptions options;
  options.inputs = {input("ids", DType::int64, {Dim("B"), Dim("S")}),
                    input("mask", DType::int64, {Dim("B"), Dim("S")})};
  const auto data = open(folder / "tokens.npz", options);
  const Batch batch = read(*data, {1});
  CHECK(batch.inputs[0].tensor.dtype() == DType::int64);
  CHECK(batch.inputs[0].tensor.ints() == std::vector<int64_t>{3, 4});
  CHECK(batch.inputs[1].tensor.ints() == std::vector<int64_t>{1, 1});
  options.inputs[1].name = "attention";
  CHECK(holds(open_failure(folder / "tokens.npz", options).message,
              "has no array for the model's input 'attention'; its arrays are 'in:mask', 'ids', 'y'"));
}

TEST_CASE("dataset: integers that the model's type cannot hold are refused") {
  ScratchFolder folder;
  REQUIRE(write_npz(folder / "a.npz", {{"x", Tensor::of<int64_t>({2, 1}, {5, 300})}}));
  DatasetOptions options;
  options.inputs = {input("q", DType::uint8, {Dim("N"), 1})};
  const auto data = open(folder / "a.npz", options);
  CHECK(read(*data, {0}).inputs[0].tensor.ints() == std::vector<int64_t>{5});
  auto bad = data->read(std::vector<int64_t>{1});
  REQUIRE_FALSE(bad);
  CHECK(holds(bad.failure().message, "holds 300, which the model's uint8 input cannot"));
}

TEST_CASE("dataset: labels are one class per sample, in range") {
  ScratchFolder folder;
  const Tensor x(DType::float32, {2, 1});
  const auto message = [&](Tensor y, std::optional<int64_t> classes = {}) {
    REQUIRE(write_npz(folder / "a.npz", {{"x", x}, {"y", std::move(y)}}));
    DatasetOptions options;
    options.classes = classes;
    return open_failure(folder / "a.npz", options).message;
  };
  CHECK(holds(message(Tensor::of<int64_t>({2}, {0, -1})), "array 'y': label 1 is -1; expected an integer from 0 to"));
  CHECK(holds(message(Tensor::of<int64_t>({2}, {0, 10}), 10), "label 1 is 10; expected an integer from 0 to 9"));
  CHECK(holds(message(Tensor::of<int64_t>({2}, {0, int64_t{1} << 40})), "label 1 is 1099511627776"));
  CHECK(holds(message(Tensor::of<float>({2}, {-1.0f, 0})), "label 0 is -1"));
  CHECK(holds(message(Tensor::of<int64_t>({3}, {0, 1, 2})), "has 3 labels for 2 samples"));
  // What is no class for each sample is a target.
  for (const Tensor& y : {Tensor(DType::int64, {2, 10}), Tensor::of<float>({2}, {0.5f, 0})}) {
    REQUIRE(write_npz(folder / "a.npz", {{"x", x}, {"y", y}}));
    const auto targets = open(folder / "a.npz");
    CHECK_FALSE(targets->has_labels());
    const auto batch = targets->read_range(0, 2);
    REQUIRE(batch);
    CHECK(batch->targets == y);
  }
  REQUIRE(write_npz(folder / "b.npz", {{"x", x}, {"y", Tensor::of<float>({2, 1}, {1, 4})}}));
  CHECK(open(folder / "b.npz")->labels() == std::vector<int64_t>{1, 4});
}

TEST_CASE("dataset: first, limit and a seeded order") {
  ScratchFolder folder;
  const std::string path = write_small(folder);
  DatasetOptions options;
  options.first = 1;
  options.limit = 2;
  CHECK(open(path, options)->labels() == std::vector<int64_t>{2, 1});
  options.limit = 100;
  CHECK(open(path, options)->size() == 3);
  options.first = 4;
  CHECK(open_failure(path, options).code == ErrorCode::usage);

  REQUIRE(write_npz(folder / "many.npz",
                    {{"x", Tensor(DType::uint8, {100, 1})}, {"y", [] {
                                                               std::vector<int64_t> y(100);
                                                               std::iota(y.begin(), y.end(), int64_t{0});
                                                               return Tensor::of<int64_t>({100}, y);
                                                             }()}}));
  DatasetOptions shuffled;
  shuffled.shuffle_seed = 7;
  const auto labels = open(folder / "many.npz", shuffled)->labels();
  CHECK(std::set<int64_t>(labels.begin(), labels.end()).size() == 100);
  CHECK_FALSE(std::is_sorted(labels.begin(), labels.end()));
  CHECK(open(folder / "many.npz", shuffled)->labels() == labels);
  DatasetOptions drawn;
  drawn.first = 10;
  drawn.limit = 20;
  drawn.draw = 5;
  const auto five = open(folder / "many.npz", drawn)->labels();
  CHECK(std::set<int64_t>(five.begin(), five.end()).size() == 5);
  CHECK(std::all_of(five.begin(), five.end(), [](int64_t y) { return y >= 10 && y < 30; }));
  CHECK_FALSE(std::is_sorted(five.begin(), five.end()));
  drawn.draw = 50;
  CHECK(open(folder / "many.npz", drawn)->size() == 20);
  shuffled.shuffle_seed = 8;
  CHECK(open(folder / "many.npz", shuffled)->labels() != labels);
}

TEST_CASE("dataset: any order of reading gives the same samples from stored and deflated files") {
  ScratchFolder folder;
  for (const bool deflate : {false, true}) {
    const auto data = open(write_small(folder, deflate ? "d.npz" : "s.npz", deflate));
    for (const auto& rows :
         std::vector<std::vector<int64_t>>{{0, 1}, {2}, {3}, {0, 3}, {1}, {1, 2}, {3, 0, 0}, {0, 1, 2, 3}}) {
      const Batch batch = read(*data, rows);
      std::vector<int64_t> expected;
      for (const int64_t row : rows) {
        for (int64_t i = 0; i < 4; ++i) expected.push_back(row * 4 + i);
      }
      CHECK(batch.inputs[0].tensor.ints() == expected);
    }
    auto beyond = data->read(std::vector<int64_t>{4});
    REQUIRE_FALSE(beyond);
    CHECK(beyond.failure().code == ErrorCode::usage);
  }
}

TEST_CASE("dataset: damage inside a deflated array is found when it is read") {
  ScratchFolder folder;
  std::string bytes = testing::read_bytes(write_small(folder, "d.npz", true));
  bytes[bytes.find("x.npy") + 60] ^= 0x10;
  auto dataset = open_dataset(folder.file("bad.npz", bytes));
  if (!dataset) {
    CHECK(dataset.failure().code == ErrorCode::input);
  } else {
    auto batch = (*dataset)->read(std::vector<int64_t>{0, 1, 2, 3});
    REQUIRE_FALSE(batch);
    CHECK(batch.failure().code == ErrorCode::input);
  }
}

TEST_CASE("dataset: sources that are none") {
  ScratchFolder folder;
  CHECK(holds(open_failure(folder / "none.npz").message, "no such file or folder"));
  CHECK(holds(open_failure(folder.path()).message, "holds no IDX files"));
  CHECK(holds(open_failure(folder.file("a.md", "some text")).message, "is no data file"));
  CHECK(holds(open_failure(folder.file("empty", "")).message, "is empty"));
  REQUIRE(write_npz(folder / "zero.npz", {{"x", Tensor(DType::uint8, {0, 3})}}));
  CHECK(holds(open_failure(folder / "zero.npz").message, "holds no samples"));
  REQUIRE(write_npz(folder / "scalar.npz", {{"x", Tensor::scalar(1.0f)}}));
  CHECK(holds(open_failure(folder / "scalar.npz").message, "is a scalar"));
  REQUIRE(write_npz(folder / "uneven.npz", {{"a", Tensor(DType::uint8, {2, 3})}, {"b", Tensor(DType::uint8, {3, 3})}}));
  CHECK(holds(open_failure(folder / "uneven.npz").message, "array 'b': has 3 samples"));
}

TEST_CASE("preprocess: the CIFAR steps give the values of their formula") {
  const std::string toml = R"([[step]]
op = "scale"
value = 0.00392156862745098
[[step]]
op = "mean"
values = [0.485, 0.456, 0.406]
[[step]]
op = "std"
values = [0.229, 0.224, 0.225]
)";
  auto steps = parse_preprocess(toml, "p.toml");
  REQUIRE(steps);
  auto out = apply(*steps, "x", Tensor::of<uint8_t>({1, 3, 1, 2}, {0, 255, 158, 112, 49, 131}));
  REQUIRE(out);
  CHECK(out->dims() == Dims{1, 3, 1, 2});
  // (x / 255 - mean) / std, by hand to four digits
  const float expected[] = {-2.1179f, 2.2489f, 0.7304f, -0.0749f, -0.9504f, 0.4788f};
  for (int i = 0; i < 6; ++i) CHECK(out->floats()[static_cast<size_t>(i)] == Approx(expected[i]).margin(1e-4));
}

TEST_CASE("preprocess: short and long form mean the same, in the order of the file") {
  auto steps = parse_preprocess("mean = 1\nscale = 2\nstd = [4]\ncast = \"float16\"\n", "p.toml");
  REQUIRE(steps);
  auto out = apply(*steps, "x", Tensor::of<int16_t>({1, 2}, {3, -1}));
  REQUIRE(out);
  CHECK(out->dtype() == DType::float16);
  CHECK(out->floats() == std::vector<float>{1.0f, -1.0f});  // (3 - 1) * 2 / 4, (-1 - 1) * 2 / 4
}

TEST_CASE("preprocess: channels last, moved first") {
  auto steps = parse_preprocess(R"(
[[step]]
op = "mean"
values = [1, 10]
[[step]]
op = "layout"
from = "NHWC"
to = "NCHW"
[[step]]
op = "std"
values = [1, 2]
)",
                                "p.toml");
  REQUIRE(steps);
  auto out = apply(*steps, "x", Tensor::of<uint8_t>({1, 1, 3, 2}, {1, 10, 2, 12, 3, 14}));
  REQUIRE(out);
  CHECK(out->dims() == Dims{1, 2, 1, 3});
  CHECK(out->floats() == std::vector<float>{0, 1, 2, 0, 1, 2});
}

TEST_CASE("preprocess: a step may name the one input it applies to") {
  auto steps = parse_preprocess("[[step]]\nop = \"scale\"\nvalue = 2\ninput = \"a\"\n", "p.toml");
  REQUIRE(steps);
  CHECK(apply(*steps, "a", Tensor::of<float>({1}, {3}))->floats()[0] == 6.0f);
  CHECK(apply(*steps, "b", Tensor::of<float>({1}, {3}))->floats()[0] == 3.0f);
}

TEST_CASE("preprocess: mistakes are named, with the line and the nearest key") {
  const auto message = [](const std::string& toml) {
    auto steps = parse_preprocess(toml, "p.toml");
    REQUIRE_FALSE(steps);
    CHECK(steps.failure().code == ErrorCode::input);
    return steps.failure().message;
  };
  CHECK(holds(message("[[step]]\nop = \"scael\"\nvalue = 1\n"),
              "p.toml, step 1 in line 1 (scael): op 'scael' is not known; did you mean 'scale'?"));
  CHECK(holds(message("[[step]]\nop = \"scale\"\nvalu = 1\n"), "key 'valu' is not known; did you mean 'value'?"));
  CHECK(holds(message("[[steps]]\nop = \"scale\"\n"), "did you mean 'step'?"));
  CHECK(holds(message("[[step]]\nvalue = 1\n"), "has no 'op'"));
  CHECK(holds(message("[[step]]\nop = \"scale\"\nvalue = \"x\"\n"), "needs a number 'value'"));
  CHECK(holds(message("[[step]]\nop = \"mean\"\nvalues = [1, \"x\"]\n"), "needs numbers"));
  CHECK(holds(message("std = [1, 0]\n"), "divides by zero"));
  CHECK(holds(message("[[step]]\nop = \"layout\"\nfrom = \"NHWC\"\nto = \"NCWW\"\n"), "do not name the same axes"));
  CHECK(holds(message("cast = \"float33\"\n"), "is no element type"));
  CHECK(holds(message("step = 3\n"), "no list of tables"));
  CHECK(holds(message("[[step\n"), "p.toml, line 1:"));
}

TEST_CASE("preprocess: values that do not match the channels are told with the shape") {
  auto steps = parse_preprocess("mean = [1, 2, 3]\n", "p.toml");
  REQUIRE(steps);
  auto out = apply(*steps, "x", Tensor(DType::uint8, {2, 1, 28, 28}));
  REQUIRE_FALSE(out);
  CHECK(holds(out.failure().message, "mean has 3 values, but the data float32[2,1,28,28] have 1 channels"));
}

TEST_CASE("preprocess: the file beside the data is taken, unless another is given") {
  ScratchFolder folder;
  const std::string path = write_small(folder);
  folder.file("small.toml", "scale = 2\n");
  CHECK(read(*open(path), {0}).inputs[0].tensor.floats()[1] == 2.0f);
  folder.file("small.npz.toml", "scale = 3\n");
  CHECK(read(*open(path), {0}).inputs[0].tensor.floats()[1] == 3.0f);
  DatasetOptions options;
  options.preprocess = folder.file("own.toml", "scale = 5\n");
  CHECK(read(*open(path, options), {0}).inputs[0].tensor.floats()[1] == 5.0f);
  options.preprocess = folder / "missing.toml";
  CHECK(holds(open_failure(path, options).message, "missing.toml: no such file"));
}

TEST_CASE("dataset: Fashion-MNIST and MNIST bind to [N,1,28,28]") {
  const std::string fashion = "/usr/share/datasets/fashion-mnist";
  DatasetOptions options;
  options.inputs = {input("input", DType::float32, {Dim("N"), 1, 28, 28})};
  options.classes = 10;
  if (std::filesystem::exists(fashion)) {
    CHECK(holds(open_failure(fashion, options).message, "several sets ('t10k', 'train')"));
    const auto data = open(fashion + "/t10k", options);
    CHECK(data->size() == 10000);
    const Batch batch = read(*data, {0, 1, 2, 3, 4});
    CHECK(batch.inputs[0].tensor.dims() == Dims{5, 1, 28, 28});
    CHECK(batch.labels.ints() == std::vector<int64_t>{9, 2, 1, 1, 6});
  } else {
    WARN("skipped: dataset-fashion-mnist is not installed");
  }
  PARE_SHARED_OR_SKIP(mnist, "data/mnist");
  const auto data = open(mnist + "/t10k", options);
  const Batch batch = read(*data, {0});
  CHECK(batch.labels.ints() == std::vector<int64_t>{7});
  CHECK(batch.inputs[0].tensor.floats()[7 * 28 + 6] == 84.0f);
  // Out of order: the last image has 544 black pixels.
  const auto last = read(*data, {9999, 0}).inputs[0].tensor.floats();
  CHECK(std::count(last.begin(), last.begin() + 784, 0.0f) == 544);
  CHECK(last[784 + 7 * 28 + 7] == 185.0f);
}

}  // namespace
}  // namespace pare
