// The parts of the parser of the text form; text_value.cc reads types, tensors and attributes, text_parse.cc graphs.
#pragma once

#include "graph/graph.h"
#include "graph/text_lexer.h"

namespace pare {

// float32[N,3,?]
Result<Type> parse_type(Lexer& lexer);
// A value's name, bare or quoted.
Result<std::string> parse_name(Lexer& lexer, const std::string& what);
Result<int64_t> parse_integer(Lexer& lexer, const std::string& what);
// {1, 2} or base64"...", the elements of a tensor of that type; `where` is the type's own place.
Result<Tensor> parse_elements(Lexer& lexer, const Type& type);
// {name = value, ...}; nothing when there is no brace. `depth` counts enclosing graphs.
Result<Attributes> parse_attributes(Lexer& lexer, int depth);
// graph "name" { ... } from the keyword on.
Result<Graph> parse_graph(Lexer& lexer, int depth);

}  // namespace pare
