// Bad data end in one sentence and an exit code, never in a number.
#include <cmath>
#include <filesystem>
#include <fstream>

#include "formats/data/npz.h"
#include "formats/data/zip.h"
#include "formats/onnx/onnx.h"
#include "graph/error.h"
#include "graph/text.h"
#include "tests/catch.h"
#include "tests/cli/run_pare.h"

namespace pare {
namespace {

namespace fs = std::filesystem;

const std::string kModel = "examples/fashion/fashion.onnx";  // [N,1,28,28] to 10 classes

void expect(const std::string& data, int exit_code, const std::string& sentence, const std::string& more = "") {
  for (const std::string& verb : {"eval " + kModel, "verify " + kModel + ' ' + kModel + " --max-drop 1 --no-latency"}) {
    const Outcome outcome = run_pare(verb + " --data " + data + more);
    INFO(verb << ' ' << data << more << ": " << outcome.err);
    CHECK(outcome.exit_code == exit_code);
    CHECK(outcome.err.find(sentence) != std::string::npos);
    CHECK(outcome.out.empty());
  }
}

std::string arrays(const std::string& name, Tensor x, Tensor y) {
  unwrap(write_npz(in_scratch(name), {{"x", std::move(x)}, {"y", std::move(y)}}));
  return in_scratch(name);
}
Tensor labels(std::vector<int64_t> values) {
  const auto count = static_cast<int64_t>(values.size());
  return Tensor::of<int64_t>({count}, values);
}

TEST_CASE("arrays that do not fit: labels, shapes, types, NaN") {
  const Tensor x(DType::float32, {2, 28, 28});
  expect(arrays("high.npz", x, labels({3, 10})), 3, "label 10 of sample 1 is outside the model's 10 classes");
  expect(arrays("negative.npz", x, labels({3, -1})), 3, "label 1 is -1; expected an integer from 0");
  expect(arrays("few.npz", x, labels({3})), 3, "has 1 labels for 2 samples");
  expect(arrays("shape.npz", Tensor(DType::float32, {2, 32, 32}), labels({0, 1})), 3,
         "holds samples of [32,32] (float32), but the model's input");
  expect(arrays("text.npz", Tensor::strings({2, 1}, {"a", "b"}), labels({0, 1})), 4, "text");
  Tensor nan = x;
  nan.mutable_data<float>()[28 * 28 + 5] = std::nanf("");
  expect(arrays("nan.npz", nan, labels({0, 1})), 3, "array 'x': sample 1 holds a NaN; expected numbers");
  unwrap(write_npz(in_scratch("unlabelled.npz"), {{"x", x}}));
  expect(in_scratch("unlabelled.npz"), 3, "no labels");
}

TEST_CASE("files that are damaged, or lie") {
  std::string bytes("\x93NUMPY\x01\x00\x76\x00", 10);
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 28, 28), }";
  header.resize(117, ' ');
  bytes += header + '\n' + std::string(2 * 28 * 28 * 4, '\0');
  auto zip = unwrap(ZipWriter::create(in_scratch("lying.npz")));
  unwrap(zip.add("x.npy", {}, std::as_bytes(std::span(bytes)), true));
  unwrap(zip.commit());
  expect(in_scratch("lying.npz"), 3, "declares float32[1000000,28,28], but only 6272 bytes follow its header");

  fs::create_directories(in_scratch("nothing"));
  expect(in_scratch("nothing"), 3, "holds no IDX files");
  expect(in_scratch("missing.npz"), 3, "no such file or folder");
  std::ofstream(in_scratch("empty.npz"));
  expect(in_scratch("empty.npz"), 3, "is empty");
  unwrap(write_npz(in_scratch("none.npz"), {{"x", Tensor(DType::float32, {0, 28, 28})}}));
  expect(in_scratch("none.npz"), 3, "holds no samples");
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

std::string jpeg() {
  std::string bytes;
  for (const char* at = kJpeg; *at; at += 2) bytes += static_cast<char>(std::stoi(std::string(at, 2), nullptr, 16));
  return bytes;
}

TEST_CASE("pictures that are cut off, or differ in size") {
  const std::string folder = in_scratch("pictures");
  fs::create_directories(folder);
  std::ofstream(folder + "/labels.tsv") << "a.jpg\t0\nb.jpg\t1\n";
  const std::string steps = in_scratch("grey.toml"), resized = in_scratch("resized.toml");
  std::ofstream(steps) << "colour = \"grey\"\n";
  std::ofstream(resized) << "colour = \"grey\"\nresize = { size = 28 }\n";
  std::ofstream(folder + "/a.jpg", std::ios::binary) << jpeg();
  std::ofstream(folder + "/b.jpg", std::ios::binary) << jpeg().substr(0, 330);
  expect(folder, 3, "b.jpg: is a damaged JPEG", " --preprocess " + resized);
  std::string wider = jpeg();
  wider[166] = 24;  // the width in its frame header, from 20
  REQUIRE(jpeg()[166] == 20);
  std::ofstream(folder + "/b.jpg", std::ios::binary) << wider;
  // A model that takes any size does not make one batch of two.
  const std::string any = in_scratch("any.onnx");
  unwrap(write_onnx(unwrap(parse("graph \"any\" {\n input x: float32[N,1,H,W]\n const axes: int64[2] = {2, 3}\n"
                                 " y = ReduceMean(x, axes) {keepdims = 0}\n output y\n}\n")),
                    any));
  const Outcome mixed = run_pare("eval " + any + " --data " + folder + " --preprocess " + steps);
  INFO(mixed.err);
  CHECK(mixed.exit_code == 3);
  CHECK(mixed.err.find("sample 1 is uint8[1,1,12,24] after preprocessing and sample 0 was") != std::string::npos);
  CHECK(mixed.err.find("add a resize, crop or pad step") != std::string::npos);
  fs::remove(folder + "/b.jpg");
  expect(folder, 3, "b.jpg: no such file", " --preprocess " + resized);
}

TEST_CASE("a preprocessing file with a typo offers the nearest key") {
  const std::string data = arrays("good.npz", Tensor(DType::float32, {2, 28, 28}), labels({0, 1}));
  const auto toml = [&](const std::string& text) {
    std::ofstream(in_scratch("typo.toml")) << text;
    return " --preprocess " + in_scratch("typo.toml");
  };
  expect(data, 3, "key 'scael' is not known; did you mean 'scale'?", toml("scael = 2\n"));
  expect(data, 3, "op 'men' is not known; did you mean 'mean'?", toml("[[step]]\nop = \"men\"\nvalues = [1]\n"));
  expect(data, 3, "method 'bilinaer' is not known; did you mean 'bilinear'?",
         toml("resize = { size = 28, method = \"bilinaer\" }\n"));
  expect(data, 3, "typo.toml, line 1", toml("scale = \n"));
  expect(data, 2, "unknown metric 'topp1', did you mean 'top1'?", " --metric topp1");
}

}  // namespace
}  // namespace pare
