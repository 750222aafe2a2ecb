// Text stands in constants and results are compared with constants. Expected by the examples of the ONNX specification.
#include "tests/ops/case_builders.h"

namespace pare::test {
namespace {

// Whether y, computed from constants, is `expected` (a tensor literal with its type).
Case text(const std::string& name, const std::string& lines, const std::string& expected, size_t count) {
  return body(name, lines + "\nconst expected: " + expected + "\nsame = Equal(y, expected)\noutput same\noutput y", 0,
              std::vector<double>(count, 1));
}

void add_normalizers(std::vector<Case>& list) {
  const std::string days = "const x: string[4] = {\"monday\", \"tuesday\", \"Wednesday\", \"thursday\"}\n";
  list.push_back(text("StringNormalizer", days + "y = StringNormalizer(x) {stopwords = [\"MONDAY\"]}",
                      "string[3] = {\"tuesday\", \"Wednesday\", \"thursday\"}", 3));
  list.push_back(text("StringNormalizer.sensitive",
                      days + "y = StringNormalizer(x) {case_change_action = \"UPPER\", is_case_sensitive = 1, "
                             "stopwords = [\"MONDAY\", \"Wednesday\"]}",
                      "string[3] = {\"MONDAY\", \"TUESDAY\", \"THURSDAY\"}", 3));
  list.push_back(text("StringNormalizer.empty",
                      "const x: string[1,2] = {\"a\", \"A\"}\ny = StringNormalizer(x) {case_change_action = \"LOWER\", "
                      "stopwords = [\"a\"]}",
                      "string[1,1] = {\"\"}", 1));
  list.push_back(text("StringNormalizer.letters",
                      "const x: string[3] = {\"Äpfel ×÷ß\", \"ΑΒΓ\", \"Ёж\"}\n"
                      "y = StringNormalizer(x) {case_change_action = \"LOWER\"}",
                      "string[3] = {\"äpfel ×÷ß\", \"αβγ\", \"ёж\"}", 3));
  list.push_back(text("StringConcat",
                      "const a: string[2,1] = {\"abc\", \"\"}\nconst b: string[2] = {\".com\", \".net\"}\n"
                      "y = StringConcat(a, b)",
                      "string[2,2] = {\"abc.com\", \"abc.net\", \".com\", \".net\"}", 4));
}

void add_splits(std::vector<Case>& list) {
  list.push_back(text(
      "StringSplit", "const x: string[2] = {\"o-n-n--x-\", \"o-n----nx\"}\ny, n = StringSplit(x) {delimiter = \"-\"}",
      "string[2,6] = {\"o\", \"n\", \"n\", \"\", \"x\", \"\", \"o\", \"n\", \"\", \"\", \"\", \"nx\"}", 12));
  list.push_back(text("StringSplit.words",
                      "const x: string[2] = {\"  hello   world !\", \" the quick  brown fox \"}\n"
                      "y, n = StringSplit(x) {maxsplit = 2}",
                      "string[2,3] = {\"hello\", \"world\", \"!\", \"the\", \"quick\", \"brown fox\"}", 6));
  list.push_back(body("StringSplit.counts",
                      "const x: string[3] = {\"a b\", \"\", \"c\"}\ny, n = StringSplit(x) {delimiter = \"\"}\noutput n",
                      0, {2, 0, 1}));
  list.push_back(
      body("StringSplit.limit",
           "const x: string[2] = {\"a,b,c\", \"\"}\ny, n = StringSplit(x) {delimiter = \",\", maxsplit = 1}\n"
           "output n",
           0, {2, 1}));
  list.push_back(body("RegexFullMatch",
                      "const x: string[2,2] = {\"www.google.com\", \"www.facebook.com\", \"www.bbc.co.uk\", \"\"}\n"
                      "y = RegexFullMatch(x) {pattern = \"www\\\\.[\\\\w.-]+\\\\.\\\\bcom\\\\b\"}\noutput y",
                      0, {1, 1, 0, 0}));
}

void add_counts(std::vector<Case>& list) {
  const std::string pool =
      "max_gram_length = 2, max_skip_count = 5, min_gram_length = MIN, mode = \"MODE\", ngram_counts = [0, 4], "
      "ngram_indexes = [0, 1, 2, 3, 4, 5, 6], pool_int64s = [2, 3, 5, 4, 5, 6, 7, 8, 6, 7]";
  const auto counted = [&](const std::string& name, std::string attributes, const std::string& least,
                           const std::string& mode, std::vector<double> expected) {
    attributes.replace(attributes.find("MIN"), 3, least);
    attributes.replace(attributes.find("MODE"), 4, mode);
    list.push_back(body("TfIdfVectorizer." + name,
                        "input x: int32[2,6]\ny = TfIdfVectorizer(x) {" + attributes + "}\noutput y", 1e-6,
                        std::move(expected), {{1, 1, 3, 3, 3, 7, 8, 6, 7, 5, 6, 8}}));
  };
  counted("skips", pool, "1", "TF", {0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1});
  counted("pairs", pool, "2", "TF", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1});
  const std::string weighted = pool + ", weights = [1.0, 0.5, 1.0, 1.0, 1.0, 2.0, 1.0]";
  counted("weights", weighted, "1", "TFIDF", {0, 1.5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 1});
  counted("idf", weighted, "1", "IDF", {0, 0.5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 1});
  list.push_back(body("TfIdfVectorizer.words",
                      "const x: string[4] = {\"a\", \"b\", \"a\", \"c\"}\ny = TfIdfVectorizer(x) {max_gram_length = 2, "
                      "max_skip_count = 0, min_gram_length = 1, mode = \"TF\", ngram_counts = [0, 2], "
                      "ngram_indexes = [1, 0, 3], pool_strings = [\"a\", \"z\", \"a\", \"b\"]}\noutput y",
                      0, {0, 2, 0, 1}));
}

// Operators that move elements take text as well.
void add_moves(std::vector<Case>& list) {
  list.push_back(text("Unique.text", "const x: string[4] = {\"b\", \"a\", \"b\", \"\"}\ny, i = Unique(x)",
                      "string[3] = {\"\", \"a\", \"b\"}", 3));
  list.push_back(text("ScatterElements.text",
                      "const x: string[3] = {\"a\", \"b\", \"c\"}\nconst i: int64[2] = {2, 0}\n"
                      "const u: string[2] = {\"x\", \"y\"}\ny = ScatterElements(x, i, u)",
                      "string[3] = {\"y\", \"b\", \"x\"}", 3));
  list.push_back(text("GatherND.text",
                      "const x: string[2,2] = {\"a\", \"b\", \"c\", \"d\"}\nconst i: int64[1,2] = {1, 0}\n"
                      "y = GatherND(x, i)",
                      "string[1] = {\"c\"}", 1));
  list.push_back(text("Where.text",
                      "const c: bool[2] = {1, 0}\nconst a: string[1] = {\"yes\"}\nconst b: string[2] = {\"no\", \"\"}\n"
                      "y = Where(c, a, b)",
                      "string[2] = {\"yes\", \"\"}", 2));
}

}  // namespace

void add_strings(std::vector<Case>& list) {
  add_normalizers(list);
  add_splits(list);
  add_counts(list);
  add_moves(list);
}

}  // namespace pare::test
