// SET, RESET, SHOW.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

using Action = SetStatement::Action;

// a.b.c, in lower case: settings' names do not care for case.
std::string_view parse_setting_name(TokenStream& in) {
  ListBuilder<std::string_view> parts(in);
  parts.add(parse_column_name(in));
  while (in.accept(TokenKind::kDot)) parts.add(parse_column_name(in));
  size_t size = parts.size() - 1;
  const Name names = parts.finish();
  for (const std::string_view part : names) size += part.size();
  char* out = in.arena().bytes(size);
  char* at = out;
  for (const std::string_view part : names) {
    if (at != out) *at++ = '.';
    for (const char c : part) *at++ = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return {out, size};
}

const Expr* parse_value(TokenStream& in) {
  const bool number = in.at(TokenKind::kInteger) || in.at(TokenKind::kNumeric) || in.at(TokenKind::kPlus) ||
                      in.at(TokenKind::kMinus);
  return number ? parse_numeric_only(in) : parse_boolean_or_string(in);
}

void set_one(TokenStream& in, SetStatement* set, std::string_view name, const Expr* value) {
  set->action = Action::kSet;
  set->name = name;
  set->values = in.arena().copy(&value, 1);
}

void parse_string_setting(TokenStream& in, SetStatement* set, std::string_view name) {
  const uint32_t position = in.position();
  set_one(in, set, name, make_string(in, parse_string(in), position));
}

// SET ROLE x, SET SESSION AUTHORIZATION x
void parse_word_setting(TokenStream& in, SetStatement* set, std::string_view name) {
  const uint32_t position = in.position();
  set_one(in, set, name, make_string(in, parse_word_or_string(in), position));
}

void set_default(SetStatement* set, std::string_view name) {
  set->action = Action::kDefault;
  set->name = name;
}

void parse_time_zone(TokenStream& in, SetStatement* set) {
  const uint32_t position = in.position();
  if (in.accept(Keyword::kDefault) || in.accept(Keyword::kLocal)) return set_default(set, "timezone");
  if (in.at(Keyword::kInterval)) return set_one(in, set, "timezone", parse_typed_literal(in));
  if (in.at(TokenKind::kString)) return parse_string_setting(in, set, "timezone");
  if (in.at(TokenKind::kQuotedWord) || (in.at(TokenKind::kWord) && in.keyword() == Keyword::kNoKeyword)) {
    set_one(in, set, "timezone", make_string(in, parse_word(in), position));
    return;
  }
  set_one(in, set, "timezone", parse_numeric_only(in));
}

void parse_names(TokenStream& in, SetStatement* set) {
  if (in.at(TokenKind::kString)) return parse_string_setting(in, set, "client_encoding");
  in.accept(Keyword::kDefault);
  set_default(set, "client_encoding");
}

void parse_generic(TokenStream& in, SetStatement* set) {
  set->name = parse_setting_name(in);
  if (in.accept(Keyword::kFrom)) {
    in.expect(Keyword::kCurrent);
    set->action = Action::kFromCurrent;
    return;
  }
  if (!in.accept(Keyword::kTo)) in.expect(TokenKind::kEqual);
  if (in.accept(Keyword::kDefault)) {
    set->action = Action::kDefault;
    return;
  }
  set->values = parse_list(in, parse_value);
}

void parse_session_authorization(TokenStream& in, SetStatement* set) {
  in.skip();
  in.skip();
  if (in.accept(Keyword::kDefault)) return set_default(set, "session_authorization");
  parse_word_setting(in, set, "session_authorization");
}

// A keyword that is a setting's name when TO, = or a dot follows is one here too.
bool at_plain_name(TokenStream& in) {
  const Token& next = in.peek(1);
  return next.kind == TokenKind::kEqual || next.kind == TokenKind::kDot ||
         (next.kind == TokenKind::kWord && next.keyword == Keyword::kTo);
}

void parse_set_rest_more(TokenStream& in, SetStatement* set) {
  if (at_plain_name(in)) return parse_generic(in, set);
  if (in.at(Keyword::kTime, Keyword::kZone)) {
    in.skip();
    in.skip();
    return parse_time_zone(in, set);
  }
  if (in.at(Keyword::kSession, Keyword::kAuthorization)) return parse_session_authorization(in, set);
  if (in.at(Keyword::kTransaction, Keyword::kSnapshot)) {
    in.skip();
    in.skip();
    parse_string_setting(in, set, "transaction_snapshot");
    set->action = Action::kTransactionSnapshot;
    return;
  }
  if (in.at(Keyword::kCatalog)) in.refuse(in.position(), "SET CATALOG");
  if (in.accept(Keyword::kSchema)) return parse_string_setting(in, set, "search_path");
  if (in.accept(Keyword::kNames)) return parse_names(in, set);
  if (in.accept(Keyword::kRole)) return parse_word_setting(in, set, "role");
  if (in.at(Keyword::kXml, Keyword::kOption)) {
    in.skip();
    in.skip();
    if (!in.at(Keyword::kDocument) && !in.at(Keyword::kContent)) in.fail();
    return parse_word_setting(in, set, "xmloption");
  }
  parse_generic(in, set);
}

void parse_set_rest(TokenStream& in, SetStatement* set) {
  if (in.at(Keyword::kTransaction) && !in.at_next(Keyword::kSnapshot) && !at_plain_name(in)) {
    in.skip();
    set->action = Action::kTransaction;
    set->modes = parse_transaction_modes(in);
    if (set->modes.empty()) in.fail();
  } else if (in.at(Keyword::kSession, Keyword::kCharacteristics)) {
    in.skip();
    in.skip();
    in.expect(Keyword::kAs, Keyword::kTransaction);
    set->action = Action::kSessionCharacteristics;
    set->modes = parse_transaction_modes(in);
    if (set->modes.empty()) in.fail();
  } else {
    parse_set_rest_more(in, set);
  }
}

const TableRef* parse_constraint_name(TokenStream& in) { return parse_qualified_name(in); }

Statement* parse_set_constraints(TokenStream& in, uint32_t position) {
  auto* node = in.make<SetConstraintsStatement>(position);
  in.skip();
  if (!in.accept(Keyword::kAll)) node->constraints = parse_list(in, parse_constraint_name);
  node->deferred = in.accept(Keyword::kDeferred);
  if (!node->deferred) in.expect(Keyword::kImmediate);
  return node;
}

// The words after RESET and SHOW that stand for one setting; else its name.
std::string_view parse_shown_name(TokenStream& in) {
  if (in.at(Keyword::kTime, Keyword::kZone)) {
    in.skip();
    in.skip();
    return "timezone";
  }
  if (in.at(Keyword::kTransaction, Keyword::kIsolation)) {
    in.skip();
    in.skip();
    in.expect(Keyword::kLevel);
    return "transaction_isolation";
  }
  if (in.at(Keyword::kSession, Keyword::kAuthorization)) {
    in.skip();
    in.skip();
    return "session_authorization";
  }
  return parse_setting_name(in);
}

void parse_reset_rest(TokenStream& in, SetStatement* set) {
  set->action = in.at(Keyword::kAll) ? Action::kResetAll : Action::kReset;
  if (!in.accept(Keyword::kAll)) set->name = parse_shown_name(in);
}

}  // namespace

Statement* parse_set(TokenStream& in) {
  const uint32_t position = in.position();
  in.skip();
  if (in.at(Keyword::kConstraints) && !at_plain_name(in)) return parse_set_constraints(in, position);
  auto* set = in.make<SetStatement>(position);
  if (in.at(Keyword::kLocal) && !at_plain_name(in)) {
    in.skip();
    set->local = true;
  } else if (in.at(Keyword::kSession) && !at_plain_name(in) && !in.at_next(Keyword::kAuthorization) &&
             !in.at_next(Keyword::kCharacteristics)) {
    in.skip();
  }
  parse_set_rest(in, set);
  return set;
}

const SetStatement* parse_set_or_reset(TokenStream& in) {
  auto* set = in.make<SetStatement>();
  if (in.accept(Keyword::kReset)) {
    parse_reset_rest(in, set);
  } else {
    in.expect(Keyword::kSet);
    parse_set_rest_more(in, set);
  }
  return set;
}

Statement* parse_reset(TokenStream& in) {
  auto* set = in.make<SetStatement>();
  in.skip();
  parse_reset_rest(in, set);
  return set;
}

Statement* parse_show(TokenStream& in) {
  auto* show = in.make<ShowStatement>();
  in.skip();
  show->name = in.accept(Keyword::kAll) ? std::string_view("all") : parse_shown_name(in);
  return show;
}

}  // namespace troupe::sql
