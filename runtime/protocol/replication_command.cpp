#include "runtime/protocol/replication_command.hpp"

#include <algorithm>
#include <cctype>

namespace troupe {
namespace {

struct Token {
  enum class Kind : uint8_t { kEnd, kWord, kQuoted, kString, kLsn, kNumber, kSign };
  Kind kind = Kind::kEnd;
  std::string text;
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : rest_{text} { advance(); }

  const Token& token() const { return token_; }
  const absl::Status& status() const { return status_; }
  bool at_sign(char c) const { return token_.kind == Token::Kind::kSign && token_.text[0] == c; }
  /// Keywords are written in capitals.
  bool accept(std::string_view keyword) {
    if (token_.kind != Token::Kind::kWord || token_.text != keyword) return false;
    advance();
    return true;
  }
  bool accept_sign(char c) {
    if (!at_sign(c)) return false;
    advance();
    return true;
  }
  std::string take() {
    std::string text = std::move(token_.text);
    advance();
    return text;
  }

  void advance() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_[0])) != 0) rest_.remove_prefix(1);
    token_ = {};
    if (rest_.empty()) return;
    const char first = rest_[0];
    if (first == '"' || first == '\'') {
      take_quoted(first);
    } else if (is_word(first)) {
      take_word();
    } else {
      token_ = {Token::Kind::kSign, std::string(1, first)};
      rest_.remove_prefix(1);
    }
  }

 private:
  void take_quoted(char quote) {
    token_.kind = quote == '"' ? Token::Kind::kQuoted : Token::Kind::kString;
    for (size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == quote) {
        if (i + 1 == rest_.size() || rest_[i + 1] != quote) {
          rest_.remove_prefix(i + 1);
          return;
        }
        ++i;
      }
      token_.text.push_back(rest_[i]);
    }
    rest_ = {};
    status_ = error(ErrorCode::kSyntaxError, "unterminated quoted ", quote == '"' ? "identifier" : "string");
  }

  void take_word() {
    size_t end = 0;
    while (end < rest_.size() && (is_word(rest_[end]) || rest_[end] == '/')) ++end;
    token_.text = rest_.substr(0, end);
    rest_.remove_prefix(end);
    const bool lsn = token_.text.find('/') != std::string::npos;
    const bool number = std::all_of(token_.text.begin(), token_.text.end(),
                                    [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
    token_.kind = lsn ? Token::Kind::kLsn : number ? Token::Kind::kNumber : Token::Kind::kWord;
  }

  std::string_view rest_;
  Token token_;
  absl::Status status_;
};

absl::Status syntax_error(const Lexer& in) {
  if (!in.status().ok()) return in.status();
  return in.token().kind == Token::Kind::kEnd
             ? error(ErrorCode::kSyntaxError, "syntax error at end of replication command")
             : error(ErrorCode::kSyntaxError, "syntax error in a replication command at or near \"", in.token().text,
                     "\"");
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return text;
}

absl::StatusOr<std::string> parse_name(Lexer& in) {
  const Token::Kind kind = in.token().kind;
  if (kind == Token::Kind::kWord) return lower(in.take());
  if (kind == Token::Kind::kQuoted) return in.take();
  return syntax_error(in);
}

absl::StatusOr<uint64_t> parse_lsn(Lexer& in) {
  if (in.token().kind != Token::Kind::kLsn) return syntax_error(in);
  const std::string& text = in.token().text;
  const size_t slash = text.find('/');
  uint64_t halves[2] = {0, 0};
  const std::string_view pieces[2] = {std::string_view(text).substr(0, slash),
                                      std::string_view(text).substr(slash + 1)};
  for (int i = 0; i < 2; ++i) {
    if (pieces[i].empty() || pieces[i].size() > 8) return syntax_error(in);
    for (const char c : pieces[i]) {
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return syntax_error(in);
      const int digit = c <= '9' ? c - '0' : std::tolower(static_cast<unsigned char>(c)) - 'a' + 10;
      halves[i] = halves[i] << 4 | static_cast<uint64_t>(digit);
    }
  }
  in.advance();
  return halves[0] << 32 | halves[1];
}

/// (name ['value'], ...)
absl::StatusOr<ReplicationOptions> parse_options(Lexer& in) {
  ReplicationOptions options;
  if (!in.accept_sign('(')) return options;
  if (in.accept_sign(')')) return options;
  do {
    TROUPE_ASSIGN_OR_RETURN(std::string name, parse_name(in));
    std::string value;
    const Token::Kind kind = in.token().kind;
    if (kind == Token::Kind::kString || kind == Token::Kind::kNumber) {
      value = in.take();
    } else if (kind == Token::Kind::kWord || kind == Token::Kind::kQuoted) {
      TROUPE_ASSIGN_OR_RETURN(value, parse_name(in));
    }
    options.emplace_back(std::move(name), std::move(value));
  } while (in.accept_sign(','));
  if (!in.accept_sign(')')) return syntax_error(in);
  return options;
}

absl::StatusOr<ReplicationOptions> parse_slot_options(Lexer& in) {
  if (in.at_sign('(')) return parse_options(in);
  ReplicationOptions options;
  constexpr std::pair<std::string_view, std::pair<std::string_view, std::string_view>> kLegacy[] = {
      {"EXPORT_SNAPSHOT", {"snapshot", "export"}},
      {"NOEXPORT_SNAPSHOT", {"snapshot", "nothing"}},
      {"USE_SNAPSHOT", {"snapshot", "use"}},
      {"RESERVE_WAL", {"reserve_wal", ""}},
      {"TWO_PHASE", {"two_phase", ""}},
  };
  for (bool found = true; found;) {
    found = false;
    for (const auto& [word, option] : kLegacy) {
      if (!in.accept(word)) continue;
      options.emplace_back(option.first, option.second);
      found = true;
    }
  }
  return options;
}

absl::StatusOr<ReplicationCommand> parse_create(Lexer& in) {
  CreateSlotCommand create;
  TROUPE_ASSIGN_OR_RETURN(create.slot, parse_name(in));
  create.temporary = in.accept("TEMPORARY");
  create.logical = in.accept("LOGICAL");
  if (create.logical) {
    TROUPE_ASSIGN_OR_RETURN(create.plugin, parse_name(in));
  } else if (!in.accept("PHYSICAL")) {
    return syntax_error(in);
  }
  TROUPE_ASSIGN_OR_RETURN(create.options, parse_slot_options(in));
  return create;
}

absl::StatusOr<ReplicationCommand> parse_start(Lexer& in) {
  StartReplicationCommand start;
  if (in.accept("SLOT")) {
    TROUPE_ASSIGN_OR_RETURN(start.slot, parse_name(in));
  }
  start.logical = in.accept("LOGICAL");
  if (!start.logical) in.accept("PHYSICAL");
  TROUPE_ASSIGN_OR_RETURN(start.lsn, parse_lsn(in));
  if (!start.logical) {
    if (in.accept("TIMELINE")) in.take();
    return start;
  }
  TROUPE_ASSIGN_OR_RETURN(start.options, parse_options(in));
  return start;
}

constexpr std::string_view kPhysical[] = {"BASE_BACKUP", "TIMELINE_HISTORY", "READ_REPLICATION_SLOT"};

}  // namespace

bool is_replication_command(std::string_view text) {
  const Lexer in(text);
  if (in.token().kind != Token::Kind::kWord) return false;
  const std::string& word = in.token().text;
  return word == "IDENTIFY_SYSTEM" || word == "CREATE_REPLICATION_SLOT" || word == "DROP_REPLICATION_SLOT" ||
         word == "START_REPLICATION" ||
         std::find(std::begin(kPhysical), std::end(kPhysical), word) != std::end(kPhysical);
}

absl::StatusOr<ReplicationCommand> parse_replication_command(std::string_view text) {
  Lexer in(text);
  const std::string word = in.take();
  if (std::find(std::begin(kPhysical), std::end(kPhysical), word) != std::end(kPhysical)) return PhysicalCommand{word};
  absl::StatusOr<ReplicationCommand> command = IdentifySystemCommand{};
  if (word == "CREATE_REPLICATION_SLOT") {
    command = parse_create(in);
  } else if (word == "START_REPLICATION") {
    command = parse_start(in);
  } else if (word == "DROP_REPLICATION_SLOT") {
    DropSlotCommand drop;
    TROUPE_ASSIGN_OR_RETURN(drop.slot, parse_name(in));
    drop.wait = in.accept("WAIT");
    command = drop;
  }
  if (!command.ok()) return command;
  in.accept_sign(';');
  if (!in.status().ok() || in.token().kind != Token::Kind::kEnd) return syntax_error(in);
  return command;
}

}  // namespace troupe
