#pragma once
/// Writing JSON text (RFC 8259).
#include <string>
#include <string_view>

namespace troupe {

/// Appends `text` (UTF-8) as a JSON string, quotes included.
void append_json_string(std::string_view text, std::string* out);

}  // namespace troupe
