#pragma once
/// CONTEXT of what is wrong with a bound parameter, in PostgreSQL's words.
#include <string>
#include <string_view>

#include "storage/base/error.hpp"
#include "storage/base/text.hpp"

namespace troupe {

/// `index` counts from 0. `as_text`: a value given as text is there, but is not shown
/// (log_parameter_max_length_on_error is 0).
inline absl::Status with_parameter_context(const absl::Status& status, std::string_view portal, size_t index,
                                           bool as_text) {
  if (status.ok()) return status;
  ErrorFields fields = error_fields(status);
  const std::string whose = portal.empty() ? "unnamed portal" : cat("portal \"", portal, "\"");
  fields.where = cat(whose, " parameter $", index + 1, as_text ? " = '...'" : "");
  return make_error(fields);
}

}  // namespace troupe
