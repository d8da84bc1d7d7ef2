#pragma once
/// From a commit's packed changes to the events of the tables that a subscription follows.
///   decoder.begin(changes, 0);
///   while ((step = decoder.next(&event)) != DecodeStep::kEnd) ...;  if (!decoder.status().ok()) ...
/// Definitions come from the log too: a commit that changes the catalog changes what its rows, and those after it, mean.
/// Invariant: a change has the same number for every subscription, whatever tables it follows.
/// Owner: one subscription.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "runtime/stream/interest.hpp"
#include "runtime/stream/row_json.hpp"
#include "storage/log/bulk_record.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {

/// kTruncate: the table was emptied. kDrop: it is no more. kSchema: it has other columns from here on. kError: a stream
/// cannot say whether the row is its own; `error` says why.
enum class RowOp : uint8_t { kInsert, kUpdate, kDelete, kTruncate, kDrop, kSchema, kError };
std::string_view row_op_name(RowOp op);

/// Views are valid until the decoder's next call.
struct RowEvent {
  uint64_t number = 0;  ///< of the change within its commit, from 1; a row that came in bulk counts too
  RowOp op = RowOp::kInsert;
  std::string_view table;
  bool has_before = false;
  bool has_after = false;
  std::string_view before;  ///< JSON objects
  std::string_view after;
  // Of a stream (RowTeller).
  bool has_key = false;
  std::string_view key;
  std::string_view schema;   ///< differs when the table's columns do
  uint32_t partition = 0;    ///< of the consumer group
  std::string_view error;
};

/// What of the rows of tables is told, and how. Without one, everything is, as it is.
class RowTeller {
 public:
  virtual ~RowTeller() = default;
  /// From here on the table is this. `root`: of a partition, the partitioned table as whose rows its own are told.
  virtual absl::Status follow(const std::shared_ptr<const TableDef>& table,
                              const std::shared_ptr<const TableDef>& root) = 0;
  /// Fills all of the event but its number and table; false: nobody is told.
  virtual absl::StatusOr<bool> tell(const TableDef& table, const Change& change, uint64_t number, RowEvent* event) = 0;
  /// The same of what happens to the table as a whole: the event has its op. `after` is null when it is gone.
  virtual absl::StatusOr<bool> tell_of_table(const TableDef* after, uint64_t number, RowEvent* event) = 0;
  /// What holds back rows of the table of which nobody is told, where that is known; nothing: all may be told.
  virtual std::optional<ColumnSieve> sieve(Oid) const { return std::nullopt; }
};

/// kNeedsBulk: hand the bulk record that wanted_bulk() names to take_bulk(), then go on.
enum class DecodeStep : uint8_t { kEvent, kNeedsBulk, kEnd };

class ChangeDecoder {
 public:
  /// `context` says what dates and the like look like; it outlives the decoder.
  /// `teller`, too.
  explicit ChangeDecoder(const EvalContext& context, RowTeller* teller = nullptr)
      : context_{context}, teller_{teller} {}

  /// Follows the table. `schema_prefix` goes before its name in events. Trees that it had before are still understood.
  void follow(std::shared_ptr<const TableDef> table, std::string schema_prefix);
  /// `rows` is what is kept of the continuous view, which events tell of; changes that leave it as it was are none.
  void follow_view(std::shared_ptr<const TableDef> view, std::shared_ptr<const TableDef> rows, std::string schema_prefix);
  /// The rows of its partitions are told as its own, of those that the log tells of, too. `partitions`: those that it
  /// has by now, partitioned ones among them, each behind what it is a partition of.
  void follow_partitioned(const std::shared_ptr<const TableDef>& root, const std::string& schema_prefix,
                          const std::vector<std::shared_ptr<const TableDef>>& partitions);
  /// Changes that come after where the stream begins, though follow() was told of definitions that are newer: the
  /// tables are what they were before the first change of theirs. Call it with every record in between, in order.
  absl::Status look_back(std::string_view changes);
  /// Tables that are followed and were not dropped.
  size_t followed() const { return names_.size() + roots_.size(); }
  /// Which commits have events, by the tables as they are now. Null: they are what they were when it was asked last.
  InterestPtr new_interest();
  void forget_interest() { interest_known_ = false; }

  /// `changes`: of one record, which stay until the last next(); `changes_before`: how many of the same commit's changes
  /// were in earlier records. Events up to number `seen` are passed over.
  void begin(std::string_view changes, uint64_t changes_before, uint64_t seen = 0);
  /// kEnd at the end, and on an error.
  DecodeStep next(RowEvent* event);
  const absl::Status& status() const { return status_; }
  /// The number of the change looked at last.
  uint64_t number() const { return number_; }

  /// `position`: where the record is or some record before it.
  struct WantedBulk {
    uint64_t position = 0;
    uint32_t record = 0;
  };
  const WantedBulk& wanted_bulk() const { return wanted_; }
  /// A record that is not the wanted one is passed over.
  absl::Status take_bulk(const schema::Bulk& bulk);
  /// The wanted record is not before `resume`.
  void bulk_goes_on(uint64_t resume) { wanted_.position = resume; }

 private:
  struct Followed {
    std::shared_ptr<const TableDef> definition;
    std::string name;
    std::unique_ptr<RowJson> json;
    bool of_view = false;
    bool of_partition = false;
  };
  /// What a partitioned table's partitions are told as.
  struct Root {
    std::shared_ptr<const TableDef> definition;
    std::string schema_prefix;
  };
  struct FollowedName {
    Oid oid;
    std::string schema_prefix;
    std::string name;
    std::shared_ptr<const TableDef> view;  ///< continuous, of which the table has the rows; null: none
    std::shared_ptr<const TableDef> root;  ///< partitioned, of which it is a partition; null: none
  };
  bool follow_partition(const std::shared_ptr<const TableDef>& table);
  absl::Status learn_partition(std::string_view bytes);
  void unfollow(const std::string& key);
  void follow_shown(std::shared_ptr<const TableDef> table, FollowedName name);
  Followed* find(TreeId tree);
  TreeId tree_of(const FollowedName& followed) const;
  bool row_event(const Change& change, RowEvent* event);
  bool fill(Followed& table, const Change& change, RowEvent* event);
  bool lose(const FollowedName& name, const std::string& key, RowEvent* event);
  /// `partition`: to which it happened; empty: to all of the table.
  bool tell_of_table(const TableDef* table, RowOp op, std::string_view name, RowEvent* event,
                     std::string_view partition = {});
  void fill_bare(RowOp op, std::string_view table, RowEvent* event) const;
  bool learn(const Change& change, RowEvent* event);
  absl::Status learn_definition(const FollowedName& followed, std::string_view bytes);
  bool begin_bulk(const Change& change);

  const EvalContext& context_;
  RowTeller* teller_;
  std::map<std::string, FollowedName, std::less<>> names_;  ///< by the object's key in the catalog
  std::map<Oid, Root> roots_;  ///< by partitioned table, also of one that is itself a partition
  std::set<std::string, std::less<>> looked_back_;
  std::map<TreeId, Followed> tables_;
  std::map<Oid, TreeId> trees_;  ///< the newest of each table
  bool interest_known_ = false;
  TreeId last_tree_ = 0;  ///< changes of one tree come together
  Followed* last_ = nullptr;
  ChangeReader changes_{{}};
  uint64_t number_ = 0;
  uint64_t seen_ = 0;
  std::string before_;
  std::string after_;
  std::string dropped_;
  absl::Status status_;

  // Rows that came in bulk, in the middle of the commit's changes.
  WantedBulk wanted_;
  uint64_t bulk_left_ = 0;  ///< rows of the run that are still to come
  uint32_t bulk_in_record_ = 0;  ///< of them, in the record at hand
  std::string bulk_bytes_;
  ChangeReader bulk_{{}};
};

}  // namespace troupe
