/// CREATE, ALTER and DROP CONSUMER GROUP: what a group is. Where it is, its rows say, which the session writes.
#include <algorithm>

#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_stream.hpp"
#include "runtime/plan/stream_options.hpp"

namespace troupe {
namespace {

constexpr size_t kGroupsMax = 256;

absl::Status add_group(const sql::ConsumerGroupStatement& statement, StreamDef* stream, DdlBuilder& ddl) {
  if (stream->find_group(statement.group) != nullptr) {
    if (!statement.if_exists) {
      return error(ErrorCode::kDuplicateObject, "consumer group \"", statement.group, "\" of stream \"", stream->name,
                   "\" already exists");
    }
    ddl.notice(ErrorCode::kDuplicateObject, cat("consumer group \"", statement.group, "\" of stream \"", stream->name,
                                                "\" already exists, skipping"));
    return absl::OkStatus();
  }
  if (stream->groups.size() >= kGroupsMax) {
    return error(ErrorCode::kProgramLimitExceeded, "a stream can have at most ", kGroupsMax, " consumer groups");
  }
  ConsumerGroupDef group;
  group.oid = ddl.new_oid();
  group.name = statement.group;
  TROUPE_RETURN_IF_ERROR(set_group_options(statement.options, true, &group, ddl));
  stream->groups.push_back(std::move(group));
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_consumer_group(const sql::ConsumerGroupStatement& statement, DdlBuilder& ddl) {
  using Action = sql::ConsumerGroupStatement::Action;
  TROUPE_ASSIGN_OR_RETURN(const StreamDef* found, ddl_stream(statement.stream->schema, statement.stream->name, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  auto stream = std::make_shared<StreamDef>(*found);
  if (statement.action == Action::kCreate) {
    TROUPE_RETURN_IF_ERROR(add_group(statement, stream.get(), ddl));
    ddl.put(std::move(stream));
    return absl::OkStatus();
  }
  const auto group = std::find_if(stream->groups.begin(), stream->groups.end(),
                                  [&](const ConsumerGroupDef& known) { return known.name == statement.group; });
  if (group == stream->groups.end()) {
    if (statement.action == Action::kDrop && statement.if_exists) {
      ddl.notice(ErrorCode::kOk, cat("consumer group \"", statement.group, "\" of stream \"", stream->name,
                                     "\" does not exist, skipping"));
      return absl::OkStatus();
    }
    return error(ErrorCode::kUndefinedObject, "consumer group \"", statement.group, "\" of stream \"", stream->name,
                 "\" does not exist");
  }
  switch (statement.action) {
    case Action::kSeek: ++group->version; break;
    case Action::kOptions: TROUPE_RETURN_IF_ERROR(set_group_options(statement.options, false, &*group, ddl)); break;
    default: stream->groups.erase(group);
  }
  ddl.put(std::move(stream));
  return absl::OkStatus();
}

}  // namespace troupe
