#pragma once
/// The statements by which consumer groups are read and moved (storage/catalog/stream_tables.hpp), and their values.
#include <string_view>
#include <vector>

#include "actors/session/group_reader.hpp"
#include "runtime/types/type.hpp"

namespace troupe {

struct InternalStatement {
  std::string_view text;
  std::vector<Type> parameters;
};
/// $1 group: every partition, by number; and the members.
const InternalStatement& group_partitions_statement();
const InternalStatement& group_members_statement();
/// $1 group, $2 numbers: locks those that nobody else has locked.
const InternalStatement& lock_partitions_statement();
/// $1 group, then arrays: see claim_values().
const InternalStatement& claim_statement();
/// $1 group, $2 member, $3 now; and $1 group, $2 before when.
const InternalStatement& seen_statement();
const InternalStatement& forget_members_statement();
/// $1 group; then arrays of letter_values().
const InternalStatement& count_letters_statement();
const InternalStatement& bury_statement();
/// $1 group, $2 numbers: nobody's, and what is in flight is delivered again at once. $1 group, $2 member.
const InternalStatement& release_statement();
const InternalStatement& leave_statement();
/// $1 group, $2 batch, $3 and $4 up to where, $5 of which partition (-1: all), $6 until when the rest is to be
/// acknowledged; answers how many partitions the batch had.
const InternalStatement& acknowledge_statement();
/// $1 group, $2 batch, $3 and $4 up to where, $5 of which partition, $6 why, $7 when it is to be delivered again. What
/// is behind counts as not delivered.
const InternalStatement& reject_statement();

std::vector<GroupPartition> partitions_of(const std::vector<Batch>& rows);
std::vector<GroupMember> members_of(const std::vector<Batch>& rows);
Value numbers_value(const std::vector<GroupPartition>& partitions);
/// `parts`: of the batch.
std::vector<Value> claim_values(int64_t group, const std::vector<GroupPartition>& partitions, int64_t parts);
std::vector<Value> letter_values(int64_t group, const std::vector<KeptEvent>& letters,
                                 const std::vector<std::string>& errors, int64_t now_us);

}  // namespace troupe
