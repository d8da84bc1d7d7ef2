#include "storage/base/error.hpp"

#include <array>

#include "absl/strings/cord.h"
#include "storage/base/bytes.hpp"
#include "storage/base/error_routine.hpp"

namespace troupe {
namespace {

constexpr absl::string_view kPayload = "troupe/error";
constexpr absl::string_view kRoutine = "troupe/routine";

absl::StatusCode status_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kQueryCanceled: return absl::StatusCode::kCancelled;
    case ErrorCode::kFeatureNotSupported: return absl::StatusCode::kUnimplemented;
    case ErrorCode::kUniqueViolation: return absl::StatusCode::kAlreadyExists;
    case ErrorCode::kSerializationFailure:
    case ErrorCode::kDeadlockDetected: return absl::StatusCode::kAborted;
    case ErrorCode::kDataCorrupted:
    case ErrorCode::kIndexCorrupted: return absl::StatusCode::kDataLoss;
    default: return absl::StatusCode::kUnknown;
  }
}

/// The text fields besides the message, in the order they are encoded.
std::array<std::string ErrorFields::*, 8> text_fields() {
  return {&ErrorFields::detail, &ErrorFields::hint,   &ErrorFields::where,     &ErrorFields::schema,
          &ErrorFields::table,  &ErrorFields::column, &ErrorFields::data_type, &ErrorFields::constraint};
}

absl::Status change(const absl::Status& status, auto&& edit) {
  if (status.ok()) return status;
  ErrorFields fields = error_fields(status);
  edit(fields);
  return make_error(fields);
}

}  // namespace

std::string unpack_sqlstate(uint32_t packed) {
  std::string text(5, '0');
  for (int i = 4; i >= 0; --i) {
    text[i] = static_cast<char>('0' + (packed & 0x3F));
    packed >>= 6;
  }
  return text;
}

absl::Status make_error(const ErrorFields& fields) {
  absl::Status status(status_code(fields.code), fields.message);
  std::string payload;
  ByteWriter writer(&payload);
  writer.u32(static_cast<uint32_t>(fields.code));
  writer.u32(static_cast<uint32_t>(fields.position));
  for (const auto field : text_fields()) writer.bytes(fields.*field);
  status.SetPayload(kPayload, absl::Cord(payload));
  return status;
}

ErrorFields error_fields(const absl::Status& status) {
  ErrorFields fields;
  fields.code = status.ok() ? ErrorCode::kOk : ErrorCode::kInternalError;
  fields.message = std::string(status.message());
  const auto payload = status.GetPayload(kPayload);
  if (!payload) return fields;
  const std::string bytes(*payload);
  ByteReader reader(bytes);
  fields.code = static_cast<ErrorCode>(reader.u32());
  fields.position = static_cast<int>(reader.u32());
  for (const auto field : text_fields()) fields.*field = std::string(reader.bytes());
  return fields;
}

ErrorCode error_code(const absl::Status& status) { return error_fields(status).code; }

absl::Status with_detail(absl::Status status, std::string detail) {
  return change(status, [&](ErrorFields& fields) { fields.detail = std::move(detail); });
}

absl::Status with_hint(absl::Status status, std::string hint) {
  return change(status, [&](ErrorFields& fields) { fields.hint = std::move(hint); });
}

absl::Status with_position(absl::Status status, int position) {
  return change(status, [&](ErrorFields& fields) {
    if (fields.position == 0) fields.position = position;
  });
}

absl::Status with_routine(absl::Status status, std::string_view routine) {
  status.SetPayload(kRoutine, absl::Cord(absl_view(routine)));
  return status;
}

std::string routine_of(const absl::Status& status) {
  const auto routine = status.GetPayload(kRoutine);
  return routine ? std::string(*routine) : std::string();
}

absl::Status annotate(const absl::Status& status, std::string_view context) {
  return change(status, [&](ErrorFields& fields) { fields.message = cat(context, ": ", fields.message); });
}

std::string encode_error(const absl::Status& status) {
  if (status.ok()) return {};
  const ErrorFields fields = error_fields(status);
  std::string out;
  ByteWriter writer(&out);
  writer.u32(static_cast<uint32_t>(fields.code));
  writer.u32(static_cast<uint32_t>(fields.position));
  writer.bytes(fields.message);
  for (const auto field : text_fields()) writer.bytes(fields.*field);
  return out;
}

absl::Status decode_error(std::string_view bytes) {
  if (bytes.empty()) return absl::OkStatus();
  ErrorFields fields;
  ByteReader reader(bytes);
  fields.code = static_cast<ErrorCode>(reader.u32());
  fields.position = static_cast<int>(reader.u32());
  fields.message = std::string(reader.bytes());
  for (const auto field : text_fields()) fields.*field = std::string(reader.bytes());
  if (!reader.ok()) return error(ErrorCode::kInternalError, "an error message between actors was cut short");
  return make_error(fields);
}

}  // namespace troupe
