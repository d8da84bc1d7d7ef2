#pragma once
/// Prepared statements and portals of one session.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/session/kept_rows.hpp"
#include "actors/session/result_writer.hpp"
#include "runtime/exec/execution.hpp"
#include "runtime/settings/settings_snapshot.hpp"
#include "storage/lock/table_lock_mode.hpp"
#include "runtime/plan/statement_plan.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe {

struct TableLockWish {
  TablePtr table;
  TableLockMode mode = TableLockMode::kAccessShare;
};

/// The rows that are kept of a continuous view. As of when they are read is not the snapshot's business: what the view's
/// tables had then came into the tree later.
struct KeptRead {
  Oid view = kNoOid;
  TreeId tree = 0;
};

/// A parsed statement and its newest plan. Shared between its name and the portals made from it.
struct Prepared {
  std::string name;
  sql::ParsedSqlPtr parsed;
  const sql::RawStatement* raw = nullptr;  ///< null: an empty query
  std::vector<Type> declared;              ///< parameter types the client gave; unknown ones are inferred
  StatementPlanPtr plan;                   ///< null: not planned yet, or utility
  std::shared_ptr<const SearchPath> search_path;  ///< that the plan was made with
  bool views_by_query = false;             ///< the plan reads continuous views so, if it reads any
  bool has_views = false;                  ///< it does
  std::vector<KeptRead> kept_reads;        ///< those of them whose kept rows it reads
  uint64_t temporaries = 0;                ///< Backend::temporaries_ at that time
  std::shared_ptr<const ExecutablePlan> executable;  ///< of the plan, once it ran
  std::vector<TableLockWish> locks;                  ///< that running the plan takes
  bool told = false;                       ///< by Parse or PREPARE: the client counts on its columns and parameters
  bool for_cursor = false;                 ///< DECLARE's: the plan has row keys
  bool by_sql = false;                     ///< PREPARE rather than Parse
  std::string source;                      ///< by_sql: the text that PREPARE stands in
  int64_t prepared_us = 0;
  std::shared_ptr<const struct FunctionFrame> function;  ///< whose body it is part of; null: none
  std::vector<Type> result;                ///< what that function returns, if it returns this statement's rows

  std::string_view text() const { return raw == nullptr ? std::string_view{} : parsed->text_of(*raw); }
};

/// A bound statement and how far it has run.
struct Portal {
  std::string name;
  std::shared_ptr<Prepared> prepared;
  StatementPlanPtr plan;
  std::vector<Value> parameters;
  std::vector<int16_t> result_formats;  ///< none: all text, one: all of them so
  bool hold = false;                    ///< WITH HOLD: lives on after its transaction

  /// The simple protocol: columns are described before the rows, and a statement of its own commits at its end.
  bool describe_first = false;
  bool quiet = false;  ///< the session's own doing: notices are for nobody
  bool described = false;
  bool of_known_plan = false;  ///< a text that differs from an earlier one in its constants only (plan_cache.hpp)
  bool outdated = false;       ///< that plan is of no use any more: the text is to be run
  /// A cursor's query, which is part of the DECLARE statement.
  std::unique_ptr<sql::RawStatement> cursor_query;

  // While it runs.
  bool started = false;
  bool suspended = false;  ///< counted in the backend's suspended portals
  bool at_end = false;     ///< a cursor that gave its last row
  bool passes = false;     ///< MOVE: rows are passed over, not sent
  /// A cursor's rows, unless it is NO SCROLL or locks them: all of them when it is declared SCROLL or WITH HOLD, else
  /// those that were fetched.
  std::unique_ptr<KeptRows> kept;
  bool scrolls = false;
  bool survives = false;   ///< WITH HOLD, and the transaction that declared it has committed
  ExecContext context;
  bool finished = false;
  std::unique_ptr<Execution> execution;
  ResultWriter writer;
  Batch batch;             ///< rows fetched and not yet all sent
  uint32_t batch_at = 0;
  uint64_t rows_sent = 0;
  uint64_t rows_before = 0;  ///< sent by earlier Executes
  std::string tag;         ///< of a statement that has ended

  bool binary(size_t column) const {
    if (result_formats.empty()) return false;
    return result_formats[result_formats.size() == 1 ? 0 : column] == 1;
  }
};

}  // namespace troupe
