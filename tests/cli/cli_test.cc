// The verbs as a person types them, on small models and real data.
#include <cmath>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "formats/data/npz.h"
#include "formats/onnx/onnx.h"
#include "graph/error.h"
#include "graph/text.h"
#include "tests/catch.h"
#include "tests/cli/run_pare.h"

namespace pare {
namespace {

using Json = nlohmann::json;

const char* kNet = R"(graph "net" {
  input x: float32[N,1,2,2]
  const w: float32[4,1,1,1] = {1, -1, 0.5, 2}
  const b: float32[4] = {0, 1, 0.25, -1}
  const v: float32[2,4] = {1, -1, 0.5, 0.25, -1, 1, -0.5, 0.75}
  a = Conv(x, w, b)
  r = Relu(a)
  p = GlobalAveragePool(r)
  f = Flatten(p)
  y = Gemm(f, v) {transB = 1}
  output y
})";

std::string net() {
  const std::string path = in_scratch("net.onnx");
  if (!std::filesystem::exists(path)) unwrap(write_onnx(unwrap(parse(kNet)), path));
  return path;
}

// Eight samples; labels are what the net itself answers for x and for -x.
std::string data() {
  const std::string path = in_scratch("data.npz");
  if (std::filesystem::exists(path)) return path;
  Tensor x(DType::float32, {8, 1, 2, 2});
  for (int64_t i = 0; i < x.size(); ++i) x.set_double(i, (i < 16 ? 1.0 : -1.0) * (0.5 + 0.125 * static_cast<double>(i % 8)));
  const Tensor y = Tensor::of<int64_t>({8}, {0, 0, 0, 0, 1, 1, 1, 1});
  unwrap(write_npz(path, {{"x", x}, {"y", y}}));
  return path;
}

void write_text(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

bool says(const Outcome& outcome, const std::string& words) { return outcome.err.find(words) != std::string::npos; }

TEST_CASE("--version and --help succeed on stdout") {
  CHECK(run_pare("--version").out.find("pare 0.") == 0);
  const Outcome help = run_pare("--help");
  CHECK(help.exit_code == 0);
  for (const char* verb : {"info", "run", "eval", "verify", "simplify", "prune", "quantize", "distill", "convert", "compress", "bench"}) {
    CHECK(help.out.find(verb) != std::string::npos);
    const Outcome own = run_pare(std::string(verb) + " --help");
    CHECK(own.exit_code == 0);
    CHECK(own.out.find("Example") != std::string::npos);
  }
}

TEST_CASE("wrong usage is exit code 2 with a sentence") {
  CHECK(run_pare("").exit_code == 2);
  CHECK(run_pare("frobnicate").exit_code == 2);
  CHECK(run_pare("info").exit_code == 2);
  CHECK(run_pare("info --no-such-option " + net()).exit_code == 2);
  const Outcome extension = run_pare("info model.txt");
  CHECK(extension.exit_code == 2);
  CHECK(says(extension, "*.onnx or *.pare"));
}

TEST_CASE("info gives its stable keys") {
  const Outcome outcome = run_pare("info --json " + net());
  REQUIRE(outcome.exit_code == 0);
  const Json info = Json::parse(outcome.out);
  CHECK(info["parameters"] == 4 + 4 + 8);
  CHECK(info["macs"] == 4 * 4 + 4 * 2);
  CHECK(info["nodes"] == 5);
  CHECK(info["zeros"] == 1);
  CHECK(info["weight_bytes"] == 64);
  CHECK(info["file_bytes"] == std::filesystem::file_size(net()));
  CHECK(info["operators"]["Conv"] == 1);
  CHECK(info["inputs"][0]["name"] == "x");
  CHECK(info["outputs"][0]["name"] == "y");
}

TEST_CASE("run computes what the graph says, and names what does not fit") {
  const std::string in = in_scratch("in.npz"), out = in_scratch("out.npz");
  unwrap(write_npz(in, {{"x", Tensor::of<float>({1, 1, 2, 2}, {1, 1, 1, 1})}}));
  REQUIRE(run_pare("run " + net() + " --in " + in + " --out " + out).exit_code == 0);
  // relu(1, 0, .75, 1) . rows of v
  const auto arrays = unwrap(read_npz(out));
  REQUIRE(arrays.size() == 1);
  CHECK(arrays[0].name == "y");
  CHECK(arrays[0].tensor.floats()[0] == Approx(1 + 0.375 + 0.25));
  CHECK(arrays[0].tensor.floats()[1] == Approx(-1 - 0.375 + 0.75));

  const auto refused = [&](const std::string& name, Tensor tensor, const std::string& words) {
    const std::string bad = in_scratch("bad.npz");
    unwrap(write_npz(bad, {{name, std::move(tensor)}}));
    const Outcome outcome = run_pare("run " + net() + " --in " + bad + " --out " + out);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 3);
    CHECK(says(outcome, words));
  };
  refused("z", Tensor(DType::float32, {1, 1, 2, 2}), "'z'");
  refused("x", Tensor(DType::float32, {1, 3, 2, 2}), "'x'");
  refused("x", Tensor(DType::float64, {1, 1, 2, 2}), "float64");
  CHECK(run_pare("run " + net() + " --out " + out).exit_code == 3);
}

TEST_CASE("bad model files are exit code 3") {
  write_text(in_scratch("empty.onnx"), "");
  write_text(in_scratch("text.onnx"), "this is not a model, it is a sentence about one\n");
  write_text(in_scratch("text.pare"), "neither is this\n");
  std::string whole;
  {
    std::ifstream file(net(), std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(file), {});
  }
  write_text(in_scratch("cut.onnx"), whole.substr(0, whole.size() / 2));
  for (const char* name : {"empty.onnx", "text.onnx", "text.pare", "cut.onnx", "missing.onnx", "missing.pare"}) {
    const Outcome outcome = run_pare("info " + in_scratch(name));
    INFO(name << ": " << outcome.err);
    CHECK(outcome.exit_code == 3);
    CHECK(says(outcome, name));
  }
  std::filesystem::create_directory(scratch() / "folder.onnx");
  CHECK(run_pare("info " + in_scratch("folder.onnx")).exit_code == 3);
}

TEST_CASE("an unknown operator passes through, and is named when it has to run") {
  const std::string path = in_scratch("custom.onnx");
  unwrap(write_onnx(unwrap(parse("graph \"g\" {\n domain com.acme 3\n input x: float32[2]\n y: float32[2] = com.acme.Frob(x) {k = 3}\n output y\n}")), path));
  CHECK(run_pare("info " + path).exit_code == 0);
  CHECK(run_pare("convert " + path + " -o " + in_scratch("custom.pare")).exit_code == 0);
  CHECK(run_pare("simplify " + in_scratch("custom.pare") + " -o " + in_scratch("custom2.onnx")).exit_code == 0);
  const std::string in = in_scratch("two.npz");
  unwrap(write_npz(in, {{"x", Tensor(DType::float32, {2})}}));
  const Outcome outcome = run_pare("run " + in_scratch("custom2.onnx") + " --in " + in + " --out " + in_scratch("o.npz"));
  CHECK(outcome.exit_code == 4);
  CHECK(says(outcome, "Frob"));
  CHECK(says(outcome, "com.acme"));
}

TEST_CASE("an output folder that does not exist is said before the work") {
  const Outcome outcome = run_pare("convert " + net() + " -o " + in_scratch("nowhere/out.pare"));
  CHECK(outcome.exit_code == 3);
  CHECK(says(outcome, "does not exist"));
}

TEST_CASE("eval counts, and bad data is exit code 3") {
  const Outcome outcome = run_pare("eval --json " + net() + " --data " + data());
  REQUIRE(outcome.exit_code == 0);
  const Json json = Json::parse(outcome.out);
  CHECK(json["metric"] == "top1");
  CHECK(json["samples"] == 8);
  CHECK(json["low"].get<double>() < json["value"].get<double>() + 1e-12);
  CHECK(json["high"].get<double>() > json["value"].get<double>() - 1e-12);

  const Tensor x(DType::float32, {2, 1, 2, 2});
  unwrap(write_npz(in_scratch("labels.npz"), {{"x", x}, {"y", Tensor::of<int64_t>({2}, {0, 2})}}));
  CHECK(run_pare("eval " + net() + " --data " + in_scratch("labels.npz")).exit_code == 3);
  unwrap(write_npz(in_scratch("shape.npz"), {{"x", Tensor(DType::float32, {2, 1, 3, 2})}, {"y", Tensor::of<int64_t>({2}, {0, 1})}}));
  CHECK(run_pare("eval " + net() + " --data " + in_scratch("shape.npz")).exit_code == 3);
  unwrap(write_npz(in_scratch("unlabelled.npz"), {{"x", x}}));
  CHECK(run_pare("eval " + net() + " --data " + in_scratch("unlabelled.npz")).exit_code == 3);
  CHECK(run_pare("eval " + net() + " --data " + in_scratch("none.npz")).exit_code == 3);
  CHECK(run_pare("eval " + net() + " --data " + data() + " --metric bleu").exit_code == 2);
}

TEST_CASE("verify passes, fails and refuses") {
  CHECK(run_pare("verify " + net() + " " + net() + " --data " + data() + " --max-drop 0 --no-latency").exit_code == 0);
  const std::string damaged = in_scratch("damaged.onnx");
  std::string text = kNet;
  text.replace(text.find("{1, -1, 0.5, 0.25,"), 18, "{-9, -9, -9, -9,  ");
  unwrap(write_onnx(unwrap(parse(text)), damaged));
  const Outcome outcome = run_pare("verify --json " + net() + " " + damaged + " --data " + data() + " --min-agreement 99 --no-latency");
  CHECK(outcome.exit_code == 1);
  CHECK(says(outcome, "min-agreement does not hold"));
  const Json json = Json::parse(outcome.out);
  CHECK(json["verdict"] == "fail");
  for (const char* key : {"reference", "candidate", "drop", "agreement", "bounds", "layers"}) CHECK(json.contains(key));
  CHECK(run_pare("verify " + net() + " " + net() + " --max-bytes 10 --no-latency").exit_code == 1);
  CHECK(run_pare("verify " + net() + " " + net() + " --data " + data()).exit_code == 2);       // no bound
  CHECK(run_pare("verify " + net() + " " + net() + " --max-drop 1 --no-latency").exit_code == 2);  // no data
}

TEST_CASE("convert and simplify keep what the model computes") {
  const std::string in = in_scratch("in2.npz");
  unwrap(write_npz(in, {{"x", Tensor::of<float>({1, 1, 2, 2}, {0.5f, -1, 2, 3})}}));
  REQUIRE(run_pare("run " + net() + " --in " + in + " --out " + in_scratch("a.npz")).exit_code == 0);
  REQUIRE(run_pare("convert " + net() + " -o " + in_scratch("net.pare") + " --strip-names").exit_code == 0);
  REQUIRE(run_pare("simplify " + in_scratch("net.pare") + " -o " + in_scratch("net2.onnx")).exit_code == 0);
  REQUIRE(run_pare("run " + in_scratch("net2.onnx") + " --in " + in + " --out " + in_scratch("b.npz")).exit_code == 0);
  const auto a = unwrap(read_npz(in_scratch("a.npz"))), b = unwrap(read_npz(in_scratch("b.npz")));
  for (size_t i = 0; i < 2; ++i) CHECK(a[0].tensor.floats()[i] == Approx(b[0].tensor.floats()[i]).margin(1e-6));
  const Outcome written = run_pare("convert --json " + net() + " -o " + in_scratch("c.pare"));
  const Json json = Json::parse(written.out);
  for (const char* key : {"input", "output", "input_bytes", "output_bytes", "seconds", "peak_bytes"}) CHECK(json.contains(key));
}

TEST_CASE("quantize wants data, writes integers, and gives the same bytes on any number of threads") {
  CHECK(run_pare("quantize " + net() + " -o " + in_scratch("q.onnx")).exit_code == 2);
  const Outcome outcome = run_pare("quantize --json " + net() + " -o " + in_scratch("q1.onnx") + " --threads 1 --data " + data());
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK(Json::parse(outcome.out)["layers"].size() == 2);
  REQUIRE(run_pare("quantize " + net() + " -o " + in_scratch("q2.onnx") + " --threads 2 --data " + data()).exit_code == 0);
  std::ifstream one(in_scratch("q1.onnx"), std::ios::binary), two(in_scratch("q2.onnx"), std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(one), {}) == std::string(std::istreambuf_iterator<char>(two), {}));
  CHECK(run_pare("verify " + net() + " " + in_scratch("q1.onnx") + " --data " + data() + " --max-drop 0 --no-latency").exit_code == 0);
}

TEST_CASE("prune halves the MACs and refuses nonsense") {
  const Outcome outcome = run_pare("prune --json " + net() + " -o " + in_scratch("p.onnx") + " --max-macs 50%");
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  const Json json = Json::parse(outcome.out);
  CHECK(json["macs_before"] == 24);
  CHECK(json["macs_after"] == 12);
  CHECK(run_pare("prune " + net() + " -o " + in_scratch("p.onnx") + " --max-macs half").exit_code == 2);
  CHECK(run_pare("prune " + net() + " -o " + in_scratch("p.onnx") + " --max-macs 0.001%").exit_code == 1);
}

TEST_CASE("compress needs a bound and data to judge by; a broken bound leaves the target alone") {
  const std::string out = in_scratch("small.onnx");
  CHECK(run_pare("compress " + net() + " -o " + out + " --data " + data()).exit_code == 2);
  CHECK(run_pare("compress " + net() + " -o " + out + " --data " + data() + " --max-drop 1").exit_code == 2);
  write_text(out, "precious");
  const Outcome broken = run_pare("compress --json " + net() + " -o " + out + " --data " + data() + " --verify-data " + data() + " --max-bytes 10");
  CHECK(broken.exit_code == 1);
  CHECK(says(broken, "max-bytes does not hold"));
  CHECK(std::filesystem::file_size(out) == 8);
  const Outcome held = run_pare("compress --json " + net() + " -o " + out + " --data " + data() + " --verify-data " + data() + " --max-drop 0");
  INFO(held.err);
  CHECK(held.exit_code == 0);
  CHECK(Json::parse(held.out)["verdict"] == "pass");
  CHECK(std::filesystem::file_size(out) > 8);
}

TEST_CASE("bench reports each model") {
  const Outcome outcome = run_pare("bench --json --runs 5 --threads 1 " + net() + " " + net());
  REQUIRE(outcome.exit_code == 0);
  const Json json = Json::parse(outcome.out);
  REQUIRE(json["models"].size() == 2);
  for (const char* key : {"model", "median_ms", "min_ms", "runs", "threads"}) CHECK(json["models"][0].contains(key));
  CHECK(json["models"][0]["runs"] == 5);
}

}  // namespace
}  // namespace pare
