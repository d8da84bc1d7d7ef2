/// Relations of the schema sys: what a Troupe node says about itself.
#include "runtime/system/relation_text.hpp"

namespace troupe::system_text {
namespace {

// clang-format off
constexpr RelationText kRelations[] = {
    {13600, "actors", 'v',
     "id:int8 parent:int8 kind:text name:text state:text mailbox_depth:int8 messages:int8 busy_ms:float8 "
     "restarts:int4"},
    {13601, "limits", 'v',
     "name:text value:int8 unit:text used:int8 description:text"},
    {13602, "events", 'v',
     "id:int8 at:timestamptz kind:text source:text reason:text"},
    {13603, "partitions", 'v',
     "id:int4 state:text applied_scn:int8 trees:int4 file_bytes:int8 free_bytes:int8 cached_bytes:int8 "
     "dirty_bytes:int8 history_bytes:int8 pending_bytes:int8 page_faults:int8 evictions:int8 tombstones:int8"},
    {13604, "checkpoints", 'v',
     "id:int8 partition:int4 scn:int8 started_at:timestamptz duration_ms:float8 pages:int8 bytes:int8 state:text "
     "error:text"},
    {13605, "conflicts", 'v',
     "id:int8 at:timestamptz reason:text schema:text relation:text key:text process_id:int4 statement:text "
     "writer_process_id:int4 writer_statement:text"},
    {13606, "scrub", 'v',
     "file:text partition:int4 round:int8 state:text started_at:timestamptz finished_at:timestamptz pages:int8 "
     "bytes:int8 file_bytes:int8 damaged:int8"},
    {13607, "damage", 'v',
     "id:int8 at:timestamptz file:text partition:int4 at_byte:int8 bytes:int8 schema:text relation:text problem:text"},
    {13608, "recovery", 'v',
     "id:int8 step:text partition:int4 state:text started_at:timestamptz duration_ms:float8 bytes:int8 "
     "total_bytes:int8 commits:int8 error:text"},
    {13609, "streams", 'v',
     "oid:oid schema_name:text stream_name:text owner:text tables:text where_clause:text envelope:text snapshot:text "
     "retention:interval comment:text acl:_aclitem"},
    {13610, "consumer_groups", 'v',
     "group_id:int8 schema_name:text stream_name:text group_name:text partitions:int4 ack_timeout:interval "
     "max_deliveries:int4 version:int4 newest_scn:int8"},
};
// clang-format on

}  // namespace

std::span<const RelationText> sys_relations() { return kRelations; }

}  // namespace troupe::system_text
