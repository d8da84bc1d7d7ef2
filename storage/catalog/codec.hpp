#pragma once
/// Objects as bytes: version, kind, then numbered fields. A reader skips fields it does not know and keeps defaults
/// for the ones it misses, so the format only grows.
#include <string>
#include <string_view>

#include "storage/base/error.hpp"
#include "storage/catalog/objects.hpp"

namespace troupe {

/// Not encoded: ObjectDef::version, shapes and TableDef::gate.
std::string encode_object(const ObjectDef& object);

/// Errors: kDataCorrupted when the bytes are no object.
absl::StatusOr<std::shared_ptr<ObjectDef>> decode_object(std::string_view bytes);

/// In the place of an object that every node begins with and this one has dropped.
std::string encode_dropped();

std::string encode_statistics(const TableStatistics& statistics);
absl::StatusOr<TableStatistics> decode_statistics(std::string_view bytes);

}  // namespace troupe
