#pragma once
/// The client's half of PostgreSQL's protocol, as far as the simulator's clients need it: bytes in, bytes out.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::sim {

using Row = std::vector<std::optional<std::string>>;

/// How a statement, or several sent at once, ended.
struct Reply {
  bool lost = false;   ///< the connection ended before the answer
  bool fatal = false;  ///< the error ended the session
  std::string code;    ///< SQLSTATE; empty: no error
  std::string message;
  std::string detail;
  std::string tag;  ///< of the last statement
  std::vector<Row> rows;
  char transaction = 'I';  ///< I: none, T: open, E: failed

  bool ok() const { return !lost && code.empty(); }
  /// Whether a commit that was answered like this may have happened all the same.
  bool in_doubt() const { return lost || fatal || code == "40003"; }
};

std::string startup_message(std::string_view application);
std::string query_message(std::string_view sql);
/// Parse, Bind, Execute and Sync of the unnamed statement; parameters as text.
std::string extended_messages(std::string_view sql, const std::vector<std::string>& parameters);
std::string terminate_message();

/// Makes replies of what the server sends.
class ReplyReader {
 public:
  /// Called for each data row instead of keeping it, when set.
  std::function<void(Row)> on_row;

  void add(std::string_view bytes) { buffer_.append(bytes); }
  /// True once ReadyForQuery has come: take() has the reply.
  bool next();
  Reply take();
  /// Why the bytes are no protocol; empty: they are.
  const std::string& malformed() const { return malformed_; }

 private:
  void handle(char type, std::string_view body);
  void take_error(std::string_view body);
  void take_row(std::string_view body);

  std::string buffer_;
  Reply reply_;
  bool ready_ = false;
  std::string malformed_;
};

}  // namespace troupe::sim
