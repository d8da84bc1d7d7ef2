#pragma once
/// Statements that make no sense in a session that is over with them.
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

struct QueryRefusal {
  std::string message;
  std::string hint;
};

/// nullopt: it may be tried.
std::optional<QueryRefusal> query_refusal(std::string_view sql);

}  // namespace troupe
