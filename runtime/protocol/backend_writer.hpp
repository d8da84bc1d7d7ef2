#pragma once
/// What the server says: builds PostgreSQL's backend messages one after the other in an OutputBuffer, which the
/// session flushes: pending()/consume() for a write that ends at once, take()/recycle() for one that goes on while
/// more is built. Large results: produce until over_high_water(), flush, go on.
/// Owner: one session.
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "runtime/protocol/output_buffer.hpp"
#include "runtime/protocol/wire.hpp"
#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

enum class Severity : uint8_t { kError, kFatal, kPanic, kWarning, kNotice, kInfo, kLog, kDebug };
enum class TransactionStatus : char { kIdle = 'I', kInTransaction = 'T', kFailed = 'E' };

/// One column of RowDescription.
struct ColumnDescriptor {
  std::string_view name;
  Oid table = 0;
  int16_t attribute = 0;
  Oid type = 0;
  int16_t type_length = -1;
  int32_t type_modifier = -1;
  int16_t format = 0;
};

class BackendWriter {
 public:
  static constexpr size_t kHighWaterBytes = 128 * 1024;

  explicit BackendWriter(size_t high_water_bytes = kHighWaterBytes) : high_water_bytes_{high_water_bytes} {}

  // Start of a connection.
  void ssl_response(bool accepted) { out_.push_back(accepted ? 'S' : 'N'); }
  void authentication_ok() { authentication(0); }
  void authentication_cleartext_password() { authentication(3); }
  void authentication_md5_password(uint32_t salt);
  void authentication_sasl(std::span<const std::string_view> mechanisms);
  void authentication_sasl_continue(std::string_view data) { authentication(11, data); }
  void authentication_sasl_final(std::string_view data) { authentication(12, data); }
  void negotiate_protocol_version(uint32_t newest_minor, std::span<const std::string_view> unknown_options);
  void parameter_status(std::string_view name, std::string_view value);
  void backend_key_data(int32_t process_id, int32_t secret_key);
  void ready_for_query(TransactionStatus status);

  // Results.
  void row_description(std::span<const ColumnDescriptor> columns);
  void command_complete(std::string_view tag);
  /// "SELECT 5", "INSERT 0 5": `tag` with its space, then the count, without building a string.
  void command_complete(std::string_view tag, uint64_t rows);
  void empty_query_response() { empty_message('I'); }
  void parse_complete() { empty_message('1'); }
  void bind_complete() { empty_message('2'); }
  void close_complete() { empty_message('3'); }
  void no_data() { empty_message('n'); }
  void portal_suspended() { empty_message('s'); }
  void parameter_description(std::span<const Oid> types);
  /// `routine`: see storage/base/error_routine.hpp.
  void error_response(const ErrorFields& fields, Severity severity = Severity::kError, std::string_view routine = {}) {
    report('E', fields, severity, routine);
  }
  void notice_response(const ErrorFields& fields, Severity severity = Severity::kNotice) {
    report('N', fields, severity, {});
  }
  void notification_response(int32_t process_id, std::string_view channel, std::string_view payload);

  // DataRow: begin_row(), one call per column, end_row().
  void begin_row(uint16_t columns) {
    char* at = out_.reserve(wire::kHeaderBytes + 2 + kRowRoom);
    row_mark_ = out_.mark();
    at[0] = 'D';
    wire::store_u16(at + wire::kHeaderBytes, columns);
    out_.commit(wire::kHeaderBytes + 2);
  }
  void null_field() {
    wire::store_u32(out_.reserve(4), 0xFFFFFFFFu);
    out_.commit(4);
  }
  void field(std::string_view bytes) {
    char* at = out_.reserve(4 + bytes.size());
    wire::store_u32(at, static_cast<uint32_t>(bytes.size()));
    if (!bytes.empty()) std::memcpy(at + 4, bytes.data(), bytes.size());
    out_.commit(4 + bytes.size());
  }
  /// Text format of an integer.
  void int_field(int64_t value) {
    char* at = out_.reserve(4 + 20);
    const char* end = std::to_chars(at + 4, at + 24, value).ptr;
    wire::store_u32(at, static_cast<uint32_t>(end - at - 4));
    out_.commit(static_cast<size_t>(end - at));
  }
  void bool_field(bool value) { field(value ? "t" : "f"); }
  // Binary formats.
  void int2_binary_field(int16_t value) {
    char* at = out_.reserve(6);
    wire::store_u32(at, 2);
    wire::store_u16(at + 4, static_cast<uint16_t>(value));
    out_.commit(6);
  }
  void int4_binary_field(int32_t value) {
    char* at = out_.reserve(8);
    wire::store_u32(at, 4);
    wire::store_u32(at + 4, static_cast<uint32_t>(value));
    out_.commit(8);
  }
  void int8_binary_field(int64_t value) {
    char* at = out_.reserve(12);
    wire::store_u32(at, 8);
    wire::store_u64(at + 4, static_cast<uint64_t>(value));
    out_.commit(12);
  }
  void float4_binary_field(float value) { int4_binary_field(std::bit_cast<int32_t>(value)); }
  void float8_binary_field(double value) { int8_binary_field(std::bit_cast<int64_t>(value)); }
  void bool_binary_field(bool value) { field(value ? std::string_view("\1", 1) : std::string_view("\0", 1)); }
  /// For a formatter that writes into place: room for up to `size_max` bytes, then end_field(what it used).
  char* begin_field(size_t size_max) { return out_.reserve(4 + size_max) + 4; }
  void end_field(size_t size) {
    wire::store_u32(out_.at(out_.mark()), static_cast<uint32_t>(size));
    out_.commit(4 + size);
  }
  void end_row() { patch_length(row_mark_); }
  /// The row failed half way: as if it had not begun.
  void abandon_row() { out_.rewind(row_mark_); }

  // COPY: all columns in one format.
  void copy_in_response(bool binary, uint16_t columns) { copy_response('G', binary, columns); }
  void copy_out_response(bool binary, uint16_t columns) { copy_response('H', binary, columns); }
  void copy_both_response(bool binary, uint16_t columns) { copy_response('W', binary, columns); }
  void copy_data(std::string_view data);
  /// CopyData built in place: begin, append to buffer(), end.
  void begin_copy_data() { row_mark_ = begin('d'); }
  void end_copy_data() { patch_length(row_mark_); }
  void copy_done() { empty_message('c'); }

  OutputBuffer& buffer() { return out_; }
  std::string_view pending() const { return out_.pending(); }
  void consume(size_t size) { out_.consume(size); }
  OutputChunk take() { return out_.take(); }
  void recycle(OutputChunk chunk) { out_.recycle(std::move(chunk)); }
  bool over_high_water() const { return out_.size() >= high_water_bytes_; }
  /// To take back whole messages that were not flushed: rewind(mark()), as OutputBuffer.
  size_t mark() const { return out_.mark(); }
  void rewind(size_t mark) { out_.rewind(mark); }
  void trim() { out_.trim(); }
  size_t memory_bytes() const { return sizeof *this + out_.capacity(); }

 private:
  static constexpr size_t kRowRoom = 64;

  /// Type byte and room for the length; returns the mark that patch_length() wants.
  size_t begin(char type);
  void patch_length(size_t mark) { wire::store_u32(out_.at(mark) + 1, static_cast<uint32_t>(out_.mark() - mark - 1)); }
  void empty_message(char type);
  void authentication(uint32_t code, std::string_view data = {});
  void copy_response(char type, bool binary, uint16_t columns);
  void report(char type, const ErrorFields& fields, Severity severity, std::string_view routine);
  void append_u16(uint16_t v);
  void append_u32(uint32_t v);
  void append_string(std::string_view text);  // up to a NUL, then one

  OutputBuffer out_;
  size_t row_mark_ = 0;
  size_t high_water_bytes_;
};

/// The word of ErrorResponse's S and V fields.
std::string_view severity_name(Severity severity);

}  // namespace troupe
