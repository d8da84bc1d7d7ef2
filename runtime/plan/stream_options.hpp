#pragma once
/// WITH (...) of streams and consumer groups.
#include "runtime/plan/ddl_stream.hpp"

namespace troupe {

/// `reset`: names only. Errors: 42601, 22023.
absl::Status set_stream_options(sql::List<const sql::Option*> options, bool reset, StreamDef* stream,
                                const DdlBuilder& ddl);
absl::Status set_group_options(sql::List<const sql::Option*> options, bool is_new, ConsumerGroupDef* group,
                               const DdlBuilder& ddl);

/// An option that is a time, as an interval: '30s', '7 days'. Errors: 22007, 22023.
absl::StatusOr<int64_t> interval_us(std::string_view text, std::string_view what, const EvalContext& context);

}  // namespace troupe
