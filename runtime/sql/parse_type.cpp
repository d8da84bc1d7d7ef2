// Type names: SQL's spellings, user-defined types, modifiers, arrays, typed literals.
#include "runtime/sql/grammar.hpp"

namespace troupe::sql {
namespace {

TypeName* rename(TokenStream& in, TypeName* type, std::string_view name) {
  type->name = make_name(in, {"pg_catalog", name});
  return type;
}

void parse_modifiers(TokenStream& in, TypeName* type) {
  if (in.at(TokenKind::kOpen)) type->modifiers = parse_list_in_parentheses(in, parse_expr);
}

void set_modifier(TokenStream& in, TypeName* type, int32_t value, uint32_t position) {
  const Expr* literal = make_integer(in, value, position);
  type->modifiers = in.arena().copy(&literal, 1);
}

void parse_float(TokenStream& in, TypeName* type) {
  std::string_view name = "float8";
  if (in.accept(TokenKind::kOpen)) {
    const uint32_t position = in.position();
    const int32_t bits = parse_integer(in);
    constexpr ErrorCode kProblem = ErrorCode::kInvalidParameterValue;
    if (bits < 1) in.fail(kProblem, position, "precision for type float must be at least 1 bit");
    if (bits > 53) in.fail(kProblem, position, "precision for type float must be less than 54 bits");
    if (bits <= 24) name = "float4";
    in.expect(TokenKind::kClose);
  }
  rename(in, type, name);
}

// In a typed literal (char '…') a missing length means any; in a declaration it means one.
void parse_character(TokenStream& in, TypeName* type, bool national, bool literal) {
  if (national && !in.accept(Keyword::kCharacter)) in.expect(Keyword::kChar);
  const bool varying = in.accept(Keyword::kVarying);
  rename(in, type, varying ? "varchar" : "bpchar");
  if (in.at(TokenKind::kOpen)) {
    in.skip();
    const uint32_t position = in.position();
    set_modifier(in, type, parse_integer(in), position);
    in.expect(TokenKind::kClose);
  } else if (!varying && !literal) {
    set_modifier(in, type, 1, type->position);
  }
}

void parse_bit(TokenStream& in, TypeName* type, bool literal) {
  const bool varying = in.accept(Keyword::kVarying);
  rename(in, type, varying ? "varbit" : "bit");
  parse_modifiers(in, type);
  if (type->modifiers.empty() && !varying && !literal) set_modifier(in, type, 1, type->position);
}

void parse_time(TokenStream& in, TypeName* type, bool stamp) {
  if (in.accept(TokenKind::kOpen)) {
    const uint32_t position = in.position();
    set_modifier(in, type, parse_integer(in), position);
    in.expect(TokenKind::kClose);
  }
  bool zone = false;
  if (in.at(Keyword::kWith, Keyword::kTime)) {
    in.skip();
    in.expect(Keyword::kTime, Keyword::kZone);
    zone = true;
  } else if (in.at(Keyword::kWithout)) {
    in.skip();
    in.expect(Keyword::kTime, Keyword::kZone);
  }
  if (stamp) {
    rename(in, type, zone ? "timestamptz" : "timestamp");
  } else {
    rename(in, type, zone ? "timetz" : "time");
  }
}

uint32_t interval_field(Keyword keyword) {
  switch (keyword) {
    case Keyword::kYear: return kIntervalYear;
    case Keyword::kMonth: return kIntervalMonth;
    case Keyword::kDay: return kIntervalDay;
    case Keyword::kHour: return kIntervalHour;
    case Keyword::kMinute: return kIntervalMinute;
    case Keyword::kSecond: return kIntervalSecond;
    default: return 0;
  }
}

void parse_second_precision(TokenStream& in, TypeName* type) {
  if (!in.accept(TokenKind::kOpen)) return;
  const uint32_t position = in.position();
  set_modifier(in, type, parse_integer(in), position);
  in.expect(TokenKind::kClose);
}

// [year | month | day | hour | minute | second [(p)] | year to month | day to hour | … | minute to second [(p)]]
void parse_interval_fields(TokenStream& in, TypeName* type) {
  constexpr uint32_t kOrder[] = {kIntervalYear, kIntervalMonth, kIntervalDay,
                                 kIntervalHour, kIntervalMinute, kIntervalSecond};
  const uint32_t first = in.at(TokenKind::kWord) ? interval_field(in.keyword()) : 0;
  if (first == 0) return;
  in.skip();
  type->interval_fields = first;
  uint32_t last = first;
  if (first != kIntervalSecond && first != kIntervalMonth && in.accept(Keyword::kTo)) {
    last = interval_field(in.keyword());
    const bool year_month = first == kIntervalYear;
    size_t from = 0;
    while (kOrder[from] != first) ++from;
    size_t to = from + 1;
    while (to < 6 && kOrder[to] != last) ++to;
    if (to == 6 || year_month != (last == kIntervalMonth)) in.fail();
    in.skip();
    for (size_t i = from; i <= to; ++i) type->interval_fields |= kOrder[i];
  }
  if (last == kIntervalSecond) parse_second_precision(in, type);
}

// The types whose names are keywords. False: not one of them, nothing consumed.
bool parse_keyword_type(TokenStream& in, TypeName* type, bool literal) {
  const Keyword keyword = in.keyword();
  const auto plain = [&](std::string_view name) {
    in.skip();
    rename(in, type, name);
    return true;
  };
  switch (keyword) {
    case Keyword::kInt:
    case Keyword::kInteger: return plain("int4");
    case Keyword::kSmallint: return plain("int2");
    case Keyword::kBigint: return plain("int8");
    case Keyword::kReal: return plain("float4");
    case Keyword::kBoolean: return plain("bool");
    case Keyword::kFloat: in.skip(); parse_float(in, type); return true;
    case Keyword::kDouble:
      if (!in.at_next(Keyword::kPrecision)) return false;
      in.skip();
      return plain("float8");
    case Keyword::kDecimal:
    case Keyword::kDec:
    case Keyword::kNumeric: plain("numeric"); parse_modifiers(in, type); return true;
    case Keyword::kBit: in.skip(); parse_bit(in, type, literal); return true;
    case Keyword::kCharacter:
    case Keyword::kChar:
    case Keyword::kNchar: in.skip(); parse_character(in, type, false, literal); return true;
    case Keyword::kNational: in.skip(); parse_character(in, type, true, literal); return true;
    case Keyword::kVarchar:
      plain("varchar");
      parse_second_precision(in, type);
      return true;
    case Keyword::kTimestamp:
    case Keyword::kTime: in.skip(); parse_time(in, type, keyword == Keyword::kTimestamp); return true;
    default: return false;
  }
}

void parse_array_bounds(TokenStream& in, TypeName* type) {
  ListBuilder<int32_t, 8> bounds(in);
  if (in.accept(Keyword::kArray)) {
    int32_t bound = -1;
    if (in.accept(TokenKind::kOpenBracket)) {
      bound = parse_integer(in);
      in.expect(TokenKind::kCloseBracket);
    }
    bounds.add(bound);
  } else {
    while (in.accept(TokenKind::kOpenBracket)) {
      bounds.add(in.at(TokenKind::kInteger) ? parse_integer(in) : -1);
      in.expect(TokenKind::kCloseBracket);
    }
  }
  type->array_bounds = bounds.finish();
}

void parse_interval_type(TokenStream& in, TypeName* type) {
  in.skip();
  rename(in, type, "interval");
  if (in.at(TokenKind::kOpen)) {
    parse_second_precision(in, type);
  } else {
    parse_interval_fields(in, type);
  }
}

TypeName* parse_simple(TokenStream& in) {
  auto* type = in.make<TypeName>();
  if (in.at(TokenKind::kWord)) {
    if (parse_keyword_type(in, type, false)) return type;
    if (in.at(Keyword::kInterval)) {
      parse_interval_type(in, type);
      return type;
    }
  }
  ListBuilder<std::string_view> parts(in);
  parts.add(parse_type_function_name(in));
  while (in.accept(TokenKind::kDot)) parts.add(parse_label(in));
  type->name = parts.finish();
  parse_modifiers(in, type);
  return type;
}

}  // namespace

TypeName* make_catalog_type(TokenStream& in, std::string_view name, uint32_t position) {
  return rename(in, in.make<TypeName>(position), name);
}

const TypeName* parse_simple_type(TokenStream& in) { return parse_simple(in); }

const TypeName* parse_type(TokenStream& in) {
  const bool set_of = in.accept(Keyword::kSetof);
  TypeName* type = parse_simple(in);
  type->set_of = set_of;
  if (in.at(TokenKind::kPercent) && in.at_next(Keyword::kType)) {
    in.skip();
    in.skip();
    type->of_column = true;
    return type;
  }
  if (in.at(TokenKind::kOpenBracket) || in.at(Keyword::kArray)) parse_array_bounds(in, type);
  return type;
}

bool at_constant_type(const TokenStream& in) {
  if (!in.at(TokenKind::kWord)) return false;
  switch (in.keyword()) {
    case Keyword::kInt:
    case Keyword::kInteger:
    case Keyword::kSmallint:
    case Keyword::kBigint:
    case Keyword::kReal:
    case Keyword::kBoolean:
    case Keyword::kFloat:
    case Keyword::kDecimal:
    case Keyword::kDec:
    case Keyword::kNumeric:
    case Keyword::kBit:
    case Keyword::kCharacter:
    case Keyword::kChar:
    case Keyword::kNchar:
    case Keyword::kNational:
    case Keyword::kVarchar:
    case Keyword::kTimestamp:
    case Keyword::kTime:
    case Keyword::kInterval: return true;
    default: return false;
  }
}

const Expr* parse_typed_literal(TokenStream& in) {
  auto* type = in.make<TypeName>();
  const bool interval = in.at(Keyword::kInterval);
  if (interval) {
    in.skip();
    rename(in, type, "interval");
    parse_second_precision(in, type);
  } else {
    parse_keyword_type(in, type, true);
  }
  const bool has_precision = !type->modifiers.empty();
  const uint32_t position = in.position();
  const Expr* literal = make_string(in, parse_string(in), position);
  if (interval && !has_precision) parse_interval_fields(in, type);
  return make_cast(in, literal, type, type->position);
}

const Expr* make_cast(TokenStream& in, const Expr* argument, const TypeName* type, uint32_t position) {
  auto* cast = in.make<CastExpr>(position);
  cast->argument = argument;
  cast->type = type;
  return cast;
}

}  // namespace troupe::sql
