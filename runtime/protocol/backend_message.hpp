#pragma once
/// What the server says, as a client in the node reads it (actors/session/local_client.hpp). The bytes come from this
/// process, so what breaks the protocol is a bug, not an error.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/protocol/backend_writer.hpp"
#include "runtime/protocol/frontend_message.hpp"
#include "runtime/protocol/output_buffer.hpp"

namespace troupe {

struct BackendMessage {
  char type = 0;
  std::string_view body;
};

class BackendReader {
 public:
  /// Takes all of what the server has written.
  void take(OutputBuffer& written);
  /// False: no whole message is there. Its views end with the next take() or next().
  bool next(BackendMessage* message);
  size_t unread_bytes() const { return buffer_.size() - given_out_; }

 private:
  void drop_given_out() { buffer_.consume(std::exchange(given_out_, 0)); }

  OutputBuffer buffer_;
  size_t given_out_ = 0;  ///< of its beginning: the last message
};

/// A row: how many columns, and one text or NULL after the other. It has the shape of Bind's values.
using DataRow = BindParameters;
DataRow parse_data_row(std::string_view body);

/// Views into the message.
std::vector<ColumnDescriptor> parse_row_description(std::string_view body);

/// An error or a notice.
struct ServerReport {
  std::string severity;  ///< "ERROR", "FATAL", "NOTICE" ...
  std::string sqlstate;
  std::string message;
  std::string detail;
  std::string hint;
  std::string where;
  int position = 0;  ///< 1-based, in characters; 0: none
  std::string schema;
  std::string table;
  std::string column;
  std::string data_type;
  std::string constraint;

  bool ends_session() const { return severity == "FATAL" || severity == "PANIC"; }
};
ServerReport parse_report(std::string_view body);

}  // namespace troupe
