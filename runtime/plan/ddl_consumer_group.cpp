/// CREATE, ALTER and DROP CONSUMER GROUP and WEBHOOK, which is a group that the node reads: what a group is. Where it
/// is, its rows say, which the session writes.
#include <algorithm>

#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_stream.hpp"
#include "runtime/plan/stream_options.hpp"
#include "runtime/sql/ast_group.hpp"

namespace troupe {
namespace {

using Statement = sql::GroupOrWebhookStatement;

constexpr size_t kGroupsMax = 256;

constexpr Oid kMayReachOthers = 4571;  // pg_execute_server_program

std::string_view kind_of(const Statement& statement) { return statement.webhook ? "webhook" : "consumer group"; }

/// A webhook makes the node speak to other machines: in its network, not in its client's.
absl::Status check_may_reach_others(const DdlBuilder& ddl) {
  const Oid role = ddl.context().role;
  if (is_superuser(ddl.catalog(), role) || is_member_of(ddl.catalog(), role, kMayReachOthers)) return absl::OkStatus();
  return with_hint(error(ErrorCode::kInsufficientPrivilege, "permission denied to let the node send to other machines"),
                   "Only superusers and members of pg_execute_server_program may create and alter webhooks.");
}

absl::Status set_options(const Statement& statement, bool is_new, ConsumerGroupDef* group, const DdlBuilder& ddl) {
  if (!statement.webhook) return set_group_options(statement.options, is_new, group, ddl);
  TROUPE_RETURN_IF_ERROR(check_may_reach_others(ddl));
  return set_webhook_options(statement, is_new, group, ddl);
}

absl::Status add_group(const Statement& statement, StreamDef* stream, DdlBuilder& ddl) {
  if (stream->find_group(statement.group) != nullptr) {
    if (!statement.if_exists) {
      return error(ErrorCode::kDuplicateObject, stream->find_group(statement.group)->kind(), " \"", statement.group,
                   "\" of stream \"", stream->name, "\" already exists");
    }
    ddl.notice(ErrorCode::kDuplicateObject, cat(kind_of(statement), " \"", statement.group, "\" of stream \"",
                                                stream->name, "\" already exists, skipping"));
    return absl::OkStatus();
  }
  if (stream->groups.size() >= kGroupsMax) {
    return error(ErrorCode::kProgramLimitExceeded, "a stream can have at most ", kGroupsMax, " consumer groups");
  }
  ConsumerGroupDef group;
  group.oid = ddl.new_oid();
  group.name = statement.group;
  TROUPE_RETURN_IF_ERROR(set_options(statement, true, &group, ddl));
  stream->groups.push_back(std::move(group));
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_consumer_group(const sql::ConsumerGroupStatement& plain, DdlBuilder& ddl) {
  const auto& statement = plain.to<Statement>();
  using Action = sql::ConsumerGroupStatement::Action;
  TROUPE_ASSIGN_OR_RETURN(const StreamDef* found, ddl_stream(statement.stream->schema, statement.stream->name, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  auto stream = std::make_shared<StreamDef>(*found);
  if (statement.action == Action::kCreate) {
    TROUPE_RETURN_IF_ERROR(add_group(statement, stream.get(), ddl));
    ddl.put(std::move(stream));
    return absl::OkStatus();
  }
  const auto group = std::find_if(stream->groups.begin(), stream->groups.end(), [&](const ConsumerGroupDef& known) {
    // Where it is, is altered as of any group.
    const bool as_group = !statement.webhook && (statement.discards || statement.action == Action::kSeek);
    return known.name == statement.group && (as_group || known.is_webhook() == statement.webhook);
  });
  if (group == stream->groups.end()) {
    if (statement.action == Action::kDrop && statement.if_exists) {
      ddl.notice(ErrorCode::kOk, cat(kind_of(statement), " \"", statement.group, "\" of stream \"", stream->name,
                                     "\" does not exist, skipping"));
      return absl::OkStatus();
    }
    return error(ErrorCode::kUndefinedObject, kind_of(statement), " \"", statement.group, "\" of stream \"",
                 stream->name, "\" does not exist");
  }
  if (statement.discards) return absl::OkStatus();  // that is rows
  switch (statement.action) {
    case Action::kSeek: ++group->version; break;
    case Action::kOptions: TROUPE_RETURN_IF_ERROR(set_options(statement, false, &*group, ddl)); break;
    default: stream->groups.erase(group);
  }
  ddl.put(std::move(stream));
  return absl::OkStatus();
}

}  // namespace troupe
