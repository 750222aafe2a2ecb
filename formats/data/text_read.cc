#include <algorithm>
#include <numeric>

#include "formats/data/preprocess_tables.h"

namespace pare {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

constexpr std::string_view kKinds[] = {"words", "letters", "numbers", "bpe"};

class TableReader {
 public:
  TableReader(const toml::node& node, std::string where) : table_(node.as_table()), where_(std::move(where)) {}

  Failure fail(const std::string& why) const { return input_error(where_ + ": " + why); }

  Result<void> only(std::initializer_list<std::string_view> own) const {
    if (!table_) return fail("is no table");
    std::vector<std::string_view> known = {"tokens", "vocabulary", "key", "unknown", "begin", "end"};
    known.insert(known.end(), own);
    for (const auto& [key, node] : *table_)
      if (std::find(known.begin(), known.end(), key.str()) == known.end())
        return fail("key " + not_known(key.str(), known));
    return {};
  }

  Result<std::vector<std::string>> list(std::string_view key) const {
    std::vector<std::string> texts;
    const toml::array* array = (*table_)[key].as_array();
    if (!array) return fail("needs a list of texts '" + std::string(key) + "'");
    for (const auto& node : *array) {
      const auto text = node.value_exact<std::string>();
      if (!text) return fail("needs a list of texts '" + std::string(key) + "'");
      texts.push_back(*text);
    }
    return texts;
  }

  Result<int64_t> number(std::string_view key, int64_t least, int64_t otherwise) const {
    if (!table_->contains(key)) return otherwise;
    const auto value = (*table_)[key].value<int64_t>();
    if (!value || *value < least || *value > (1 << 24))
      return fail("needs a whole number '" + std::string(key) + "' from " + std::to_string(least) + " to " +
                  std::to_string(1 << 24));
    return *value;
  }

  Result<std::string> text(std::string_view key) const {
    if (!table_->contains(key)) return std::string();
    if (const auto text = (*table_)[key].value_exact<std::string>(); text && !text->empty()) return *text;
    return fail("needs a text '" + std::string(key) + "'");
  }

  Result<TokenName> token(std::string_view key) const {
    TokenName token;
    if (!table_->contains(key)) return token;
    token.number = (*table_)[key].value_exact<int64_t>();
    if (!token.number) token.text = (*table_)[key].value_exact<std::string>().value_or("");
    if (token.number.value_or(0) < 0 || (!token.number && token.text.empty()))
      return fail("needs a token, or its number, as '" + std::string(key) + "'");
    return token;
  }

  Result<TokenForm> form(const std::string& folder) const {
    TokenForm form;
    form.folder = folder;
    PARE_ASSIGN(const std::string kind, text("tokens"));
    if (!kind.empty()) {
      const auto found = std::find(std::begin(kKinds), std::end(kKinds), kind);
      if (found == std::end(kKinds)) return fail("tokens " + not_known(kind, kKinds));
      form.kind = static_cast<TokenForm::Kind>(found - std::begin(kKinds));
    }
    if (table_->contains("vocabulary") && !(*table_)["vocabulary"].is_string()) {
      PARE_ASSIGN(form.tokens, list("vocabulary"));
    } else {
      PARE_ASSIGN(form.vocabulary, text("vocabulary"));
    }
    PARE_ASSIGN(form.key, text("key"));
    PARE_ASSIGN(form.unknown, token("unknown"));
    PARE_ASSIGN(form.begin, token("begin"));
    PARE_ASSIGN(form.end, token("end"));
    const bool given = !form.vocabulary.empty() || !form.tokens.empty();
    if (form.kind != TokenForm::Kind::numbers && !given)
      return fail("needs a 'vocabulary' for tokens = \"" + kind + "\": a file, or a list of tokens");
    if (form.kind == TokenForm::Kind::bpe && form.vocabulary.empty())
      return fail("needs the tokenizer file of llama2.c as 'vocabulary' for tokens = \"bpe\"");
    return form;
  }

  bool has(std::string_view key) const { return table_->contains(key); }

 private:
  const toml::table* table_;
  std::string where_;
};

}  // namespace

// "'scael' is not known; did you mean 'scale'?" or, when nothing is near, the list.
std::string not_known(std::string_view word, std::span<const std::string_view> known) {
  std::string list;
  std::string_view nearest;
  size_t best = std::max<size_t>(2, word.size() / 3) + 1;
  for (std::string_view candidate : known) {
    list += (list.empty() ? "" : ", ") + std::string(candidate);
    if (const size_t distance = edit_distance(word, candidate); distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  const std::string text = "'" + std::string(word) + "' is not known";
  return nearest.empty() ? text + "; expected one of " + list : text + "; did you mean '" + std::string(nearest) + "'?";
}

Result<TextForm> read_text_table(const toml::node& node, const std::string& where, const std::string& folder) {
  const TableReader table(node, where + " ([text])");
  PARE_TRY(table.only({"columns", "window"}));
  TextForm text;
  PARE_ASSIGN(text.tokens, table.form(folder));
  if (table.has("columns")) {
    PARE_ASSIGN(text.columns, table.list("columns"));
    for (const std::string& column : text.columns)
      if (column != "text" && column != "answer" && !column.empty())
        return table.fail("columns holds '" + column +
                          "'; expected \"text\", \"answer\", or \"\" for a column to pass over");
    if (std::count(text.columns.begin(), text.columns.end(), "text") != 1)
      return table.fail("columns must hold \"text\" once");
  }
  PARE_ASSIGN(text.window, table.number("window", 2, 0));
  if (text.window > 0 && (text.tokens.end.number || !text.tokens.end.text.empty()))
    return table.fail("'end' ends lines, and with 'window' there are none");
  return text;
}

Result<AnswerForm> read_answer_table(const toml::node& node, const std::string& where, const std::string& folder) {
  const TableReader table(node, where + " ([answer])");
  PARE_TRY(table.only({"classes", "steps"}));
  AnswerForm answer;
  PARE_ASSIGN(answer.tokens, table.form(folder));
  if (table.has("classes")) {
    PARE_ASSIGN(answer.classes, table.list("classes"));
    if (answer.classes.empty()) return table.fail("classes is empty");
  }
  PARE_ASSIGN(answer.steps, table.number("steps", 1, answer.steps));
  return answer;
}

}  // namespace pare
