#pragma once
/// The name of a statement in which the client's search path means nothing: all its names are the system's, or have
/// their schemas.
#include <string_view>

namespace troupe {

inline constexpr std::string_view kOwnWords = "the session's own words";

}  // namespace troupe
