#pragma once
/// A file of SQL statements, and of rows behind a COPY ... FROM STDIN, taken apart as psql does: a semicolon outside
/// quotes, comments and parentheses ends a statement, a line "\." ends rows.
#include <cstdint>
#include <string_view>

namespace troupe {

class Script {
 public:
  /// `text` outlives it.
  explicit Script(std::string_view text) : rest_{text} {}

  struct Statement {
    std::string_view text;  ///< without the semicolon
    uint64_t line = 0;      ///< where it begins, from 1
    bool is_command = false;  ///< one of psql's, with a backslash; to the end of its line
    bool copies_in = false;   ///< rows follow: take_rows()
  };
  /// False at the end.
  bool next(Statement* statement);
  /// The rows behind the statement given last, which may be none.
  std::string_view take_rows();

 private:
  std::string_view cut(size_t size);

  std::string_view rest_;
  std::string_view after_rows_;  ///< what stood behind the statement on its line: comes once the rows are taken
  uint64_t line_ = 1;
};

}  // namespace troupe
