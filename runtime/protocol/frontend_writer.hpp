#pragma once
/// What a client says: builds PostgreSQL's frontend messages one after the other in an OutputBuffer. For clients that
/// live in the node (actors/session/local_client.hpp); values are text. Owner: one client.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/protocol/output_buffer.hpp"

namespace troupe {

/// nullopt: NULL.
using TextValue = std::optional<std::string_view>;

class FrontendWriter {
 public:
  using Setting = std::pair<std::string, std::string>;

  void startup(std::span<const Setting> settings);
  void sasl_initial_response(std::string_view mechanism, std::string_view data);
  void sasl_response(std::string_view data);
  void query(std::string_view sql);
  void parse(std::string_view statement, std::string_view sql);
  /// Of the unnamed portal.
  void bind(std::string_view statement, std::span<const TextValue> parameters);
  void describe_portal();
  void execute_portal();
  void close_statement(std::string_view statement);
  void copy_fail(std::string_view reason);
  void sync();
  void terminate();

  OutputBuffer& buffer() { return out_; }

 private:
  size_t begin(char type);
  void end(size_t mark);
  void put_u16(uint16_t value);
  void put_u32(uint32_t value);
  void put_text(std::string_view text);  // up to a NUL, then one

  OutputBuffer out_;
};

}  // namespace troupe
