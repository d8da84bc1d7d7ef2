#pragma once
/// Pieces of the SQL that keeps continuous views.
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/type.hpp"

namespace troupe {

/// The column of a delta relation that says how often a row came.
std::string continuous_weight(size_t place);
/// Values that are equal have the same text as this; empty: there is no telling.
std::string continuous_key_text(Type type, const std::string& value);
/// Of a row with these fields.
std::string continuous_digest(const std::string& fields);
/// With commas; of nothing, something.
std::string continuous_list(const std::vector<std::string>& columns);

}  // namespace troupe
