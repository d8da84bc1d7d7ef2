// EXPLAIN, VACUUM, ANALYZE, REINDEX, CLUSTER.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

using Options = ListBuilder<const Option*>;

void add_flag(TokenStream& in, Options* options, std::string_view name, uint32_t position) {
  options->add(make_option(in, name, nullptr, position));
}

void accept_flag(TokenStream& in, Options* options, Keyword keyword, std::string_view name) {
  const uint32_t position = in.position();
  if (in.accept(keyword)) add_flag(in, options, name, position);
}

bool at_analyze(const TokenStream& in) { return in.at(Keyword::kAnalyze) || in.at(Keyword::kAnalyse); }

void accept_analyze(TokenStream& in, Options* options) {
  if (!at_analyze(in)) return;
  add_flag(in, options, "analyze", in.position());
  in.skip();
}

const VacuumTarget* parse_vacuum_target(TokenStream& in) {
  auto* target = in.make<VacuumTarget>();
  target->table = parse_qualified_name(in);
  target->columns = parse_optional_names(in);
  return target;
}

Statement* parse_vacuum(TokenStream& in) {
  auto* vacuum = in.make<VacuumStatement>();
  vacuum->analyze_only = at_analyze(in);
  in.skip();
  if (in.at(TokenKind::kOpen)) {
    vacuum->options = parse_utility_options(in);
  } else {
    Options options(in);
    if (!vacuum->analyze_only) {
      accept_flag(in, &options, Keyword::kFull, "full");
      accept_flag(in, &options, Keyword::kFreeze, "freeze");
    }
    accept_flag(in, &options, Keyword::kVerbose, "verbose");
    if (!vacuum->analyze_only) accept_analyze(in, &options);
    vacuum->options = options.finish();
  }
  if (can_name_column(in.token())) vacuum->targets = parse_list(in, parse_vacuum_target);
  return vacuum;
}

ReindexStatement::Target parse_reindex_target(TokenStream& in) {
  using Target = ReindexStatement::Target;
  if (in.accept(Keyword::kIndex)) return Target::kIndex;
  if (in.accept(Keyword::kTable)) return Target::kTable;
  if (in.accept(Keyword::kSchema)) return Target::kSchema;
  if (in.accept(Keyword::kSystem)) return Target::kSystem;
  in.expect(Keyword::kDatabase);
  return Target::kDatabase;
}

Statement* parse_reindex(TokenStream& in) {
  auto* reindex = in.make<ReindexStatement>();
  in.skip();
  Options options(in);
  if (in.at(TokenKind::kOpen)) {
    for (const Option* option : parse_utility_options(in)) options.add(option);
  }
  reindex->target = parse_reindex_target(in);
  accept_flag(in, &options, Keyword::kConcurrently, "concurrently");
  if (reindex->target <= ReindexStatement::Target::kTable) {
    reindex->relation = parse_qualified_name(in);
  } else {
    reindex->name = parse_column_name(in);
  }
  reindex->options = options.finish();
  return reindex;
}

Statement* parse_cluster(TokenStream& in) {
  auto* cluster = in.make<ClusterStatement>();
  in.skip();
  const bool listed = in.at(TokenKind::kOpen);
  if (listed) {
    cluster->options = parse_utility_options(in);
  } else {
    Options options(in);
    accept_flag(in, &options, Keyword::kVerbose, "verbose");
    cluster->options = options.finish();
  }
  if (!listed && !can_name_column(in.token())) return cluster;
  if (in.at_next(Keyword::kOn)) {  // CLUSTER index ON table, of before 8.3
    cluster->index = parse_column_name(in);
    in.skip();
    cluster->table = parse_qualified_name(in);
    return cluster;
  }
  cluster->table = parse_qualified_name(in);
  if (in.accept(Keyword::kUsing)) cluster->index = parse_column_name(in);
  return cluster;
}

const Statement* parse_explained(TokenStream& in) {
  const Token first = in.token();
  switch (in.at(TokenKind::kWord) ? in.keyword() : Keyword::kNoKeyword) {
    case Keyword::kDeclare: return parse_cursor_statement(in);
    case Keyword::kExecute: return parse_utility(in);
    case Keyword::kRefresh: return parse_refresh(in);
    case Keyword::kCreate: {
      const Statement* create = parse_create(in);
      if (!create->is<CreateTableAsStatement>()) in.fail_at(first);
      return create;
    }
    default: return parse_preparable(in);
  }
}

bool at_explain_options(TokenStream& in) {
  if (!in.at(TokenKind::kOpen)) return false;
  const Token& next = in.peek(1);
  if (next.kind != TokenKind::kWord) return next.kind == TokenKind::kQuotedWord;
  switch (next.keyword) {
    case Keyword::kSelect:
    case Keyword::kValues:
    case Keyword::kWith:
    case Keyword::kTable: return false;
    default: return true;
  }
}

}  // namespace

Statement* parse_explain(TokenStream& in) {
  auto* explain = in.make<ExplainStatement>();
  in.skip();
  if (at_explain_options(in)) {
    explain->options = parse_utility_options(in);
  } else {
    Options options(in);
    accept_analyze(in, &options);
    accept_flag(in, &options, Keyword::kVerbose, "verbose");
    explain->options = options.finish();
  }
  explain->query = parse_explained(in);
  return explain;
}

Statement* parse_maintenance(TokenStream& in) {
  if (in.at(Keyword::kReindex)) return parse_reindex(in);
  if (in.at(Keyword::kCluster)) return parse_cluster(in);
  return parse_vacuum(in);
}

}  // namespace troupe::sql
