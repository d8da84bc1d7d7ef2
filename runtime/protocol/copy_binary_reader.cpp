#include "runtime/protocol/copy_binary_reader.hpp"

#include "runtime/protocol/wire.hpp"

namespace troupe {
namespace {

constexpr size_t kFlagsAt = kCopyBinarySignature.size();
constexpr size_t kExtensionAt = kFlagsAt + 4;
constexpr size_t kHeaderSize = kExtensionAt + 4;
constexpr uint32_t kFlagOids = 1u << 16;
/// A header extension that anybody uses does not exist; PostgreSQL skips it, so do we, up to here.
constexpr int32_t kExtensionBytesMax = 1 << 20;

}  // namespace

void CopyBinaryReader::feed(std::string_view data) {
  // A field of a carried row is found by offset, so the whole piece joins it; rows after it are read from there too.
  if (carry_.empty()) {
    data_ = data;
  } else {
    carry_.append(data);
  }
}

CopyRead CopyBinaryReader::next_row() {
  if (!error_.ok()) return CopyRead::kError;
  if (!header_read_) {
    switch (parse_header()) {
      case Parsed::kMore: return need_more();
      case Parsed::kError: return CopyRead::kError;
      case Parsed::kDone: break;
    }
  }
  if (!trailer_read_) {
    switch (parse_row()) {
      case Parsed::kMore: return need_more();
      case Parsed::kError: return CopyRead::kError;
      case Parsed::kDone: break;
    }
    if (!trailer_read_) return CopyRead::kRow;
  }
  if (!unit().empty()) {
    broken("received copy data after EOF marker");
    return CopyRead::kError;
  }
  return finished_ ? CopyRead::kEnd : CopyRead::kNeedMore;
}

CopyRead CopyBinaryReader::need_more() {
  if (finished_) {
    // The data may end between two rows, with or without a trailer.
    if (header_read_ && unit().empty()) return CopyRead::kEnd;
    broken(header_read_ ? "unexpected EOF in COPY data" : "COPY file signature not recognized");
    return CopyRead::kError;
  }
  if (unit().size() > kRowBytesMax) {
    fail(troupe::error(ErrorCode::kProgramLimitExceeded, "a row of COPY data is longer than ", kRowBytesMax, " bytes"));
    return CopyRead::kError;
  }
  if (carry_.empty()) carry_.assign(data_);
  data_ = {};
  return CopyRead::kNeedMore;
}

void CopyBinaryReader::consume(size_t size) {
  wanted_ = 0;
  if (carry_.empty()) {
    data_.remove_prefix(size);
    return;
  }
  // The rest of the carried piece is read as views into it, so it must not move until the next piece comes.
  row_carry_.swap(carry_);
  carry_.clear();
  data_ = std::string_view(row_carry_).substr(size);
}

CopyBinaryReader::Parsed CopyBinaryReader::parse_header() {
  const std::string_view bytes = unit();
  const std::string_view signature = bytes.substr(0, kCopyBinarySignature.size());
  if (signature != kCopyBinarySignature.substr(0, signature.size())) {
    return broken("COPY file signature not recognized");
  }
  if (bytes.size() < kHeaderSize) return Parsed::kMore;
  const uint32_t flags = wire::load_u32(bytes.data() + kFlagsAt);
  if ((flags & kFlagOids) != 0) return broken("invalid COPY file header (WITH OIDS)");
  if ((flags >> 16) != 0) return broken("unrecognized critical flags in COPY file header");
  const auto extension = static_cast<int32_t>(wire::load_u32(bytes.data() + kExtensionAt));
  if (extension < 0) return broken("invalid COPY file header (missing length)");
  if (extension > kExtensionBytesMax) return broken("invalid COPY file header (wrong length)");
  if (bytes.size() - kHeaderSize < static_cast<size_t>(extension)) return Parsed::kMore;
  consume(kHeaderSize + static_cast<size_t>(extension));
  header_read_ = true;
  return Parsed::kDone;
}

CopyBinaryReader::Parsed CopyBinaryReader::parse_row() {
  const std::string_view bytes = unit();
  if (bytes.size() < 2 || bytes.size() < wanted_) return Parsed::kMore;
  const auto count = static_cast<int16_t>(wire::load_u16(bytes.data()));
  ++line_;
  if (count == -1) {
    trailer_read_ = true;
    consume(2);
    return Parsed::kDone;
  }
  const size_t expected = target_.columns.size();
  if (count < 0 || static_cast<size_t>(count) != expected) {
    return broken(cat("row field count is ", count, ", expected ", expected));
  }
  // Until the row is whole nothing is consumed, so a later attempt counts it once.
  const auto incomplete = [this](size_t wanted) {
    --line_;
    wanted_ = wanted;
    return Parsed::kMore;
  };
  fields_.clear();
  size_t at = 2;
  for (size_t i = 0; i < expected; ++i) {
    if (bytes.size() - at < 4) return incomplete(at + 4);
    const auto size = static_cast<int32_t>(wire::load_u32(bytes.data() + at));
    at += 4;
    if (size == -1) {
      fields_.emplace_back(std::nullopt);
      continue;
    }
    if (size < 0) return broken("invalid field size");
    if (bytes.size() - at < static_cast<size_t>(size)) return incomplete(at + static_cast<size_t>(size));
    fields_.emplace_back(bytes.substr(at, static_cast<size_t>(size)));
    at += static_cast<size_t>(size);
  }
  consume(at);
  return Parsed::kDone;
}

CopyBinaryReader::Parsed CopyBinaryReader::broken(std::string_view message) {
  fail(troupe::error(ErrorCode::kBadCopyFileFormat, message));
  return Parsed::kError;
}

}  // namespace troupe
