#pragma once
/// What a partition is told once about the work it does near the data: a fragment's definition. The session makes the
/// spec when it compiles a plan, sends it encoded with the first request and later calls it by its id, the hash of the
/// encoded bytes.
///
/// Expressions see the table's columns by row position (layout columns), then the `extras` columns that a write sends
/// along with each key. Parameters are the request's params, in the order of FragmentInputs.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/modify_plan.hpp"
#include "runtime/plan/plan.hpp"
#include "storage/column/key_codec.hpp"

namespace troupe {

/// An index as the writer of a row maintains it.
struct FragmentIndex {
  TreeId tree = 0;
  bool global = false;  ///< its entries lie elsewhere: a change is reported (UniqueChange), not made
  bool nulls_not_distinct = false;
  std::vector<KeyColumn> columns;
  ExprList values;      ///< over layout columns, one per column
  ExprPtr predicate;    ///< rows without a true one have no entry; null: all have
};

struct FragmentSpec {
  // The table.
  std::string table;                      ///< name, for messages
  std::vector<Type> types;                ///< of layout columns; dropped ones too
  std::vector<Physical> kinds;            ///< parallel to types: how they are stored
  std::vector<std::string> column_names;  ///< empty name: dropped
  std::vector<Value> missing;             ///< what absent columns of old rows read as

  // Reading, and the newest version of a row to be written.
  ExprPtr filter;                         ///< null: every row
  ExprList output;                        ///< the rows of a read; RETURNING of a write
  bool with_row_key = false;              ///< one more output column: make_row_locator()
  bool with_key = false;                  ///< one more output column: the row's key in its tree
  std::shared_ptr<const Aggregation> partial;  ///< in place of output
  std::vector<SortKey> order;             ///< over output: the first row_limit rows in this order

  // Writing.
  bool check_always = false;              ///< the filter runs for every row, not only for changed ones
  std::vector<Type> extras;
  std::vector<ColumnAssignment> assignments;
  std::vector<ColumnAssignment> generated;  ///< after the assignments, over the row that they made
  std::vector<uint32_t> not_null;
  std::vector<CheckCondition> checks;
  std::vector<FragmentIndex> indexes;
  /// With RETURNING: these layout columns of the row go along after `output`; of an update as they are, then as they
  /// were (null where there was no row before).
  std::vector<uint32_t> watched;
  std::vector<uint32_t> key;              ///< the primary key's layout columns, for the row's distribution hash; empty:
  std::vector<CompareKind> key_kinds;     ///< ... the row's key is a hidden number
};

std::string encode_fragment(const FragmentSpec& spec);
/// Errors: kDataCorrupted; 42883 for a function this node does not know.
absl::StatusOr<FragmentSpec> decode_fragment(std::string_view definition);

/// Never 0.
uint64_t fragment_id(std::string_view definition);

/// The clock and settings a fragment's expressions run under, and its parameters: Read.params, Write.params.
std::string encode_fragment_params(const EvalContext& context, std::span<const Value> params);
struct FragmentParams {
  EvalContext context;  ///< points into settings
  SessionSettings settings;
  std::vector<Value> params;
};
/// `out` must stay where it is while its context is used.
absl::Status decode_fragment_params(std::string_view bytes, FragmentParams* out);

}  // namespace troupe
