// Lines of text with their answers, and texts in windows.
#include <algorithm>

#include "formats/data/sources.h"
#include "formats/data/text.h"
#include "formats/file.h"

namespace pare {
namespace {

// Token sequences one after another.
class Sequences {
 public:
  void add(const std::vector<int64_t>& tokens) {
    for (const int64_t token : tokens) tokens_.push_back(static_cast<int32_t>(token));
    ends_.push_back(tokens_.size());
  }
  int64_t count() const { return static_cast<int64_t>(ends_.size()); }
  int64_t length(int64_t i) const { return static_cast<int64_t>(end(i) - begin(i)); }
  int32_t token(int64_t i, int64_t at) const { return tokens_[begin(i) + static_cast<size_t>(at)]; }

 private:
  size_t begin(int64_t i) const { return i == 0 ? 0 : ends_[static_cast<size_t>(i - 1)]; }
  size_t end(int64_t i) const { return ends_[static_cast<size_t>(i)]; }

  std::vector<int32_t> tokens_;
  std::vector<size_t> ends_;
};

struct Line {
  std::string_view text, answer;
  bool answered = false;
};

class TextReader {
 public:
  TextReader(std::string path, const Preprocess& preprocess) : path_(std::move(path)), preprocess_(preprocess) {}

  Result<Source> read(const std::vector<InputType>& inputs) {
    if (!preprocess_.text) {
      return input_error(path_ +
                         ": is text; say in a [text] table of the preprocessing file how it becomes tokens, as in "
                         "tokens = \"words\" and vocabulary = \"vocab.txt\"");
    }
    PARE_ASSIGN(tokenizer_, Tokenizer::open(preprocess_.text->tokens, path_));
    if (preprocess_.answer) {
      PARE_ASSIGN(answers_tokenizer_, Tokenizer::open(preprocess_.answer->tokens, path_));
    }
    PARE_ASSIGN(const auto buffer, map_file(path_));
    const std::string_view text(reinterpret_cast<const char*>(buffer->bytes().data()), buffer->bytes().size());
    if (preprocess_.text->window > 0)
      PARE_TRY(cut(text));
    else
      PARE_TRY(read_lines(text));
    if (samples_->count() == 0) return input_error(path_ + ": holds no text");
    return source(inputs);
  }

 private:
  // Windows of the whole text; each begins with `begin`.
  Result<void> cut(std::string_view text) {
    auto all = tokenizer_.tokens_of(text);
    if (!all) return in_context(path_, all.failure());
    const bool begins = tokenizer_.begin().has_value();
    const auto step = static_cast<size_t>(preprocess_.text->window - begins);
    for (size_t at = 0; at < all->size(); at += step) {
      std::vector<int64_t> window;
      if (begins) window.push_back(*tokenizer_.begin());
      const auto from = all->begin() + static_cast<std::ptrdiff_t>(at);
      window.insert(window.end(), from, from + static_cast<std::ptrdiff_t>(std::min(step, all->size() - at)));
      samples_->add(window);
    }
    return {};
  }

  Result<void> read_lines(std::string_view text) {
    int64_t number = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      std::string_view line = text.substr(at, end - at);
      if (line.ends_with('\r')) line.remove_suffix(1);
      at = end + 1;
      ++number;
      if (line.empty()) continue;
      if (auto added = add(split(line)); !added)
        return in_context(path_ + ", line " + std::to_string(number), added.failure());
    }
    return {};
  }

  Line split(std::string_view line) const {
    Line result;
    for (const std::string& column : preprocess_.text->columns) {
      const size_t end = std::min(line.find('\t'), line.size());
      if (column == "text") result.text = line.substr(0, end);
      if (column == "answer") result.answer = line.substr(0, end), result.answered = true;
      if (end == line.size()) break;
      line.remove_prefix(end + 1);
    }
    return result;
  }

  Result<void> add(const Line& line) {
    PARE_ASSIGN(const auto tokens, tokenizer_.encode(line.text));
    if (tokens.empty()) return input_error("gives no token");
    samples_->add(tokens);
    if (samples_->count() > 1 && line.answered != answered_)
      return input_error(answered_ ? "has no answer, as the lines before it have"
                                   : "has an answer, and the lines before it have none");
    answered_ = line.answered;
    if (!line.answered) return {};
    if (preprocess_.answer && preprocess_.answer->classes.empty()) {
      PARE_ASSIGN(const auto answer, answers_tokenizer_.tokens_of(line.answer));
      answers_.add(answer);
      longest_ = std::max(longest_, static_cast<int64_t>(answer.size()));
      return {};
    }
    PARE_ASSIGN(const int64_t label, class_of(line.answer));
    labels_.push_back(label);
    return {};
  }

  Result<int64_t> class_of(std::string_view answer) const {
    const std::string text(answer);
    if (!preprocess_.answer) {
      const bool digits =
          !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string::npos;
      if (digits) return std::stoll(text);
      return input_error("answers '" + text.substr(0, 40) +
                         "'; expected a class from 0, or an [answer] table in the preprocessing file that lists "
                         "'classes' or says how it becomes tokens");
    }
    const auto& classes = preprocess_.answer->classes;
    const auto found = std::find(classes.begin(), classes.end(), text);
    if (found != classes.end()) return found - classes.begin();
    return input_error("answers '" + text.substr(0, 40) + "', which is none of the classes of [answer]");
  }

  Result<Source> source(const std::vector<InputType>& inputs) {
    Column column{{}, path_, nullptr, nullptr, samples_->count()};
    column.make = [samples = samples_](int64_t i) -> Result<Tensor> {
      Tensor tokens(DType::int64, {1, samples->length(i)});
      for (int64_t t = 0; t < samples->length(i); ++t)
        tokens.mutable_data<int64_t>()[static_cast<size_t>(t)] = samples->token(i, t);
      return tokens;
    };
    column.kind = [samples = samples_](int64_t i) { return samples->length(i); };
    PARE_ASSIGN(Source source, single_column(std::move(column), inputs));
    source.labels_where = path_;
    if (!labels_.empty()) {
      source.labels = tensor_rows(Tensor::of<int64_t>({static_cast<int64_t>(labels_.size())}, labels_));
      if (preprocess_.answer) source.class_names = preprocess_.answer->classes;
    } else if (answers_.count() > 0) {
      const int64_t width = std::max<int64_t>(longest_, 1);
      PARE_TRY(check_memory(path_, static_cast<uint64_t>(answers_.count() * width) * sizeof(int64_t)));
      std::vector<int64_t> matrix(static_cast<size_t>(answers_.count() * width), -1);
      for (int64_t i = 0; i < answers_.count(); ++i)
        for (int64_t t = 0; t < answers_.length(i); ++t)
          matrix[static_cast<size_t>(i * width + t)] = answers_.token(i, t);
      source.labels = tensor_rows(Tensor::of<int64_t>({answers_.count(), width}, matrix));
      source.targets = true;
    }
    return source;
  }

  std::string path_;
  const Preprocess& preprocess_;
  Tokenizer tokenizer_, answers_tokenizer_;
  std::shared_ptr<Sequences> samples_ = std::make_shared<Sequences>();
  Sequences answers_;
  std::vector<int64_t> labels_;
  int64_t longest_ = 0;
  bool answered_ = false;
};

}  // namespace

Result<Source> open_text_source(const std::string& path, const std::vector<InputType>& inputs,
                                const Preprocess& preprocess) {
  return TextReader(path, preprocess).read(inputs);
}

}  // namespace pare
