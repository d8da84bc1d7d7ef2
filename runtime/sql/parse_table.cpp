// CREATE TABLE, CREATE TABLE AS, CREATE FOREIGN TABLE, partitions.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

void parse_column_qualifiers(TokenStream& in, ColumnDefinition* column) {
  ListBuilder<const Constraint*> constraints(in);
  for (;;) {
    if (in.at(Keyword::kCollate)) {
      if (!column->collation.empty())
        in.fail(ErrorCode::kSyntaxError, in.position(), "multiple COLLATE clauses not allowed");
      in.skip();
      column->collation = parse_any_name(in);
    } else if (at_column_constraint(in)) {
      constraints.add(parse_column_constraint(in));
    } else {
      break;
    }
  }
  column->constraints = constraints.finish();
}

uint32_t parse_like_option(TokenStream& in) {
  const Keyword keyword = in.keyword();
  if (!in.at(TokenKind::kWord)) in.fail();
  uint32_t option = 0;
  switch (keyword) {
    case Keyword::kComments: option = kLikeComments; break;
    case Keyword::kCompression: option = kLikeCompression; break;
    case Keyword::kConstraints: option = kLikeConstraints; break;
    case Keyword::kDefaults: option = kLikeDefaults; break;
    case Keyword::kGenerated: option = kLikeGenerated; break;
    case Keyword::kIdentity: option = kLikeIdentity; break;
    case Keyword::kIndexes: option = kLikeIndexes; break;
    case Keyword::kStatistics: option = kLikeStatistics; break;
    case Keyword::kStorage: option = kLikeStorage; break;
    case Keyword::kAll: option = kLikeAll; break;
    default: in.fail();
  }
  in.skip();
  return option;
}

const Node* parse_like(TokenStream& in) {
  auto* like = in.make<LikeTable>();
  in.skip();
  like->table = parse_qualified_name(in);
  while (in.at(Keyword::kIncluding) || in.at(Keyword::kExcluding)) {
    const bool including = in.at(Keyword::kIncluding);
    in.skip();
    const uint32_t option = parse_like_option(in);
    like->options = including ? like->options | option : like->options & ~option;
  }
  return like;
}

const Node* parse_element(TokenStream& in) {
  if (in.at(Keyword::kLike)) return parse_like(in);
  if (at_table_constraint(in)) return parse_table_constraint(in);
  return parse_column_definition(in);
}

// In CREATE TABLE … OF and PARTITION OF: columns have no type.
const Node* parse_typed_element(TokenStream& in) {
  if (at_table_constraint(in)) return parse_table_constraint(in);
  auto* column = in.make<ColumnDefinition>();
  column->name = parse_column_name(in);
  if (in.accept(Keyword::kWith)) in.expect(Keyword::kOptions);
  parse_column_qualifiers(in, column);
  return column;
}

void parse_typed_elements(TokenStream& in, CreateTableStatement* create) {
  if (in.at(TokenKind::kOpen)) create->elements = parse_list_in_parentheses(in, parse_typed_element);
}

void parse_storage(TokenStream& in, CreateTableStatement* create) {
  if (in.at(Keyword::kPartition)) create->partition_by = parse_partition_by(in);
  create->access_method = parse_optional_access_method(in);
  create->options = parse_with_options(in);
  create->on_commit = parse_on_commit(in);
  create->tablespace = parse_optional_tablespace(in);
}

Statement* parse_table_as(TokenStream& in, const TableRef* table, bool if_not_exists, Persistence persistence,
                          uint32_t position) {
  auto* create = in.make<CreateTableAsStatement>(position);
  auto* into = in.arena().make<IntoClause>();
  into->table = table;
  into->persistence = persistence;
  into->columns = parse_optional_names(in);
  into->access_method = parse_optional_access_method(in);
  into->options = parse_with_options(in);
  into->on_commit = parse_on_commit(in);
  into->tablespace = parse_optional_tablespace(in);
  in.expect(Keyword::kAs);
  create->into = into;
  create->if_not_exists = if_not_exists;
  create->query = in.at(Keyword::kExecute) ? parse_utility(in) : parse_select(in);
  create->with_data = parse_with_data(in);
  return create;
}

// A name and a comma or parenthesis: CREATE TABLE t (a, b) AS …
bool at_column_list(TokenStream& in) {
  if (!in.at(TokenKind::kOpen) || !can_name_column(in.peek(1))) return false;
  return in.peek(2).kind == TokenKind::kComma || in.peek(2).kind == TokenKind::kClose;
}

bool at_table_as(TokenStream& in) {
  return at_column_list(in) || in.at(Keyword::kAs) || in.at(Keyword::kWith) || in.at(Keyword::kWithout) ||
         in.at(Keyword::kUsing) || in.at(Keyword::kOn) || in.at(Keyword::kTablespace);
}

List<const TableRef*> parse_inherits(TokenStream& in) {
  if (!in.accept(Keyword::kInherits)) return {};
  return parse_list_in_parentheses(in, [](TokenStream& s) -> const TableRef* { return parse_qualified_name(s); });
}

void parse_elements(TokenStream& in, CreateTableStatement* create) {
  in.expect(TokenKind::kOpen);
  if (!in.at(TokenKind::kClose)) create->elements = parse_list(in, parse_element);
  in.expect(TokenKind::kClose);
  create->inherits = parse_inherits(in);
}

void parse_partition_of(TokenStream& in, CreateTableStatement* create) {
  in.skip();
  in.expect(Keyword::kOf);
  create->partition_of = parse_qualified_name(in);
  parse_typed_elements(in, create);
  create->bound = parse_partition_bound(in);
}

const IndexElement* parse_partition_key(TokenStream& in) { return parse_index_element(in); }

int32_t parse_hash_value(TokenStream& in, PartitionBound* bound) {
  const uint32_t position = in.position();
  const std::string_view name = parse_word(in);
  const int32_t value = parse_integer(in);
  if (name == "modulus") {
    bound->modulus = value;
  } else if (name == "remainder") {
    bound->remainder = value;
  } else {
    in.fail(ErrorCode::kSyntaxError, position, cat("unrecognized hash partition bound specification \"", name, "\""));
  }
  return value;
}

}  // namespace

Persistence parse_persistence(TokenStream& in) {
  const bool scoped = in.at(Keyword::kGlobal) || in.at(Keyword::kLocal);
  if (scoped) in.skip();
  if (in.accept(Keyword::kTemporary) || in.accept(Keyword::kTemp)) return Persistence::kTemporary;
  if (scoped) in.fail();
  return in.accept(Keyword::kUnlogged) ? Persistence::kUnlogged : Persistence::kPermanent;
}

const ColumnDefinition* parse_column_definition(TokenStream& in) {
  auto* column = in.make<ColumnDefinition>();
  column->name = parse_column_name(in);
  column->type = parse_type(in);
  if (in.accept(Keyword::kCompression))
    column->compression = in.at(Keyword::kDefault) ? parse_label(in) : parse_column_name(in);
  column->foreign_options = parse_optional_foreign_options(in);
  parse_column_qualifiers(in, column);
  return column;
}

const ColumnDefinition* parse_table_function_column(TokenStream& in) {
  auto* column = in.make<ColumnDefinition>();
  column->name = parse_column_name(in);
  column->type = parse_type(in);
  if (in.accept(Keyword::kCollate)) column->collation = parse_any_name(in);
  return column;
}

std::string_view parse_optional_tablespace(TokenStream& in) {
  return in.accept(Keyword::kTablespace) ? parse_column_name(in) : std::string_view{};
}

std::string_view parse_optional_access_method(TokenStream& in) {
  return in.accept(Keyword::kUsing) ? parse_column_name(in) : std::string_view{};
}

OnCommit parse_on_commit(TokenStream& in) {
  if (!in.accept(Keyword::kOn)) return OnCommit::kDefault;
  in.expect(Keyword::kCommit);
  if (in.accept(Keyword::kDrop)) return OnCommit::kDrop;
  const bool preserve = in.accept(Keyword::kPreserve);
  if (!preserve) in.expect(Keyword::kDelete);
  in.expect(Keyword::kRows);
  return preserve ? OnCommit::kPreserveRows : OnCommit::kDeleteRows;
}

bool parse_with_data(TokenStream& in) {
  if (!in.at(Keyword::kWith)) return true;
  in.skip();
  const bool no = in.accept(Keyword::kNo);
  in.expect(Keyword::kData);
  return !no;
}

const PartitionBy* parse_partition_by(TokenStream& in) {
  auto* node = in.make<PartitionBy>();
  in.expect(Keyword::kPartition, Keyword::kBy);
  const uint32_t position = in.position();
  const std::string_view strategy = parse_column_name(in);
  if (strategy == "range") {
    node->strategy = PartitionStrategy::kRange;
  } else if (strategy == "list") {
    node->strategy = PartitionStrategy::kList;
  } else if (strategy == "hash") {
    node->strategy = PartitionStrategy::kHash;
  } else {
    in.fail(ErrorCode::kInvalidParameterValue, position, cat("unrecognized partitioning strategy \"", strategy, "\""));
  }
  node->keys = parse_list_in_parentheses(in, parse_partition_key);
  return node;
}

const PartitionBound* parse_partition_bound(TokenStream& in) {
  auto* bound = in.make<PartitionBound>();
  if (in.accept(Keyword::kDefault)) {
    bound->is_default = true;
    return bound;
  }
  in.expect(Keyword::kFor, Keyword::kValues);
  if (in.accept(Keyword::kIn)) {
    bound->strategy = PartitionStrategy::kList;
    bound->values = parse_list_in_parentheses(in, parse_expr);
  } else if (in.accept(Keyword::kWith)) {
    bound->strategy = PartitionStrategy::kHash;
    parse_list_in_parentheses(in, [bound](TokenStream& s) { return parse_hash_value(s, bound); });
  } else {
    in.expect(Keyword::kFrom);
    bound->strategy = PartitionStrategy::kRange;
    bound->from = parse_list_in_parentheses(in, parse_expr);
    in.expect(Keyword::kTo);
    bound->to = parse_list_in_parentheses(in, parse_expr);
  }
  return bound;
}

Statement* parse_create_table(TokenStream& in, Persistence persistence, uint32_t position) {
  const bool if_not_exists = accept_if_not_exists(in);
  const TableRef* table = parse_qualified_name(in);
  if (at_table_as(in)) return parse_table_as(in, table, if_not_exists, persistence, position);
  auto* create = in.make<CreateTableStatement>(position);
  create->table = table;
  create->persistence = persistence;
  create->if_not_exists = if_not_exists;
  if (in.at(Keyword::kPartition)) {
    parse_partition_of(in, create);
  } else if (in.at(Keyword::kOf)) {
    in.skip();
    auto* type = in.make<TypeName>();
    type->name = parse_any_name(in);
    create->of_type = type;
    parse_typed_elements(in, create);
  } else {
    parse_elements(in, create);
  }
  parse_storage(in, create);
  return create;
}

Statement* parse_create_foreign_table(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateTableStatement>(position);
  create->foreign = true;
  create->if_not_exists = accept_if_not_exists(in);
  create->table = parse_qualified_name(in);
  if (in.at(Keyword::kPartition)) {
    parse_partition_of(in, create);
  } else {
    parse_elements(in, create);
  }
  in.expect(Keyword::kServer);
  create->server = parse_column_name(in);
  create->foreign_options = parse_optional_foreign_options(in);
  return create;
}

const IntoClause* parse_into(TokenStream& in) {
  auto* into = in.arena().make<IntoClause>();
  in.skip();
  into->persistence = parse_persistence(in);
  in.accept(Keyword::kTable);
  into->table = parse_qualified_name(in);
  return into;
}

}  // namespace troupe::sql
