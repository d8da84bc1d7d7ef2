#include "tools/troupe/script.hpp"

#include <algorithm>
#include <utility>

#include "runtime/sql/scanner.hpp"

namespace troupe {
namespace {

using sql::TokenKind;

/// Recognizes COPY ... FROM STDIN by its words.
class CopyWords {
 public:
  void see(std::string_view word) {
    const bool first = !std::exchange(begun_, true);
    if (first) copies_ = is(word, "copy");
    from_stdin_ = from_stdin_ || (was_from_ && is(word, "stdin"));
    was_from_ = is(word, "from");
  }
  bool copies_in() const { return copies_ && from_stdin_; }

 private:
  static bool is(std::string_view word, std::string_view lower) {
    return std::equal(word.begin(), word.end(), lower.begin(), lower.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
  }
  bool begun_ = false, copies_ = false, was_from_ = false, from_stdin_ = false;
};

size_t blanks(std::string_view text) { return std::min(text.find_first_not_of(" \t\r\n"), text.size()); }
size_t line_end(std::string_view text) { return std::min(text.find('\n'), text.size()); }

}  // namespace

/// The next `size` bytes.
std::string_view Script::cut(size_t size) {
  const std::string_view part = rest_.substr(0, size);
  line_ += static_cast<uint64_t>(std::count(part.begin(), part.end(), '\n'));
  rest_.remove_prefix(size);
  return part;
}

bool Script::next(Statement* statement) {
  *statement = {};
  statement->line = line_;
  statement->text = std::exchange(after_rows_, {});
  while (statement->text.empty()) {
    cut(blanks(rest_));
    if (rest_.empty()) return false;
    statement->line = line_;
    if (rest_.front() == '\\') {
      statement->text = cut(line_end(rest_));
      statement->is_command = true;
      return true;
    }
    sql::Scanner scanner(rest_);
    CopyWords words;
    bool empty = true;
    int depth = 0;
    sql::Token token = scanner.next();
    for (; token.kind != TokenKind::kEnd && token.kind != TokenKind::kError; token = scanner.next()) {
      if (token.kind == TokenKind::kSemicolon && depth == 0) break;
      if (empty) statement->line += static_cast<uint64_t>(std::count(rest_.begin(), rest_.begin() + token.begin, '\n'));
      empty = false;
      if (token.kind == TokenKind::kOpen) ++depth;
      if (token.kind == TokenKind::kClose && depth > 0) --depth;
      if (depth == 0) words.see(rest_.substr(token.begin, token.end - token.begin));
    }
    // What cannot be scanned is the server's to explain.
    const bool whole = token.kind == TokenKind::kSemicolon;
    const std::string_view text = cut(whole ? token.end : rest_.size());
    statement->text = whole ? text.substr(0, text.size() - 1) : text;
    statement->copies_in = whole && words.copies_in();
    if (empty && token.kind != TokenKind::kError) statement->text = {};
  }
  return true;
}

std::string_view Script::take_rows() {
  after_rows_ = cut(std::min(line_end(rest_) + 1, rest_.size()));
  after_rows_.remove_prefix(blanks(after_rows_));
  const std::string_view rows = rest_;
  size_t size = 0;
  while (!rest_.empty()) {
    const std::string_view line = cut(std::min(line_end(rest_) + 1, rest_.size()));
    if (line == "\\.\n" || line == "\\.\r\n" || line == "\\.") break;
    size += line.size();
  }
  return rows.substr(0, size);
}

}  // namespace troupe
