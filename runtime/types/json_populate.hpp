#pragma once
/// JSON as values of SQL types, composite ones and arrays of them among them: json_populate_record, json_to_record and
/// their like.
#include <string>
#include <string_view>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/user_types.hpp"
#include "storage/base/error.hpp"
#include "storage/column/value.hpp"

namespace troupe {

class Registrar;
/// json_populate_record and jsonb_populate_record.
void register_json_populate(Registrar& to);

/// What the JSON value is as a value of the type. Fields of a composite value that the object does not name are as in
/// `before`, or null. `key` is for errors.
absl::StatusOr<Value> populate_value(Type type, std::string_view json, const Value& before, std::string_view key,
                                     EvalContext& context);
/// The member of that name, of several the last; empty: none.
std::string_view find_json_member(std::string_view object, std::string_view name);
/// A record of the composite type. Of type record its fields are those of `before`.
absl::StatusOr<std::string> populate_record(Oid type, std::string_view object, const Value& before,
                                            EvalContext& context);

}  // namespace troupe
