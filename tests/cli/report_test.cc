// The gate's reports are valid in the formats' schemas, whatever the model is called.
#include <rapidjson/document.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/catch.h"
#include "tests/cli/run_pare.h"

namespace pare {
namespace {

namespace fs = std::filesystem;

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool valid_junit(const std::string& file) {
  const std::string command = "xmllint --noout --schema tests/cli/schemas/junit.xsd '" + file + "' 2>&1";
  return WEXITSTATUS(std::system(command.c_str())) == 0;
}

// Where the document breaks the schema; empty where it does not.
std::string sarif_breach(const std::string& text) {
  rapidjson::Document schema, document;
  REQUIRE_FALSE(schema.Parse(slurp("tests/cli/schemas/sarif.json").c_str()).HasParseError());
  if (document.Parse(text.c_str()).HasParseError()) return "no JSON";
  const rapidjson::SchemaDocument compiled(schema);
  rapidjson::SchemaValidator validator(compiled);
  if (document.Accept(validator)) return "";
  rapidjson::StringBuffer where;
  validator.GetInvalidDocumentPointer().StringifyUriFragment(where);
  return std::string(where.GetString()) + " breaks " + validator.GetInvalidSchemaKeyword();
}

// The model under a name that every format has to escape.
std::string awkward_model() {
  const std::string path = in_scratch("a \"model\" <&> 5%.onnx");
  fs::copy_file("examples/fashion/fashion.onnx", path, fs::copy_options::overwrite_existing);
  return "'" + path + "'";
}

TEST_CASE("JUnit, SARIF and Markdown of a broken gate and of one that holds") {
  const std::string model = awkward_model();
  const std::string junit = in_scratch("gate.xml"), sarif = in_scratch("gate.sarif"), markdown = in_scratch("gate.md");
  const std::string common = "verify " + model + ' ' + model +
                             " --data /usr/share/datasets/fashion-mnist/t10k --preprocess "
                             "examples/fashion/preprocess.toml --limit 300 --no-latency --junit " +
                             junit + " --sarif " + sarif + " --markdown " + markdown;
  const auto table_is_whole = [&] {
    // Every row of a table has as many cells as its head.
    std::ifstream file(markdown);
    size_t columns = 0, rows = 0;
    for (std::string line; std::getline(file, line);) {
      size_t bars = 0;
      for (size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
      if (bars == 0) {
        columns = 0;
        continue;
      }
      if (columns == 0) columns = bars;
      if (bars != columns) return false;
      ++rows;
    }
    return rows > 8;
  };
  for (const auto& [bounds, code] : {std::pair<std::string, int>{" --max-bytes 1 --min-metric 99.9 --max-drop 0", 1},
                                     {" --max-drop 0", 0},
                                     {" --max-drop 1 --min-metric 50 --confidence 0.95", 0},
                                     {" --min-metric 93 --confidence 0.95", 1}}) {
    INFO(bounds);
    CHECK(run_pare(common + bounds).exit_code == code);
    CHECK(valid_junit(junit));
    CHECK(sarif_breach(slurp(sarif)) == "");
    CHECK(table_is_whole());
  }
}

TEST_CASE("the schemas refuse what the formats do not know") {
  const std::string bad = in_scratch("bad.xml");
  const std::string suite = "<testsuite name=\"a\" tests=\"1\" failures=\"0\" errors=\"0\">";
  const auto junit = [&](const std::string& text) {
    std::ofstream(bad) << text;
    return valid_junit(bad);
  };
  CHECK(junit("<testsuites>" + suite + "<testcase classname=\"c\" name=\"n\" time=\"0\"/></testsuite></testsuites>"));
  CHECK_FALSE(junit("<testsuites>" + suite + "<testcase classname=\"c\"/></testsuite></testsuites>"));
  CHECK_FALSE(junit("<testsuites><testsuite name=\"a\"/></testsuites>"));
  CHECK_FALSE(junit("<testsuites>" + suite + "<case/></testsuite></testsuites>"));
  CHECK(sarif_breach(R"({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "a"}}, "results": []}]})") == "");
  CHECK(sarif_breach(R"({"version": "2.0.0", "runs": []})") != "");
  CHECK(sarif_breach(R"({"version": "2.1.0", "runs": [{"results": []}]})") != "");
  CHECK(sarif_breach(R"({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "a"}}, "results": [
      {"ruleId": "a", "message": {"text": "t"}, "level": "fatal"}]}]})") != "");
}

}  // namespace
}  // namespace pare
