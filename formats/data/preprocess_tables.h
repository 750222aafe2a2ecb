// The [text] and [answer] tables of a preprocessing file. Used by the reader of those files alone.
#pragma once

#include <toml++/toml.h>

#include <span>
#include <string>
#include <string_view>

#include "formats/data/preprocess.h"

namespace pare {

// "'scael' is not known; did you mean 'scale'?" or, when nothing is near, the list.
std::string not_known(std::string_view word, std::span<const std::string_view> known);

// `where` begins each message; `folder` is that of the file, from which vocabularies are looked for.
Result<TextForm> read_text_table(const toml::node& node, const std::string& where, const std::string& folder);
Result<AnswerForm> read_answer_table(const toml::node& node, const std::string& where, const std::string& folder);

}  // namespace pare
