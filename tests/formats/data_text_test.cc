#include <cstring>

#include "formats/data/dataset.h"
#include "formats/data/text.h"
#include "tests/catch.h"
#include "tests/formats/support.h"

namespace pare {
namespace {

using testing::ScratchFolder;
using Tokens = std::vector<int64_t>;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Result<std::unique_ptr<Dataset>> open(const ScratchFolder& folder, const std::string& data, const std::string& toml) {
  DatasetOptions options;
  options.preprocess = folder.file("p.toml", toml);
  return open_dataset(data, options);
}

Tokens sample(const Dataset& dataset, int64_t i) {
  auto batch = dataset.read_range(i, 1);
  if (!batch) FAIL(batch.failure().message);
  return batch->inputs[0].tensor.ints();
}

std::string message(const ScratchFolder& folder, const std::string& data, const std::string& toml) {
  auto dataset = open(folder, data, toml);
  REQUIRE_FALSE(dataset);
  CHECK(dataset.failure().code == ErrorCode::input);
  return dataset.failure().message;
}

TEST_CASE("text: words, letters and numbers become tokens; the answer is a class, a name or tokens") {
  ScratchFolder folder;
  folder.file("vocab.txt", "<unk>\ngood\nbad\nfilm\n");
  const std::string words = "[text]\ntokens = \"words\"\nvocabulary = \"vocab.txt\"\nunknown = \"<unk>\"\n";
  const auto reviews = open(folder, folder.file("a.tsv", "good film\t1\n\nbad   old film\t0\r\n"), words);
  REQUIRE(reviews);
  CHECK((*reviews)->size() == 2);
  CHECK(sample(**reviews, 0) == Tokens{1, 3});
  CHECK(sample(**reviews, 1) == Tokens{2, 0, 3});
  CHECK((*reviews)->labels() == Tokens{1, 0});
  CHECK((*reviews)->alike(0, 2) == 1);  // of two and of three tokens

  const auto named = open(folder, folder.file("b.tsv", "ham\tx\t4 7\nspam\ty\t5\n"),
                          "[text]\ncolumns = [\"answer\", \"\", \"text\"]\n[answer]\nclasses = [\"spam\", \"ham\"]\n");
  REQUIRE(named);
  CHECK(sample(**named, 0) == Tokens{4, 7});
  CHECK((*named)->labels() == Tokens{1, 0});

  folder.file("vocab.json",
              R"({"letters": ["</s>", "a", "b", "é"], "sounds": {"AH0": 5, "B": 9, "</s>": 1, "<s>": 2}})");
  const auto spoken = open(folder, folder.file("c.tsv", "ab\u00e9\tAH0 B\na\tB\n"), R"([text]
tokens = "letters"
vocabulary = "vocab.json"
key = "letters"
end = "</s>"
[answer]
tokens = "words"
vocabulary = "vocab.json"
key = "sounds"
begin = "<s>"
end = "</s>"
steps = 7
)");
  REQUIRE(spoken);
  CHECK(sample(**spoken, 0) == Tokens{1, 2, 3, 0});
  CHECK_FALSE((*spoken)->has_labels());
  CHECK((*spoken)->read_range(0, 1)->targets.ints() == Tokens{5, 9});
  CHECK((*spoken)->read_range(1, 1)->targets.ints() == Tokens{9, -1});
  const auto answer = (*spoken)->answer();
  REQUIRE(answer);
  CHECK(answer->begin == 2);
  CHECK(answer->end == 1);
  CHECK(answer->steps == 7);
}

TEST_CASE("text: pad makes samples of one length, window cuts a text into samples") {
  ScratchFolder folder;
  const auto padded =
      open(folder, folder.file("a.txt", "1 2\n3\n4 5 6\n"), "pad = { length = 2, value = 9 }\n[text]\n");
  REQUIRE(padded);
  CHECK((*padded)->alike(0, 10) == 3);
  CHECK((*padded)->read_range(0, 3)->inputs[0].tensor.ints() == Tokens{1, 2, 3, 9, 4, 5});

  const auto windows = open(folder, folder / "a.txt", "[text]\nwindow = 3\nbegin = 0\n");
  REQUIRE(windows);
  CHECK((*windows)->size() == 3);
  CHECK((*windows)->read_range(0, 3)->inputs[0].tensor.ints() == Tokens{0, 1, 2, 0, 3, 4, 0, 5, 6});
}

// A tokenizer file: <unk>, <s>, </s>, 256 bytes, then pieces with their scores.
std::string bpe_file(const std::vector<std::pair<std::string, float>>& pieces) {
  std::string bytes("\x07\0\0\0", 4);
  const auto put = [&](const std::string& piece, float score) {
    char head[8];
    const auto length = static_cast<int32_t>(piece.size());
    std::memcpy(head, &score, 4);
    std::memcpy(head + 4, &length, 4);
    bytes.append(head, 8).append(piece);
  };
  for (int i = 0; i < 259; ++i) put("<" + std::to_string(i) + ">", 0);
  for (const auto& [piece, score] : pieces) put(piece, score);
  return bytes;
}

TEST_CASE("text: byte pairs merge by score, the leftmost of equals first") {
  ScratchFolder folder;
  // Numbers from 259: ' ' a b ab ba aba
  folder.file("t.bin", bpe_file({{" ", -9}, {"a", -9}, {"b", -9}, {"ab", -2}, {"ba", -1}, {"aba", -5}}));
  const std::string toml = "[text]\ntokens = \"bpe\"\nvocabulary = \"t.bin\"\nbegin = 1\n";
  const auto data = open(folder, folder.file("a.txt", "abab\naab\nc\xc3\xa9\n"), toml);
  REQUIRE(data);
  CHECK(sample(**data, 0) == Tokens{1, 259, 264, 261});  // b a first, of the best score; then a ba
  CHECK(sample(**data, 1) == Tokens{1, 259, 260, 262});
  CHECK(sample(**data, 2) == Tokens{1, 259, 3 + 'c', 3 + 0xc3, 3 + 0xa9});

  folder.file("t.bin", bpe_file({{" ", -9}, {"a", -9}, {"aa", -1}}));
  CHECK(sample(**open(folder, folder.file("a.txt", "aaa\n"), toml), 0) == Tokens{1, 259, 261, 260});
  const std::string whole = testing::read_bytes(folder / "t.bin");
  folder.file("t.bin", whole.substr(0, whole.size() - 1));
  CHECK(holds(message(folder, folder / "a.txt", toml), "claims 2 bytes and 1 are left"));
}

TEST_CASE("text: the shared stories begin with the tokens that were recorded") {
  PARE_SHARED_OR_SKIP(tokenizer, "models/stories260k.tok512.bin");
  ScratchFolder folder;
  const auto data = open(
      folder, folder.file("a.txt", "Tom had a red ball. One day the ball went into the big tree and he\n"),
      "[text]\ntokens = \"bpe\"\nbegin = 1\nvocabulary = \"" + std::filesystem::absolute(tokenizer).string() + "\"\n");
  REQUIRE(data);
  CHECK(sample(**data, 0) == Tokens{1,   274, 287, 381, 261, 352, 266, 268, 388, 426, 385, 328, 265, 268,
                                    388, 263, 377, 322, 413, 414, 265, 370, 259, 276, 411, 269, 281});
}

TEST_CASE("text: what is wrong is said with its line") {
  ScratchFolder folder;
  folder.file("v.txt", "a\nb\n");
  const std::string words = "[text]\ntokens = \"words\"\nvocabulary = \"v.txt\"\n";
  const auto data = [&](const std::string& text) { return folder.file("a.tsv", text); };
  CHECK(holds(message(folder, data("a b\t1\n"), ""), "is text; say in a [text] table"));
  CHECK(holds(message(folder, data("a\t0\nc\t1\n"), words), "a.tsv, line 2: holds 'c', which is not in"));
  CHECK(holds(message(folder, data("a\tgood\n"), words), "line 1: answers 'good'; expected a class from 0"));
  CHECK(holds(message(folder, data("a\t0\nb\n"), words), "line 2: has no answer"));
  CHECK(holds(message(folder, data("\n\n"), words), "holds no text"));
  CHECK(holds(message(folder, data("a\t0\n"), words + "unknown = \"<u>\"\n"),
              "holds no token '<u>', which is to be 'unknown'"));
  CHECK(holds(message(folder, data("a\t0\n"), "[text]\ntokens = \"word\"\n"), "did you mean 'words'?"));
  CHECK(holds(message(folder, data("a\t0\n"), "[text]\ntoken = \"words\"\n"), "did you mean 'tokens'?"));
  CHECK(holds(message(folder, data("a\t0\n"), "[text]\ntokens = \"words\"\n"), "needs a 'vocabulary'"));
  CHECK(holds(message(folder, data("x\t0\n"), "[text]\n"), "expected the tokens' numbers"));
  CHECK(holds(message(folder, data("a\tx\n"), words + "[answer]\nclasses = [\"y\"]\n"), "none of the classes"));
  folder.file("v.txt", "a\na\n");
  CHECK(holds(message(folder, data("a\t0\n"), words), "holds token 'a' twice"));
  folder.file("v.json", "{\"a\": \"b\"}");
  CHECK(holds(message(folder, data("a\t0\n"), "[text]\ntokens = \"words\"\nvocabulary = \"v.json\"\n"),
              "expected a token's number"));
}

// A TensorProto: dims, data_type, raw_data.
std::string tensor_pb(const std::vector<char>& dims, char dtype, const std::string& raw) {
  std::string bytes;
  for (const char dim : dims) bytes += {'\x08', dim};
  bytes += {'\x10', dtype};
  return bytes + '\x4a' + static_cast<char>(raw.size()) + raw;
}
std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

TEST_CASE("test data: the samples of every set, in the model's order, with the outputs as targets") {
  ScratchFolder folder;
  for (int set = 0; set < 2; ++set) {
    const std::string name = "test_data_set_" + std::to_string(set);
    std::filesystem::create_directory(folder / name);
    // x [time 2, batch 2], scale a scalar, y [batch 2]
    const auto base = static_cast<float>(10 * set);
    folder.file(name + "/input_0.pb", tensor_pb({2, 2}, 1, floats({base, base + 1, base + 2, base + 3})));
    folder.file(name + "/input_1.pb", tensor_pb({}, 1, floats({base + 7})));
    folder.file(name + "/output_0.pb", tensor_pb({2}, 1, floats({base + 4, base + 5})));
  }
  DatasetOptions options;
  options.inputs = {{"x", {DType::float32, Shape{Dim("batch"), Dim("time")}}, 1}, {"scale", {DType::float32, Shape{}}}};
  const auto data = open_dataset(folder.path(), options);
  if (!data) FAIL(data.failure().message);
  CHECK((*data)->size() == 4);
  CHECK_FALSE((*data)->has_labels());
  CHECK((*data)->alike(0, 4) == 2);  // the scalars of the two sets differ
  CHECK((*data)->alike(1, 4) == 1);
  const auto batch = (*data)->read_range(2, 2);
  REQUIRE(batch);
  CHECK(batch->inputs[0].tensor == Tensor::of<float>({2, 2}, {10, 12, 11, 13}));
  CHECK(batch->inputs[1].tensor == Tensor::scalar(17.0f));
  CHECK(batch->targets == Tensor::of<float>({2}, {14, 15}));

  folder.file("test_data_set_1/output_0.pb", tensor_pb({1}, 1, floats({4})));
  auto short_set = open_dataset(folder.path(), options);
  REQUIRE_FALSE(short_set);
  CHECK(holds(short_set.failure().message, "holds 1 samples where the set's first input holds 2"));
  folder.file("test_data_set_1/input_1.pb", "\x10\x01junk");
  auto broken = open_dataset(folder.path(), options);
  REQUIRE_FALSE(broken);
  CHECK(broken.failure().code == ErrorCode::input);
  std::filesystem::remove(folder / "test_data_set_1/input_1.pb");
  auto missing = open_dataset(folder.path(), options);
  REQUIRE_FALSE(missing);
  CHECK(holds(missing.failure().message, "test_data_set_1/input_1.pb: no such file"));
}

}  // namespace
}  // namespace pare
