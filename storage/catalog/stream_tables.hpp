#pragma once
/// Tables that every node has: where each consumer group is, and what it could not process. They are rows like any
/// others, so that an acknowledgement commits with what it is for. Shared by all databases; a group's number is its
/// own.
#include <vector>

#include "storage/catalog/catalog.hpp"

namespace troupe {

/// sys.stream_partitions, stream_members, stream_letters, and the views stream_consumers and stream_dead_letters.
std::vector<CatalogChange> built_in_stream_tables();

}  // namespace troupe
