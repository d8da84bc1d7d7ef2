#pragma once
/// WITH (...) of streams and consumer groups.
#include <set>

#include "runtime/plan/ddl_stream.hpp"
#include "runtime/sql/ast_group.hpp"

namespace troupe {

/// `reset`: names only. Errors: 42601, 22023.
absl::Status set_stream_options(sql::List<const sql::Option*> options, bool reset, StreamDef* stream,
                                const DdlBuilder& ddl);
absl::Status set_group_options(sql::List<const sql::Option*> options, bool is_new, ConsumerGroupDef* group,
                               const DdlBuilder& ddl);
/// Of CREATE and ALTER WEBHOOK, with its URL and whether it is enabled.
absl::Status set_webhook_options(const sql::GroupOrWebhookStatement& statement, bool is_new, ConsumerGroupDef* group,
                                 const DdlBuilder& ddl);

// What both use.
/// The option's value as text; empty: it has none.
std::string option_text(const sql::Option& option);
absl::Status invalid_option(const sql::Option& option, std::string_view value, std::string_view hint);
/// Of ack_timeout, max_deliveries, partitions; false: it is another one.
absl::StatusOr<bool> set_group_option(const sql::Option& option, bool is_new, ConsumerGroupDef* group,
                                      const DdlBuilder& ddl);
absl::Status check_option_once(const sql::Option& option, std::set<std::string_view>* given, const DdlBuilder& ddl);

/// An option that is a time, as an interval: '30s', '7 days'. Errors: 22007, 22023.
absl::StatusOr<int64_t> interval_us(std::string_view text, std::string_view what, const EvalContext& context);

}  // namespace troupe
