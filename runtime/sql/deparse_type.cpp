// Names, literals' quoting, type names.
#include "runtime/sql/character_class.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/deparser.hpp"
#include "runtime/sql/keywords.hpp"
#include "storage/base/text.hpp"

namespace troupe::sql {
namespace {

struct SqlSpelling {
  std::string_view internal;
  std::string_view sql;
  std::string_view after_modifier;
};
constexpr SqlSpelling kSpellings[] = {
    {"int4", "integer", ""},       {"int2", "smallint", ""},
    {"int8", "bigint", ""},        {"float4", "real", ""},
    {"float8", "double precision", ""}, {"bool", "boolean", ""},
    {"numeric", "numeric", ""},    {"varchar", "character varying", ""},
    {"varbit", "bit varying", ""}, {"timestamp", "timestamp", " without time zone"},
    {"timestamptz", "timestamp", " with time zone"}, {"time", "time", " without time zone"},
    {"timetz", "time", " with time zone"},  {"interval", "interval", ""},
};

std::string_view interval_fields(uint32_t mask) {
  constexpr uint32_t kDayToHour = kIntervalDay | kIntervalHour;
  switch (mask) {
    case kIntervalYear: return " year";
    case kIntervalMonth: return " month";
    case kIntervalDay: return " day";
    case kIntervalHour: return " hour";
    case kIntervalMinute: return " minute";
    case kIntervalSecond: return " second";
    case kIntervalYear | kIntervalMonth: return " year to month";
    case kDayToHour: return " day to hour";
    case kDayToHour | kIntervalMinute: return " day to minute";
    case kDayToHour | kIntervalMinute | kIntervalSecond: return " day to second";
    case kIntervalHour | kIntervalMinute: return " hour to minute";
    case kIntervalHour | kIntervalMinute | kIntervalSecond: return " hour to second";
    case kIntervalMinute | kIntervalSecond: return " minute to second";
    default: return "";
  }
}

bool needs_quotes(std::string_view name) {
  if (name.empty() || !is_class(static_cast<unsigned char>(name[0]), kIdentifierStart)) return true;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!plain) return true;
  }
  return keyword_category(find_keyword(name)) > KeywordCategory::kUnreserved;
}

}  // namespace

std::string quote_identifier(std::string_view name) {
  if (!needs_quotes(name)) return std::string(name);
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

std::string quote_literal(std::string_view text) {
  std::string out = text.find('\\') == text.npos ? "'" : " E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('\'');
  return out;
}

void Deparser::identifier(std::string_view name) { write(quote_identifier(name)); }

void Deparser::name(Name parts) {
  list(parts, [this](std::string_view part) { identifier(part); }, ".");
}

void Deparser::string(std::string_view text) {
  const std::string quoted = quote_literal(text);
  write(!out_.empty() && out_.back() == ' ' ? std::string_view(quoted).substr(quoted[0] == ' ' ? 1 : 0) : quoted);
}

void Deparser::type(const TypeName& type) {
  if (type.set_of) write("SETOF ");
  const auto modifiers = [&] {
    if (type.modifiers.empty()) return;
    write("(");
    exprs(type.modifiers, ",");
    write(")");
  };
  const bool catalog = type.name.size() == 2 && type.name[0] == "pg_catalog";
  const SqlSpelling* spelling = nullptr;
  for (const SqlSpelling& known : kSpellings) {
    if (catalog && known.internal == type.name[1]) spelling = &known;
  }
  if (spelling != nullptr) {
    write(spelling->sql);
    write(interval_fields(type.interval_fields));
    modifiers();
    write(spelling->after_modifier);
  } else if (catalog && !type.modifiers.empty() && (type.name[1] == "bpchar" || type.name[1] == "bit")) {
    write(type.name[1] == "bit" ? "bit" : "character");
    modifiers();
  } else if (catalog && type.name[1] == "bpchar") {
    write("bpchar");
  } else if (catalog && type.name[1] == "bit") {
    write("\"bit\"");
  } else {
    name(type.name);
    modifiers();
  }
  if (type.of_column) write("%TYPE");
  for (const int32_t bound : type.array_bounds) write(bound < 0 ? std::string("[]") : cat("[", bound, "]"));
}

std::string to_sql(const TypeName& type) {
  Deparser out;
  out.type(type);
  return out.take();
}

}  // namespace troupe::sql
