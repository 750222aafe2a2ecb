#include <bit>
#include <charconv>
#include <cstring>
#include <set>

#include "graph/minifloat.h"
#include "graph/text_literal.h"
#include "graph/text_parser.h"

namespace pare {
namespace {

template <class T>
std::optional<T> parse_int(std::string_view word, int base = 10) {
  T value{};
  const auto end = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (word.empty() || end.ec != std::errc() || end.ptr != word.data() + word.size()) return std::nullopt;
  return value;
}

// ---- elements of tensors ----

// Lowest and highest number of an integer type up to 32 bits, and of int64.
std::pair<int64_t, int64_t> integer_range(DType dtype) {
  const int width = bits(dtype);
  if (is_signed_integer(dtype)) {
    return width == 64 ? std::pair{INT64_MIN, INT64_MAX}
                       : std::pair{-(int64_t{1} << (width - 1)), (int64_t{1} << (width - 1)) - 1};
  }
  return {0, (int64_t{1} << width) - 1};
}

// Numbers read ahead of the tensor they fill: its size is known only when all of them are there.
struct Elements {
  std::vector<float> floats;                // float32
  std::vector<double> doubles;              // other floats
  std::vector<int64_t> integers;            // integers and bool
  std::vector<uint64_t> unsigned_integers;  // uint64
  std::vector<std::string> strings;
  size_t count = 0;
};

Result<void> parse_element(Lexer& lexer, DType dtype, Elements& into) {
  const Token& token = lexer.peek();
  ++into.count;
  if (dtype == DType::string) {
    if (token.kind != Token::Kind::text) return lexer.unexpected("a quoted string");
    into.strings.push_back(lexer.next().content);
    return {};
  }
  const std::string_view word = token.kind == Token::Kind::word ? std::string_view(token.content) : std::string_view();
  bool read = false;
  std::string expected = "a number";
  if (dtype == DType::float32) {
    if (const auto value = parse_float(word); (read = value.has_value())) into.floats.push_back(*value);
  } else if (is_float(dtype)) {
    if (const auto value = parse_double(word); (read = value.has_value())) into.doubles.push_back(*value);
  } else if (dtype == DType::uint64) {
    if (const auto value = parse_int<uint64_t>(word); (read = value.has_value()))
      into.unsigned_integers.push_back(*value);
  } else if (dtype == DType::boolean) {
    expected = "true or false";
    const bool yes = word == "true" || word == "1";
    if ((read = yes || word == "false" || word == "0")) into.integers.push_back(yes ? 1 : 0);
  } else {
    const auto [low, high] = integer_range(dtype);
    expected = "an integer from " + std::to_string(low) + " to " + std::to_string(high);
    const auto value = parse_int<int64_t>(word);
    if ((read = value && *value >= low && *value <= high)) into.integers.push_back(*value);
  }
  if (!read) return lexer.unexpected(expected);
  lexer.next();
  return {};
}

Tensor tensor_of(DType dtype, const Dims& dims, const Elements& elements) {
  if (dtype == DType::string) return Tensor::strings(dims, elements.strings);
  if (dtype == DType::float32) return Tensor::of(dims, elements.floats);
  if (dtype == DType::int64) return Tensor::of(dims, elements.integers);
  if (dtype == DType::uint64) return Tensor::of(dims, elements.unsigned_integers);
  Tensor tensor(dtype, dims);
  for (size_t i = 0; i < elements.count; ++i) {
    const auto at = static_cast<int64_t>(i);
    tensor.set_double(at, is_float(dtype) ? elements.doubles[i] : static_cast<double>(elements.integers[i]));
  }
  return tensor;
}

Result<std::string> parse_base64(Lexer& lexer) {
  auto bytes = base64_decode(lexer.peek().content);
  if (!bytes) return lexer.unexpected("base64 of whole groups of four characters");
  lexer.next();
  return *std::move(bytes);
}

Result<Tensor> parse_base64_elements(Lexer& lexer, DType dtype, const Dims& dims) {
  const Token at = lexer.peek();
  PARE_ASSIGN(const std::string bytes, parse_base64(lexer));
  auto buffer = Buffer::allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(buffer->mutable_data(), bytes.data(), bytes.size());
  auto tensor = Tensor::from_buffer(dtype, dims, std::move(buffer));
  if (!tensor) return Lexer::unexpected(at, "enough of them: " + tensor.failure().message);
  if (tensor->byte_size() != bytes.size()) {
    return Lexer::unexpected(at, std::to_string(tensor->byte_size()) + " bytes, not " + std::to_string(bytes.size()));
  }
  return tensor;
}

// ---- attributes ----

Result<Attribute> parse_list(Lexer& lexer, std::string_view forced) {
  std::vector<int64_t> ints;
  std::vector<float> floats;
  std::vector<std::string> strings;
  const Token first = lexer.peek();
  PARE_TRY(lexer.expect('['));
  while (!lexer.accept(']')) {
    if (ints.size() + floats.size() + strings.size() > 0) {
      PARE_TRY(lexer.expect(','));
    }
    const Token token = lexer.next();
    const bool word = token.kind == Token::Kind::word;
    const auto integer = word ? parse_int<int64_t>(token.content) : std::nullopt;
    const auto number = word ? parse_float_literal(token.content) : std::nullopt;
    const bool hex = token.kind == Token::Kind::prefixed && token.prefix == "f32";
    const auto pattern = hex ? parse_int<uint32_t>(token.content, 16) : std::nullopt;
    if (integer) {
      ints.push_back(*integer);
    } else if (number || pattern) {
      floats.push_back(number ? *number : std::bit_cast<float>(*pattern));
    } else if (token.kind == Token::Kind::text) {
      strings.push_back(token.content);
    } else {
      return Lexer::unexpected(token, "a number, a quoted string or ']'");
    }
  }
  const int kinds = (ints.empty() ? 0 : 1) + (floats.empty() ? 0 : 1) + (strings.empty() ? 0 : 1);
  if (kinds > 1 || (kinds == 1 && !forced.empty())) {
    return Lexer::unexpected(first, forced.empty() ? "a list of one kind: ints, floats (with '.', 'e' or f) or strings"
                                                   : "an empty list after " + std::string(forced));
  }
  if (!floats.empty() || forced == "floats") return Attribute(std::move(floats));
  if (!strings.empty() || forced == "strings") return Attribute(std::move(strings));
  return Attribute(std::move(ints));
}

Result<Attribute> parse_word_value(Lexer& lexer) {
  const std::string word = lexer.peek().content;
  if (const auto integer = parse_int<int64_t>(word)) {
    lexer.next();
    return Attribute(*integer);
  }
  if (const auto number = parse_float_literal(word)) {
    lexer.next();
    return Attribute(*number);
  }
  if (word == "floats" || word == "strings") {
    lexer.next();
    return parse_list(lexer, word);
  }
  const auto dtype = dtype_from_name(word);
  if (!dtype) return lexer.unexpected("a number, a string, a list, a tensor, an element type or a graph");
  Lexer ahead = lexer;
  ahead.next();
  if (!ahead.peek().is_mark('[')) {
    lexer.next();
    return Attribute(static_cast<int64_t>(*dtype));
  }
  PARE_ASSIGN(const Type type, parse_type(lexer));
  PARE_ASSIGN(Tensor tensor, parse_elements(lexer, type));
  return Attribute(std::move(tensor));
}

Result<Attribute> parse_value(Lexer& lexer, int depth) {
  const Token& token = lexer.peek();
  if (token.kind == Token::Kind::text) return Attribute(lexer.next().content);
  if (token.is_mark('[')) return parse_list(lexer, {});
  if (token.is_word("graph")) {
    PARE_ASSIGN(Graph graph, parse_graph(lexer, depth + 1));
    return Attribute(GraphPtr(std::make_shared<const Graph>(std::move(graph))));
  }
  if (token.kind == Token::Kind::word) return parse_word_value(lexer);
  if (token.kind == Token::Kind::prefixed && token.prefix == "raw") {
    PARE_ASSIGN(std::string bytes, parse_base64(lexer));
    return Attribute(RawAttribute{std::move(bytes)});
  }
  if (token.kind == Token::Kind::prefixed && token.prefix == "f32") {
    const auto pattern = parse_int<uint32_t>(token.content, 16);
    if (!pattern) return lexer.unexpected("the bits of a float32 as up to eight hexadecimal digits");
    lexer.next();
    return Attribute(std::bit_cast<float>(*pattern));
  }
  return lexer.unexpected("a number, a string, a list, a tensor, an element type or a graph");
}

Result<Dim> parse_dim(Lexer& lexer) {
  if (lexer.accept('?')) return Dim();
  const Token& token = lexer.peek();
  if (token.kind == Token::Kind::text) return Dim(lexer.next().content);
  if (token.kind == Token::Kind::word) {
    const char c = token.content[0];
    const bool number_like = (c >= '0' && c <= '9') || c == '-';
    if (!number_like) return Dim(lexer.next().content);
    if (const auto extent = parse_int<int64_t>(token.content); extent && *extent >= 0) {
      lexer.next();
      return Dim(*extent);
    }
  }
  return lexer.unexpected("an extent: a number from 0, a symbol or ?");
}

Result<Type> parse_tensor_type(Lexer& lexer) {
  const auto dtype = dtype_from_name(lexer.peek().content);
  const bool undefined = lexer.peek().is_word("undefined");
  if (lexer.peek().kind != Token::Kind::word || (!dtype && !undefined)) {
    return lexer.unexpected("an element type such as float32");
  }
  lexer.next();
  Type type{undefined ? DType::undefined : *dtype, std::nullopt};
  PARE_TRY(lexer.expect('['));
  if (lexer.accept('*')) {
    PARE_TRY(lexer.expect(']'));
    return type;
  }
  type.shape.emplace();
  while (!lexer.accept(']')) {
    if (!type.shape->empty()) {
      PARE_TRY(lexer.expect(','));
    }
    PARE_ASSIGN(Dim dim, parse_dim(lexer));
    type.shape->push_back(std::move(dim));
  }
  return type;
}

}  // namespace

Result<Type> parse_type(Lexer& lexer) {
  const bool optional = lexer.accept_word("optional");
  if (optional) PARE_TRY(lexer.expect('('));
  const bool sequence = lexer.accept_word("sequence");
  if (sequence) PARE_TRY(lexer.expect('('));
  PARE_ASSIGN(Type type, parse_tensor_type(lexer));
  if (sequence) PARE_TRY(lexer.expect(')'));
  if (optional) PARE_TRY(lexer.expect(')'));
  if (optional) {
    type.container = sequence ? Container::optional_sequence : Container::optional;
  } else if (sequence) {
    type.container = Container::sequence;
  }
  return type;
}

Result<std::string> parse_name(Lexer& lexer, const std::string& what) {
  const Token& token = lexer.peek();
  const bool name = token.kind == Token::Kind::text
                        ? !token.content.empty()
                        : token.kind == Token::Kind::word && written_name(token.content) == token.content;
  if (!name) return lexer.unexpected(what);
  return lexer.next().content;
}

Result<int64_t> parse_integer(Lexer& lexer, const std::string& what) {
  const Token& token = lexer.peek();
  const auto number = token.kind == Token::Kind::word ? parse_int<int64_t>(token.content) : std::nullopt;
  if (!number) return lexer.unexpected(what);
  lexer.next();
  return *number;
}

Result<Tensor> parse_elements(Lexer& lexer, const Type& type) {
  const auto dims = type.dims();
  if (!dims || type.dtype == DType::undefined) return lexer.unexpected("a type with numbers only before the elements");
  const Token at = lexer.peek();
  if (at.kind == Token::Kind::prefixed && at.prefix == "base64") return parse_base64_elements(lexer, type.dtype, *dims);
  if (at.is_word("...")) return lexer.unexpected("the elements (this text was printed without them)");
  PARE_TRY(lexer.expect('{'));
  if (bits(type.dtype) > 64) return Lexer::unexpected(at, "base64 for complex numbers");
  Elements elements;
  while (!lexer.accept('}')) {
    if (elements.count > 0) {
      PARE_TRY(lexer.expect(','));
    }
    PARE_TRY(parse_element(lexer, type.dtype, elements));
  }
  const auto wanted = element_count(*dims);
  if (!wanted || *wanted != static_cast<int64_t>(elements.count)) {
    return Lexer::unexpected(at, (wanted ? std::to_string(*wanted) : std::string("fewer")) + " elements for " +
                                     to_string(type) + ", not " + std::to_string(elements.count));
  }
  return tensor_of(type.dtype, *dims, elements);
}

Result<Attributes> parse_attributes(Lexer& lexer, int depth) {
  Attributes attributes;
  std::set<std::string> names;
  if (!lexer.accept('{')) return attributes;
  while (!lexer.accept('}')) {
    if (!attributes.empty()) {
      PARE_TRY(lexer.expect(','));
    }
    const Token at = lexer.peek();
    PARE_ASSIGN(std::string name, parse_name(lexer, "the name of an attribute"));
    if (!names.insert(name).second) return Lexer::unexpected(at, "each attribute once");
    PARE_TRY(lexer.expect('='));
    PARE_ASSIGN(Attribute value, parse_value(lexer, depth));
    attributes.push_back({std::move(name), std::move(value)});
  }
  return attributes;
}

}  // namespace pare
