// TUMBLE, HOP, CUMULATE and SESSION in FROM: windows of time, as Flink has them after SQL:2016's polymorphic table
// functions. Each row comes out once for every window it is in, with window_start and window_end behind its own
// columns. They are no functions of the catalog: what they mean is written here, in the terms of SQL that there are.
//
//   TUMBLE(TABLE t, DESCRIPTOR(ts), size [, offset])
//     SELECT *, <bin of ts by size> AS window_start, <the same> + size AS window_end FROM t
//   HOP(TABLE t, DESCRIPTOR(ts), slide, size [, offset])
//     SELECT *, window_start + size AS window_end
//     FROM t, generate_series(<bin of ts by slide>, ts - size + '1 microsecond', -slide) AS hop(window_start)
//   CUMULATE(TABLE t, DESCRIPTOR(ts), step, size [, offset])
//     SELECT *, <bin of ts by size> AS window_start
//     FROM t, generate_series(<bin of ts by step> + step, <bin of ts by size> + size, step) AS cumulate(window_end)
//   SESSION(TABLE t [PARTITION BY keys], DESCRIPTOR(ts), gap)
//     SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY keys ORDER BY ts
//       MEASURES FIRST(ts) AS window_start, FINAL LAST(ts) + gap AS window_end
//       ALL ROWS PER MATCH PATTERN (first more*) DEFINE more AS ts < PREV(ts) + gap)
#include <utility>

#include "runtime/sql/grammar.hpp"

namespace troupe::sql {
namespace {

enum class Kind : uint8_t { kTumble, kHop, kCumulate, kSession };

/// Windows are aligned to 1970-01-01 UTC; of a timestamp without time zone the zone is not looked at.
constexpr std::string_view kOrigin = "1970-01-01 00:00:00+00";

class TimeWindow {
 public:
  explicit TimeWindow(TokenStream& in) : in_{in}, position_{in.position()} {}

  FromItem* parse() {
    std::string_view name = "session";
    kind_ = Kind::kSession;
    for (const auto& [word, kind] : {std::pair<std::string_view, Kind>{"tumble", Kind::kTumble},
                                     {"hop", Kind::kHop},
                                     {"cumulate", Kind::kCumulate}}) {
      if (!in_.at_word(word)) continue;
      name = word;
      kind_ = kind;
    }
    in_.skip();
    in_.expect(TokenKind::kOpen);
    parse_table();
    in_.expect(TokenKind::kComma);
    parse_time();
    in_.expect(TokenKind::kComma);
    first_ = parse_expr(in_);
    if (kind_ == Kind::kHop || kind_ == Kind::kCumulate) {
      in_.expect(TokenKind::kComma);
      second_ = parse_expr(in_);
    }
    if (kind_ != Kind::kSession && in_.accept(TokenKind::kComma)) offset_ = parse_expr(in_);
    in_.expect(TokenKind::kClose);
    auto* item = in_.make<SubqueryRef>(position_);
    item->query = query();
    item->alias = parse_optional_alias(in_);
    if (item->alias == nullptr) item->alias = alias(name, {});
    return item;
  }

 private:
  void parse_table() {
    in_.expect(Keyword::kTable);
    if (in_.at(TokenKind::kOpen)) {
      auto* subquery = in_.make<SubqueryRef>();
      subquery->query = parse_query_in_parentheses(in_);
      subquery->alias = alias("events", {});
      table_ = subquery;
    } else {
      table_ = parse_relation(in_);
    }
    if (kind_ == Kind::kSession && in_.accept(Keyword::kPartition, Keyword::kBy)) parse_keys();
  }

  // Up to the comma before DESCRIPTOR.
  void parse_keys() {
    ListBuilder<const Expr*> keys(in_);
    do {
      keys.add(parse_expr(in_));
    } while (!(in_.at_word("descriptor", 1) && in_.peek(2).kind == TokenKind::kOpen) && in_.accept(TokenKind::kComma));
    keys_ = keys.finish();
  }

  void parse_time() {
    if (!in_.accept_word("descriptor")) in_.fail();
    in_.expect(TokenKind::kOpen);
    auto* column = in_.make<ColumnRef>();
    column->name = make_name(in_, {parse_column_name(in_)});
    time_ = column;
    in_.expect(TokenKind::kClose);
  }

  const SelectStatement* query() {
    switch (kind_) {
      case Kind::kTumble:
        return select({star(), target(bin(first_), "window_start"), target(plus(bin(first_), first_), "window_end")},
                      {table_});
      case Kind::kHop: {
        const Expr* after = plus(op("-", time_, second_), interval("1 microsecond"));
        const Expr* down = op("-", nullptr, first_);
        return select({star(), target(plus(column("window_start"), second_), "window_end")},
                      {table_, series({bin(first_), after, down}, "hop", "window_start")});
      }
      case Kind::kCumulate: {
        const Expr* series_from = plus(bin(first_), first_);
        const Expr* series_to = plus(bin(second_), second_);
        return select({star(), target(bin(second_), "window_start")},
                      {table_, series({series_from, series_to, first_}, "cumulate", "window_end")});
      }
      case Kind::kSession: return select({star()}, {sessions()});
    }
    return nullptr;
  }

  const FromItem* sessions() {
    auto* match = in_.make<MatchRecognize>(position_);
    match->input = table_;
    match->partition_by = keys_;
    auto* order = in_.make<SortItem>(position_);
    order->value = time_;
    match->order_by = list<const SortItem*>({order});
    auto* last = in_.make<RowSemanticsExpr>(position_);
    last->final = true;
    last->argument = call("last", {time_});
    match->measures = list<const MatchMeasure*>(
        {measure(call("first", {time_}), "window_start"), measure(plus(last, first_), "window_end")});
    match->rows = RowsPerMatch::kShowEmpty;
    auto* more = pattern(PatternExpr::Type::kQuantified);
    more->items = list<const PatternExpr*>({variable("more")});
    more->maximum = PatternExpr::kUnbounded;
    auto* all = pattern(PatternExpr::Type::kConcatenation);
    all->items = list<const PatternExpr*>({variable("first"), more});
    match->pattern = all;
    auto* definition = in_.make<MatchDefinition>(position_);
    definition->variable = "more";
    definition->condition = op("<", time_, plus(call("prev", {time_}), first_));
    match->definitions = list<const MatchDefinition*>({definition});
    return match;
  }

  // --- nodes ---

  template <typename T>
  List<T> list(std::initializer_list<T> items) {
    return in_.arena().copy(items.begin(), items.size());
  }
  const SelectStatement* select(std::initializer_list<const Target*> targets,
                                std::initializer_list<const FromItem*> from) {
    auto* statement = in_.make<SelectStatement>(position_);
    statement->targets = list<const Target*>(targets);
    statement->from = list<const FromItem*>(from);
    return statement;
  }
  const Target* target(const Expr* value, std::string_view name) {
    auto* node = in_.make<Target>(position_);
    node->value = value;
    node->alias = name;
    return node;
  }
  const Target* star() {
    auto* all = in_.make<ColumnRef>(position_);
    all->star = true;
    return target(all, {});
  }
  const Expr* column(std::string_view name) {
    auto* node = in_.make<ColumnRef>(position_);
    node->name = make_name(in_, {name});
    return node;
  }
  const Expr* call(std::string_view name, std::initializer_list<const Expr*> arguments) {
    auto* node = in_.make<FunctionCall>(position_);
    node->name = make_name(in_, {name});
    node->arguments = list<const Expr*>(arguments);
    return node;
  }
  const Expr* op(std::string_view symbol, const Expr* left, const Expr* right) {
    return make_operator(in_, symbol, left, right, position_);
  }
  const Expr* plus(const Expr* left, const Expr* right) { return op("+", left, right); }
  const Expr* interval(std::string_view text) {
    return make_cast(in_, make_string(in_, text, position_), make_catalog_type(in_, "interval", position_), position_);
  }
  /// The window of this length that the time is in, by its beginning.
  const Expr* bin(const Expr* length) {
    const Expr* time = offset_ == nullptr ? time_ : op("-", time_, offset_);
    const Expr* begin = call("date_bin", {length, time, make_string(in_, kOrigin, position_)});
    return offset_ == nullptr ? begin : plus(begin, offset_);
  }
  const FromItem* series(std::initializer_list<const Expr*> arguments, std::string_view name, std::string_view column) {
    auto* item = in_.make<FunctionRef>(position_);
    TableFunction function;
    function.call = call("generate_series", arguments);
    item->functions = in_.arena().copy(&function, 1);
    item->alias = alias(name, list<std::string_view>({column}));
    return item;
  }
  const Alias* alias(std::string_view name, List<std::string_view> columns) {
    auto* node = in_.arena().make<Alias>();
    node->name = name;
    node->columns = columns;
    return node;
  }
  const MatchMeasure* measure(const Expr* value, std::string_view name) {
    auto* node = in_.make<MatchMeasure>(position_);
    node->value = value;
    node->name = name;
    return node;
  }
  PatternExpr* pattern(PatternExpr::Type type) {
    auto* node = in_.make<PatternExpr>(position_);
    node->type = type;
    return node;
  }
  const PatternExpr* variable(std::string_view name) {
    PatternExpr* node = pattern(PatternExpr::Type::kVariable);
    node->name = name;
    return node;
  }

  TokenStream& in_;
  const uint32_t position_;
  Kind kind_ = Kind::kTumble;
  const FromItem* table_ = nullptr;
  ExprList keys_;
  const Expr* time_ = nullptr;
  const Expr* first_ = nullptr;   ///< size, slide, step or gap
  const Expr* second_ = nullptr;  ///< size
  const Expr* offset_ = nullptr;
};

}  // namespace

// None of the words is reserved, but no call can have TABLE for its first argument.
bool at_time_window(TokenStream& in) {
  const bool named = in.at_word("tumble") || in.at_word("hop") || in.at_word("cumulate") || in.at(Keyword::kSession);
  return named && in.at_next(TokenKind::kOpen) && in.peek(2).keyword == Keyword::kTable;
}

FromItem* parse_time_window(TokenStream& in) {
  const Nested nested(in);
  return TimeWindow(in).parse();
}

}  // namespace troupe::sql
