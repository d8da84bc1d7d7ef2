#pragma once
/// From a commit's packed changes to the events of the tables that a subscription follows.
///   decoder.begin(changes, 0);
///   while (decoder.next(&event)) ...;  if (!decoder.status().ok()) ...
/// Invariant: a change has the same number for every subscription, whatever tables it follows.
/// Owner: one subscription.
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/stream/row_json.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {

enum class RowOp : uint8_t { kInsert, kUpdate, kDelete };
std::string_view row_op_name(RowOp op);

/// Views are valid until the decoder's next call.
struct RowEvent {
  uint32_t number = 0;  ///< of the change within its commit, from 1
  RowOp op = RowOp::kInsert;
  std::string_view table;
  bool has_before = false;
  bool has_after = false;
  std::string_view before;  ///< JSON objects
  std::string_view after;
};

class ChangeDecoder {
 public:
  /// `context` says what dates and the like look like; it outlives the decoder.
  explicit ChangeDecoder(const EvalContext& context) : context_{context} {}

  /// Follows the table's tree, or learns its new definition. Trees that the table had before are still understood.
  void follow(std::shared_ptr<const TableDef> table, std::string shown_name);

  /// `changes`: of one record, which stay until the last next(); `changes_before`: how many of the same commit's changes
  /// were in earlier records. Events up to number `seen` are passed over.
  void begin(std::string_view changes, uint32_t changes_before, uint32_t seen = 0);
  /// False at the end, and on an error.
  bool next(RowEvent* event);
  const absl::Status& status() const { return status_; }
  /// The number of the change looked at last.
  uint32_t number() const { return number_; }

 private:
  struct Followed {
    std::shared_ptr<const TableDef> definition;
    std::string name;
    std::unique_ptr<RowJson> json;
  };
  Followed* find(TreeId tree);
  bool fill(Followed& table, const Change& change, RowEvent* event);

  const EvalContext& context_;
  std::map<TreeId, Followed> tables_;
  TreeId last_tree_ = 0;  ///< changes of one tree come together
  Followed* last_ = nullptr;
  ChangeReader changes_{{}};
  uint32_t number_ = 0;
  uint32_t seen_ = 0;
  std::string before_;
  std::string after_;
  absl::Status status_;
};

}  // namespace troupe
