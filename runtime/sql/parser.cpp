#include "runtime/sql/parser.hpp"

#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {

Statement* parse_statement_node(TokenStream& in) {
  if (in.at(TokenKind::kOpen)) return parse_select(in);
  if (!in.at(TokenKind::kWord)) in.fail();
  switch (in.keyword()) {
    case Keyword::kSelect:
    case Keyword::kValues:
    case Keyword::kTable: return parse_select(in);
    case Keyword::kWith:
    case Keyword::kInsert:
    case Keyword::kUpdate:
    case Keyword::kDelete:
    case Keyword::kMerge: return parse_preparable(in);
    case Keyword::kBegin:
    case Keyword::kStart:
    case Keyword::kCommit:
    case Keyword::kEnd:
    case Keyword::kAbort:
    case Keyword::kRollback:
    case Keyword::kSavepoint:
    case Keyword::kRelease: return parse_transaction(in);
    case Keyword::kSet: return parse_set(in);
    case Keyword::kReset: return parse_reset(in);
    case Keyword::kShow: return parse_show(in);
    case Keyword::kCreate: return parse_create(in);
    case Keyword::kAlter: return parse_alter(in);
    case Keyword::kDrop: return parse_drop(in);
    case Keyword::kCopy: return parse_copy(in);
    case Keyword::kTruncate: return parse_truncate(in);
    case Keyword::kExplain: return parse_explain(in);
    case Keyword::kAnalyze:
    case Keyword::kAnalyse:
    case Keyword::kVacuum:
    case Keyword::kReindex:
    case Keyword::kCluster: return parse_maintenance(in);
    case Keyword::kDeclare:
    case Keyword::kFetch:
    case Keyword::kMove:
    case Keyword::kClose: return parse_cursor_statement(in);
    case Keyword::kGrant: return parse_grant(in);
    case Keyword::kRevoke: return parse_revoke(in);
    case Keyword::kComment: return parse_comment(in);
    case Keyword::kSecurity: return parse_security_label(in);
    case Keyword::kDo: return parse_do(in);
    case Keyword::kCall: return parse_call_statement(in);
    case Keyword::kRefresh: return parse_refresh(in);
    case Keyword::kReassign: return parse_reassign_owned(in);
    case Keyword::kImport: return parse_import_foreign(in);
    default: break;
  }
  if (Statement* utility = parse_utility(in)) return utility;
  in.fail();
}

ParsedSql::ParsedSql(Key, std::string_view text) : arena_{inline_, kInlineBytes} {
  // A tree takes a few times the text it came from; what fits the inline buffer stays there.
  if (text.size() > kInlineBytes / 8) arena_.reserve(text.size() + 1024 + std::min<size_t>(text.size() * 6, 1 << 20));
  text_ = arena_.copy(text);
}

/// Fills a ParsedSql: the only one who may.
class SqlBuilder {
 public:
  explicit SqlBuilder(std::string_view text) : sql_{std::make_shared<ParsedSql>(ParsedSql::Key{}, text)} {}

  absl::StatusOr<ParsedSqlPtr> statements(bool single) {
    return guarded([&]() -> ParsedSqlPtr {
      TokenStream in(sql_->text_, &sql_->arena_);
      ListBuilder<RawStatement, 2> statements(in);
      while (!in.at(TokenKind::kEnd)) {
        if (in.accept(TokenKind::kSemicolon)) continue;
        statements.add(statement(in));
        if (!in.at(TokenKind::kEnd) && !in.at(TokenKind::kSemicolon)) in.fail();
      }
      if (single && statements.size() > 1) {
        throw SyntaxFailure{
            error(ErrorCode::kSyntaxError, "cannot insert multiple commands into a prepared statement")};
      }
      sql_->statements_ = statements.finish();
      ListBuilder<CutName, 1> cut_names(in);
      for (const CutName& cut : in.cut_names) cut_names.add(cut);
      sql_->cut_names_ = cut_names.finish();
      return sql_;
    });
  }

  template <typename T, typename Parse>
  absl::StatusOr<std::shared_ptr<const T>> lone(Parse parse) {
    return guarded([&]() -> std::shared_ptr<const T> {
      TokenStream in(sql_->text_, &sql_->arena_);
      const T* node = parse(in);
      if (!in.at(TokenKind::kEnd)) in.fail();
      return {sql_, node};
    });
  }

 private:
  RawStatement statement(TokenStream& in) {
    RawStatement raw;
    raw.begin = in.position();
    in.parameter_count = 0;
    raw.node = parse_statement_node(in);
    raw.end = in.end_of_last();
    raw.parameter_count = in.parameter_count;
    return raw;
  }

  template <typename Work>
  auto guarded(Work work) -> absl::StatusOr<decltype(work())> {
    if (sql_->text_.size() >= UINT32_MAX)
      return error(ErrorCode::kProgramLimitExceeded, "a statement may have at most 4 GiB");
    try {
      return work();
    } catch (const SyntaxFailure& failure) {
      return failure.status;
    }
  }

  std::shared_ptr<ParsedSql> sql_;
};

absl::StatusOr<ParsedSqlPtr> parse_sql(std::string_view text) { return SqlBuilder(text).statements(false); }

absl::StatusOr<ParsedSqlPtr> parse_statement(std::string_view text) { return SqlBuilder(text).statements(true); }

absl::StatusOr<std::shared_ptr<const Expr>> parse_expression(std::string_view text) {
  return SqlBuilder(text).lone<Expr>([](TokenStream& in) { return parse_expr(in); });
}

absl::StatusOr<std::shared_ptr<const TypeName>> parse_type_name(std::string_view text) {
  return SqlBuilder(text).lone<TypeName>([](TokenStream& in) { return parse_type(in); });
}

int character_position(std::string_view text, uint32_t offset) {
  int position = 1;
  const size_t end = std::min<size_t>(offset, text.size());
  for (size_t i = 0; i < end; ++i) position += (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 ? 1 : 0;
  return position;
}

}  // namespace troupe::sql
