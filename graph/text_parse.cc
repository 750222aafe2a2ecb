#include <algorithm>

#include "graph/text.h"
#include "graph/text_parser.h"
#include "graph/verify.h"

namespace pare {
namespace {

constexpr int kMaxDepth = 64;  // of nested graphs

struct OpName {
  std::string domain, type;
  std::optional<int64_t> version;
};

// Conv, com.acme.Foo, com.acme.Foo@2, "any domain":"any type"@1
Result<OpName> parse_op_name(Lexer& lexer) {
  OpName name;
  const Token token = lexer.peek();
  if (token.kind == Token::Kind::text) {
    name.domain = lexer.next().content;
    PARE_TRY(lexer.expect(':'));
    if (lexer.peek().kind != Token::Kind::text) return lexer.unexpected("the operator's type in quotes");
    name.type = lexer.next().content;
  } else {
    PARE_ASSIGN(name.type, parse_name(lexer, "an operator"));
    const size_t dot = name.type.rfind('.');
    if (dot != std::string::npos) {
      name.domain = name.type.substr(0, dot);
      name.type = name.type.substr(dot + 1);
    }
  }
  if (lexer.accept('@')) {
    PARE_ASSIGN(name.version, parse_integer(lexer, "a version"));
  }
  return name;
}

class GraphParser {
 public:
  GraphParser(Lexer& lexer, int depth) : lexer_(lexer), depth_(depth) {}

  Result<Graph> run() {
    if (depth_ > kMaxDepth) return lexer_.unexpected("graphs nested at most " + std::to_string(kMaxDepth) + " deep");
    if (!lexer_.accept_word("graph")) return lexer_.unexpected("'graph'");
    if (lexer_.peek().kind == Token::Kind::text) graph_.name = lexer_.next().content;
    PARE_TRY(lexer_.expect('{'));
    while (!lexer_.accept('}')) PARE_TRY(statement());
    for (const NodeId id : unversioned_) {
      Opaque& opaque = *as<Opaque>(graph_.node(id).op);
      const auto declared = graph_.domains.find(opaque.domain);
      if (declared != graph_.domains.end()) opaque.version = declared->second;
    }
    return std::move(graph_);
  }

 private:
  Result<void> statement() {
    if (lexer_.accept_word("input")) return source(graph_.inputs);
    if (lexer_.accept_word("capture")) return source(graph_.captured);
    if (lexer_.accept_word("const")) return constant();
    if (lexer_.accept_word("output")) {
      PARE_ASSIGN(const ValueId id, used_value());
      graph_.outputs.push_back(id);
      return {};
    }
    if (lexer_.accept_word("domain")) return domain();
    if (lexer_.accept_word("meta")) return metadata();
    return node();
  }

  // A new value, with its type where one is given.
  Result<ValueId> new_value() {
    const Token at = lexer_.peek();
    PARE_ASSIGN(std::string name, parse_name(lexer_, "the name of a value, a statement or '}'"));
    if (graph_.find(name)) return Lexer::unexpected(at, "a name that is not taken");
    Type type;
    if (lexer_.accept(':')) {
      PARE_ASSIGN(type, parse_type(lexer_));
    }
    return graph_.add_value(std::move(name), std::move(type));
  }

  Result<ValueId> used_value() {
    const Token at = lexer_.peek();
    PARE_ASSIGN(const std::string name, parse_name(lexer_, "the name of a value"));
    const auto id = graph_.find(name);
    if (!id) return Lexer::unexpected(at, "the name of a value defined above");
    return *id;
  }

  Result<void> source(std::vector<ValueId>& list) {
    PARE_ASSIGN(const ValueId id, new_value());
    list.push_back(id);
    return {};
  }

  Result<void> constant() {
    PARE_ASSIGN(const ValueId id, new_value());
    PARE_TRY(lexer_.expect('='));
    PARE_ASSIGN(Tensor tensor, parse_elements(lexer_, graph_.value(id).type));
    graph_.set_constant(id, std::move(tensor));
    return {};
  }

  Result<void> domain() {
    const Token at = lexer_.peek();
    PARE_ASSIGN(std::string name, parse_name(lexer_, "a domain"));
    PARE_ASSIGN(const int64_t version, parse_integer(lexer_, "the domain's version"));
    if (!graph_.domains.emplace(std::move(name), version).second) return Lexer::unexpected(at, "each domain once");
    return {};
  }

  Result<void> metadata() {
    if (lexer_.peek().kind != Token::Kind::text) return lexer_.unexpected("a key in quotes");
    std::string key = lexer_.next().content;
    PARE_TRY(lexer_.expect('='));
    if (lexer_.peek().kind != Token::Kind::text) return lexer_.unexpected("a text in quotes");
    graph_.metadata.emplace_back(std::move(key), lexer_.next().content);
    return {};
  }

  Result<std::vector<ValueId>> results() {
    std::vector<ValueId> outputs;
    if (lexer_.accept('=')) return outputs;
    do {
      if (lexer_.accept_word("_")) {
        outputs.push_back(ValueId::none);
      } else {
        PARE_ASSIGN(const ValueId id, new_value());
        outputs.push_back(id);
      }
    } while (lexer_.accept(','));
    PARE_TRY(lexer_.expect('='));
    return outputs;
  }

  // (a, _, b): uses of values of this graph.
  Result<std::vector<ValueId>> arguments() {
    std::vector<ValueId> ids;
    PARE_TRY(lexer_.expect('('));
    while (!lexer_.accept(')')) {
      if (!ids.empty()) PARE_TRY(lexer_.expect(','));
      if (lexer_.accept_word("_")) {
        ids.push_back(ValueId::none);
      } else {
        PARE_ASSIGN(const ValueId id, used_value());
        ids.push_back(id);
      }
    }
    return ids;
  }

  // What the subgraphs among the attributes capture from this graph.
  Result<std::vector<ValueId>> captures_of(const Attributes& attributes, const Token& at) {
    std::vector<ValueId> captures;
    for (const NamedAttribute& attribute : attributes) {
      const GraphPtr* subgraph = std::get_if<GraphPtr>(&attribute.value);
      if (subgraph == nullptr) continue;
      for (const ValueId captured : (*subgraph)->captured) {
        const std::string& name = (*subgraph)->value(captured).name;
        const auto id = graph_.find(name);
        if (!id) return Lexer::unexpected(at, "the captured value '" + name + "' to be defined above");
        if (std::find(captures.begin(), captures.end(), *id) == captures.end()) captures.push_back(*id);
      }
    }
    return captures;
  }

  Result<Op> make(const OpName& name, Attributes attributes, const Token& at) {
    std::string reason = "is not an operator this version knows";
    if (name.version) {  // only operators that are kept as they are have one
      const bool standard = op_known(name.domain, name.type);
      if (standard) reason = "is kept as opset " + std::to_string(*name.version) + " defines it";
      return Op(Opaque{name.domain, name.type, *name.version, std::move(attributes), std::move(reason)});
    }
    auto op = make_op(name.domain, name.type, 1, std::move(attributes));
    if (!op) return in_context(std::to_string(at.line) + ':' + std::to_string(at.column), op.failure());
    return op;
  }

  Result<void> node() {
    PARE_ASSIGN(std::vector<ValueId> outputs, results());
    const Token at = lexer_.peek();
    PARE_ASSIGN(const OpName name, parse_op_name(lexer_));
    PARE_ASSIGN(std::vector<ValueId> inputs, arguments());
    PARE_ASSIGN(Attributes attributes, parse_attributes(lexer_, depth_));
    std::vector<ValueId> captures;
    if (lexer_.accept_word("captures")) {
      PARE_ASSIGN(captures, arguments());
    } else {
      PARE_ASSIGN(captures, captures_of(attributes, at));
    }
    if (std::find(captures.begin(), captures.end(), ValueId::none) != captures.end()) {
      return Lexer::unexpected(at, "captures that are values");
    }
    std::string label;
    if (lexer_.peek().kind == Token::Kind::text && lexer_.peek().line == lexer_.last_line()) {
      label = lexer_.next().content;
    }
    PARE_ASSIGN(Op op, make(name, std::move(attributes), at));
    const bool unversioned = as<Opaque>(op) != nullptr && !name.version;
    const NodeId id = graph_.add_node(std::move(op), std::move(inputs), std::move(outputs), std::move(label));
    graph_.node(id).captures = std::move(captures);
    if (unversioned) unversioned_.push_back(id);
    return {};
  }

  Lexer& lexer_;
  int depth_;
  Graph graph_;
  std::vector<NodeId> unversioned_;
};

}  // namespace

Result<Graph> parse_graph(Lexer& lexer, int depth) { return GraphParser(lexer, depth).run(); }

Result<Graph> parse(std::string_view text) {
  Lexer lexer(text);
  PARE_ASSIGN(Graph graph, parse_graph(lexer, 0));
  if (lexer.peek().kind != Token::Kind::end) return lexer.unexpected("the end");
  PARE_TRY(verify(graph));
  PARE_TRY(infer_types(graph));
  return graph;
}

}  // namespace pare
