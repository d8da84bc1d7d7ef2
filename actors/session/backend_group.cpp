/// Where consumer groups are: the rows of sys.stream_partitions that CREATE CONSUMER GROUP makes, SEEK sets and DROP
/// takes away, in the transaction of that definition.
#include "actors/session/backend.hpp"
#include "runtime/plan/ddl_stream.hpp"
#include "runtime/sql/ast_group.hpp"
#include "storage/base/text.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

const Type kInt8{oid::kInt8}, kInt4{oid::kInt4};

constexpr std::string_view kMakePartitions =
    "INSERT INTO sys.stream_partitions (group_id, partition, scn, event, sent_scn, sent_event, member, batch, parts, "
    "deadline_us, deliveries, careful_scn, careful_event, error, careful_deliveries) "
    "SELECT $1, p, $3, $4, $3, $4, NULL, 0, 0, 0, 0, 0, 0, NULL, 0 FROM generate_series(0, $2 - 1) p";
constexpr std::string_view kMovePartitions =
    "UPDATE sys.stream_partitions SET scn = $2, event = $3, sent_scn = $2, sent_event = $3, member = NULL, batch = 0, "
    "parts = 0, deadline_us = 0, deliveries = 0, careful_scn = 0, careful_event = 0, error = NULL, "
    "careful_deliveries = 0 WHERE group_id = $1";
constexpr std::string_view kForgetPartitions = "DELETE FROM sys.stream_partitions WHERE group_id = $1";
constexpr std::string_view kForgetMembers = "DELETE FROM sys.stream_members WHERE group_id = $1";
constexpr std::string_view kForgetLetters = "DELETE FROM sys.stream_letters WHERE group_id = $1";
constexpr std::string_view kDiscardLetters =
    "DELETE FROM sys.stream_letters WHERE group_id = $1 AND (cardinality($2) = 0 OR token = ANY($2))";
constexpr Oid kTextArray = 1009;
constexpr std::string_view kKnownGroups =
    "SELECT group_id FROM sys.stream_partitions WHERE partition = 0 UNION SELECT group_id FROM sys.stream_members";

int64_t number_of(Oid oid) { return static_cast<int64_t>(oid); }

/// As it is kept: a whole commit is behind each of its changes.
Value event_of(StreamToken token) {
  return Value::of(token.event == 0 ? static_cast<int64_t>(kWholeCommit) : static_cast<int64_t>(token.event));
}

}  // namespace

absl::StatusOr<Backend::GroupNamed> Backend::find_group_to_use(const sql::TableRef& stream, std::string_view group) {
  TROUPE_ASSIGN_OR_RETURN(auto found, find_stream_to_read(stream));
  const ConsumerGroupDef* known = found->find_group(group);
  if (known == nullptr) {
    return error(ErrorCode::kUndefinedObject, "consumer group \"", group, "\" of stream \"", found->name,
                 "\" does not exist");
  }
  if (known->is_webhook() && !is_node()) {
    return with_hint(error(ErrorCode::kObjectNotInPrerequisiteState, "\"", group, "\" of stream \"", found->name,
                           "\" is a webhook, which the node reads"),
                     "Create a consumer group beside it.");
  }
  ConsumerGroupDef definition = *known;
  return GroupNamed{std::move(found), std::move(definition)};
}

/// Streams that were dropped, with their tables or schema or database perhaps, have left the rows of their groups.
Task<absl::Status> Backend::forget_lost_groups() {
  auto asking = run_internal(kKnownGroups, {}, {});
  const auto known = co_await asking;
  if (!known.ok()) co_return known.status();
  std::vector<int64_t> groups;
  // Rows that are seen are of commits whose definitions are in the catalog by now; what this transaction has done to
  // those of its database, its own catalog says.
  const CatalogPtr whole = services_.catalog.get();
  const CatalogPtr mine = transaction_.catalog();
  for (const CatalogPtr& catalog : {whole, mine}) {
    for (const ObjectPtr& object : catalog->streams()) {
      if (catalog == whole && object->database == mine->database()) continue;
      for (const ConsumerGroupDef& group : static_cast<const StreamDef&>(*object).groups) {
        groups.push_back(number_of(group.oid));
      }
    }
  }
  for (const Batch& batch : *known) {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const auto group = batch.columns[0].get<int64_t>(row);
      if (std::find(groups.begin(), groups.end(), group) != groups.end()) continue;
      for (const std::string_view text : {kForgetPartitions, kForgetMembers, kForgetLetters}) {
        auto forgetting = run_internal(text, {kInt8}, {Value::of(group)});
        const auto forgotten = co_await forgetting;
        if (!forgotten.ok()) co_return forgotten.status();
      }
    }
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Backend::discard_letters(const sql::ConsumerGroupStatement& plain) {
  const auto& statement = plain.to<sql::GroupOrWebhookStatement>();
  const CatalogPtr catalog = transaction_.catalog();
  const StreamDef* stream =
      find_stream(statement.stream->schema, statement.stream->name, resolve_search_path(), *catalog);
  const ConsumerGroupDef* group = stream == nullptr ? nullptr : stream->find_group(statement.group);
  if (group == nullptr) co_return absl::OkStatus();
  std::vector<Value> tokens;
  for (const std::string_view token : statement.tokens) tokens.push_back(Value::text(std::string(token)));
  const int64_t number = number_of(group->oid);
  auto discarding = run_internal(kDiscardLetters, {kInt8, Type{kTextArray}},
                                 {Value::of(number), Value::text(pack_array(oid::kText, Physical::kVarlen, tokens))});
  co_return (co_await discarding).status();
}

/// After the definition itself.
Task<absl::Status> Backend::place_group(const sql::ConsumerGroupStatement& statement) {
  using Action = sql::ConsumerGroupStatement::Action;
  if (statement.to<sql::GroupOrWebhookStatement>().discards) {
    auto discarding = discard_letters(statement);
    co_return co_await discarding;
  }
  if (statement.action == Action::kOptions) co_return absl::OkStatus();
  auto forgetting = forget_lost_groups();
  absl::Status status = co_await forgetting;
  if (!status.ok() || statement.action == Action::kDrop) co_return status;
  const CatalogPtr catalog = transaction_.catalog();
  const StreamDef* stream =
      find_stream(statement.stream->schema, statement.stream->name, resolve_search_path(), *catalog);
  const ConsumerGroupDef* found = stream == nullptr ? nullptr : stream->find_group(statement.group);
  if (found == nullptr) co_return absl::OkStatus();
  const ConsumerGroupDef group = *found;
  if (statement.start.type == sql::StreamStart::Type::kSnapshot) {
    co_return with_hint(
        error(ErrorCode::kFeatureNotSupported, "a consumer group that begins with a snapshot is not supported"),
        "Let one client SUBSCRIBE TO STREAM ... SNAPSHOT, and START the group FROM the token behind it.");
  }
  auto finding = place_of(statement.start, stream->retention_us);
  const auto place = co_await finding;
  if (!place.ok()) co_return place.status();
  const Value scn = Value::of(static_cast<int64_t>(place->scn));
  if (statement.action == Action::kSeek) {
    auto moving =
        run_internal(kMovePartitions, {kInt8, kInt8, kInt8}, {Value::of(number_of(group.oid)), scn, event_of(*place)});
    const auto moved = co_await moving;
    co_return moved.status();
  }
  auto asking = run_internal("SELECT 1 FROM sys.stream_partitions WHERE group_id = $1 LIMIT 1", {kInt8},
                             {Value::of(number_of(group.oid))});
  const auto there = co_await asking;
  if (!there.ok() || !there->empty()) co_return there.status();  // IF NOT EXISTS
  auto making = run_internal(kMakePartitions, {kInt8, kInt4, kInt8, kInt8},
                             {Value::of(number_of(group.oid)), Value::of(group.partitions), scn, event_of(*place)});
  const auto made = co_await making;
  co_return made.status();
}

}  // namespace troupe
