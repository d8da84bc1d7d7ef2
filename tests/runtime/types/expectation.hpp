#pragma once
/// Tables of what PostgreSQL 15 answers, checked against runtime/types. The session's zone is America/New_York.
#include <catch2/catch.hpp>
#include <span>
#include <string>
#include <vector>

#include "runtime/types/cast.hpp"
#include "runtime/types/resolve.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe::expectation {

struct Argument {
  const char* type;  ///< "?" = an untyped literal
  const char* text;  ///< null = NULL
};

struct Expectation {
  const char* kind;  ///< op, fn: call it; cast: to `name`; in: input of `name`; opt, fnt: only the result's type
  const char* name;
  std::vector<Argument> arguments;
  const char* result;  ///< text, NULL, or "ERROR sqlstate: message"
};

/// "numeric(5,2)", "varchar(2)[]".
inline Type type_of(std::string text) {
  if (text == "?") return Type{oid::kUnknown};
  const bool array = text.ends_with("[]");
  if (array) text.resize(text.size() - 2);
  std::vector<int32_t> modifiers;
  if (const size_t open = text.find('('); open != std::string::npos) {
    for (size_t at = open + 1; at < text.size();) {
      const size_t end = text.find_first_of(",)", at);
      modifiers.push_back(std::stoi(text.substr(at, end - at)));
      at = end + 1;
    }
    text.resize(open);
  }
  const TypeInfo* info = find_type_by_name(text);
  REQUIRE(info != nullptr);
  const auto typmod = make_typmod(info->oid, modifiers);
  REQUIRE(typmod.ok());
  return Type{array ? info->array : info->oid, *typmod};
}

inline EvalContext& context() {
  static const SessionSettings settings = [] {
    SessionSettings s;
    s.time_zone = *find_time_zone("America/New_York");
    s.time_zone_name = "America/New_York";
    return s;
  }();
  static EvalContext c;
  c.settings = &settings;
  return c;
}

inline absl::StatusOr<std::string> shown(Type type, const absl::StatusOr<Value>& v) {
  if (!v.ok()) return v.status();
  return v->is_null() ? std::string("NULL") : to_text(type, *v, context());
}

inline absl::StatusOr<Value> argument_value(const Argument& a, Type wanted) {
  const Type type = type_of(a.type);
  if (a.text == nullptr) return Value::null(physical_of(wanted));
  if (type.oid == oid::kUnknown) return parse_text(wanted, a.text, context());
  TROUPE_ASSIGN_OR_RETURN(const Value v, parse_text(type, a.text, context()));
  TROUPE_ASSIGN_OR_RETURN(const CastPlan plan, plan_cast(type, wanted, CastContext::kImplicit));
  return run_cast(plan, v, context());
}

inline absl::StatusOr<std::string> call(const Expectation& e) {
  std::vector<Type> types;
  for (const Argument& a : e.arguments) types.push_back(type_of(a.type));
  const std::string kind = e.kind;
  const bool is_operator = kind == "op" || kind == "opt";
  TROUPE_ASSIGN_OR_RETURN(const FunctionMatch match, is_operator ? resolve_operator(e.name, types) : resolve_function(e.name, types));
  if (kind == "opt" || kind == "fnt") return format_type(match.result.oid);
  std::vector<Value> values;
  for (size_t i = 0; i < e.arguments.size(); ++i) {
    TROUPE_ASSIGN_OR_RETURN(Value v, argument_value(e.arguments[i], match.arguments[i]));
    values.push_back(std::move(v));
  }
  return shown(match.result, call_function(match, values, context()));
}

inline absl::StatusOr<std::string> evaluate(const Expectation& e) {
  const std::string kind = e.kind;
  if (kind == "in") return shown(type_of(e.name), parse_text(type_of(e.name), e.arguments[0].text, context()));
  if (kind != "cast") return call(e);
  const Type from = type_of(e.arguments[0].type), to = type_of(e.name);
  TROUPE_ASSIGN_OR_RETURN(const Value v, parse_text(from, e.arguments[0].text, context()));
  TROUPE_ASSIGN_OR_RETURN(const CastPlan plan, plan_cast(from, to, CastContext::kExplicit));
  return shown(to, run_cast(plan, v, context()));
}

inline void check_all(std::span<const Expectation> expectations) {
  for (const Expectation& e : expectations) {
    std::string what = cat(e.kind, " ", e.name);
    for (const Argument& a : e.arguments) what += cat(" ", a.type, ":", a.text == nullptr ? "NULL" : a.text);
    INFO(what);
    const auto result = evaluate(e);
    const std::string actual =
        result.ok() ? *result
                    : cat("ERROR ", unpack_sqlstate(static_cast<uint32_t>(error_code(result.status()))), ": ", error_fields(result.status()).message);
    CHECK(actual == e.result);
  }
}

}  // namespace troupe::expectation
