#include <bit>
#include <memory>

#include <openssl/evp.h>

#include "runtime/types/byte_slices.hpp"
#include "runtime/types/kernel.hpp"
#include "runtime/types/long_value.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_scan.hpp"
#include "storage/base/text.hpp"

/// bytea: digests, encode/decode, single bytes and bits.
namespace troupe {
namespace {

constexpr Oid kB = oid::kBytea, kT = oid::kText, kI4 = oid::kInt4;

absl::StatusOr<std::string> digest(const EvalContext& context, const EVP_MD* algorithm, std::string_view bytes) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  TROUPE_CHECK(state != nullptr && EVP_DigestInit_ex(state.get(), algorithm, nullptr) == 1);
  TROUPE_RETURN_IF_ERROR(in_pieces(
      context, bytes, [&](std::string_view piece) { EVP_DigestUpdate(state.get(), piece.data(), piece.size()); }));
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(state.get(), out, &size);
  return std::string(reinterpret_cast<char*>(out), size);
}

absl::StatusOr<std::string> md5_hex(const EvalContext& context, std::string_view bytes) {
  TROUPE_ASSIGN_OR_RETURN(const std::string hash, digest(context, EVP_md5(), bytes));
  std::string out;
  format_hex(hash, &out);
  return out;
}

/// PostgreSQL breaks lines as RFC 2045 says, before what would be too long.
constexpr size_t kBase64LineDigits = 76, kBase64LineBytes = 57;

/// `bytes` begin at a line's beginning.
void append_base64(std::string_view bytes, std::string* to) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string& out = *to;
  size_t in_line = out.empty() ? 0 : kBase64LineDigits;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    if (in_line == kBase64LineDigits) {
      out.push_back('\n');
      in_line = 0;
    }
    uint32_t v = 0;
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < 3; ++j) v = (v << 8) | (j < n ? static_cast<uint8_t>(bytes[i + j]) : 0u);
    for (size_t j = 0; j < 4; ++j) out.push_back(j <= n ? kDigits[(v >> (18 - 6 * j)) & 63] : '=');
    in_line += 4;
  }
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : (c == '/' ? 63 : -1);
}

absl::StatusOr<std::string> bytes_of_base64(const EvalContext& context, std::string_view text) {
  std::string out;
  uint32_t v = 0;
  int digits = 0, padding = 0;
  size_t read = 0;
  for (const char c : text) {
    if (++read % kWorkPieceBytes == 0) TROUPE_RETURN_IF_ERROR(context.check_interrupt());
    if (text_scan::is_space(c)) continue;
    const int digit = base64_digit(c);
    if (c == '=') {
      if (padding == 0 && digits < 2) return error(ErrorCode::kInvalidParameterValue, "unexpected \"=\" while decoding base64 sequence");
      ++padding;
    } else if (digit < 0 || padding > 0) {
      return error(ErrorCode::kInvalidParameterValue, "invalid symbol \"", std::string(1, c), "\" found while decoding base64 sequence");
    }
    v = (v << 6) | static_cast<uint32_t>(std::max(digit, 0));
    if (++digits < 4) continue;
    for (int j = 0; j < 3 - padding; ++j) out.push_back(static_cast<char>((v >> (16 - 8 * j)) & 0xFF));
    v = 0;
    digits = 0;
  }
  if (digits != 0) {
    return with_hint(error(ErrorCode::kInvalidParameterValue, "invalid base64 end sequence"),
                     "Input data is missing padding, is truncated, or is otherwise corrupted.");
  }
  return out;
}

void append_escaped(std::string_view bytes, std::string* to) {
  std::string& out = *to;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\\') {
      out.append("\\\\");
    } else if (byte == 0 || byte >= 0x80) {
      out.push_back('\\');
      for (const int shift : {6, 3, 0}) out.push_back(static_cast<char>('0' + ((byte >> shift) & 7)));
    } else {
      out.push_back(c);
    }
  }
}

absl::Status bad_encoding(std::string_view name) {
  return error(ErrorCode::kInvalidParameterValue, "unrecognized encoding: \"", name, "\"");
}

absl::StatusOr<std::string> encode(const EvalContext& context, std::string_view bytes, std::string_view name) {
  constexpr size_t kPieceBytes = kWorkPieceBytes / kBase64LineBytes * kBase64LineBytes;
  const std::string kind = text_scan::lowered(name);
  const auto append = kind == "base64" ? append_base64 : kind == "escape" ? append_escaped : format_hex;
  if (append == format_hex && kind != "hex") return bad_encoding(name);
  if (append == format_hex) TROUPE_RETURN_IF_ERROR(check_room(bytes.size(), bytes.size()));
  std::string out;
  TROUPE_RETURN_IF_ERROR(in_pieces(
      context, bytes, [&](std::string_view piece) { append(piece, &out); }, kPieceBytes));
  return out;
}

absl::StatusOr<std::string> decode(const EvalContext& context, std::string_view text, std::string_view name) {
  const std::string kind = text_scan::lowered(name);
  if (kind == "base64") return bytes_of_base64(context, text);
  if (kind == "escape") return parse_bytea(text.starts_with("\\x") ? std::string_view(text) : text);
  return kind == "hex" ? parse_hex(text) : absl::StatusOr<std::string>(bad_encoding(name));
}

absl::Status index_out_of_range(int64_t n, size_t size) {
  return error(ErrorCode::kArraySubscriptError, "index ", n, " out of valid range, 0..", static_cast<int64_t>(size) - 1);
}

std::string byte_trim(std::string_view bytes, std::string_view set, bool left, bool right) {
  while (left && !bytes.empty() && set.find(bytes.front()) != std::string_view::npos) bytes.remove_prefix(1);
  while (right && !bytes.empty() && set.find(bytes.back()) != std::string_view::npos) bytes.remove_suffix(1);
  return std::string(bytes);
}

}  // namespace

absl::StatusOr<std::string> byte_substring(std::string_view bytes, int64_t from, int64_t count) {
  if (count < 0) return error(ErrorCode::kSubstringError, "negative substring length not allowed");
  const int64_t first = std::max<int64_t>(from, 1), end = std::min<int64_t>(from + count, static_cast<int64_t>(bytes.size()) + 1);
  if (end <= first) return std::string();
  return std::string(bytes.substr(static_cast<size_t>(first - 1), static_cast<size_t>(end - first)));
}

absl::StatusOr<std::string> byte_overlay(std::string_view bytes, std::string_view with, int32_t from, int32_t count) {
  if (from <= 0) return error(ErrorCode::kSubstringError, "negative substring length not allowed");
  TROUPE_ASSIGN_OR_RETURN(const std::string before, byte_substring(bytes, 1, from - 1));
  const int64_t rest = int64_t{from} + count;
  if (rest != static_cast<int32_t>(rest)) return error(ErrorCode::kNumericValueOutOfRange, "integer out of range");
  TROUPE_ASSIGN_OR_RETURN(const std::string after, byte_substring(bytes, rest, INT32_MAX));
  return cat(before, with, after);
}

void register_bytes(Registrar& to) {
  to.function<[](EvalContext& c, std::string_view t) { return md5_hex(c, t); }>("md5", {kT}, kT);
  to.function<[](EvalContext& c, std::string_view t) { return md5_hex(c, t); }>("md5", {kB}, kT);
  to.function<[](EvalContext& c, std::string_view t) { return digest(c, EVP_sha224(), t); }>("sha224", {kB}, kB);
  to.function<[](EvalContext& c, std::string_view t) { return digest(c, EVP_sha256(), t); }>("sha256", {kB}, kB);
  to.function<[](EvalContext& c, std::string_view t) { return digest(c, EVP_sha384(), t); }>("sha384", {kB}, kB);
  to.function<[](EvalContext& c, std::string_view t) { return digest(c, EVP_sha512(), t); }>("sha512", {kB}, kB);
  to.function<[](EvalContext& c, std::string_view b, std::string_view n) { return encode(c, b, n); }>("encode",
                                                                                                      {kB, kT}, kT);
  to.function<[](EvalContext& c, std::string_view t, std::string_view n) { return decode(c, t, n); }>("decode",
                                                                                                      {kT, kT}, kB);
  to.function<[](std::string_view b) { return static_cast<int32_t>(b.size()); }>("length", {kB}, kI4);
  to.function<[](std::string_view b) { return static_cast<int32_t>(b.size()); }>("octet_length", {kB}, kI4);
  for (const char* name : {"substr", "substring"}) {
    to.function<[](std::string_view b, int32_t from) { return byte_substring(b, std::max(from, 1), INT32_MAX); }>(name, {kB, kI4}, kB);
    to.function<[](std::string_view b, int32_t from, int32_t n) { return byte_substring(b, from, n); }>(name, {kB, kI4, kI4}, kB);
  }
  to.function<[](std::string_view b, std::string_view w) {
    const size_t at = b.find(w);
    return at == std::string_view::npos ? 0 : static_cast<int32_t>(at + 1);
  }>("position", {kB, kB}, kI4);
  to.function<[](std::string_view b, int32_t n) -> absl::StatusOr<int32_t> {
    if (static_cast<size_t>(n) >= b.size()) return index_out_of_range(n, b.size());
    return static_cast<uint8_t>(b[static_cast<size_t>(n)]);
  }>("get_byte", {kB, kI4}, kI4);
  to.function<[](std::string_view b, int32_t n, int32_t v) -> absl::StatusOr<std::string> {
    if (static_cast<size_t>(n) >= b.size()) return index_out_of_range(n, b.size());
    std::string out(b);
    out[static_cast<size_t>(n)] = static_cast<char>(v);
    return out;
  }>("set_byte", {kB, kI4, kI4}, kB);
  to.function<[](std::string_view b, std::string_view set) { return byte_trim(b, set, true, true); }>("btrim", {kB, kB}, kB);
  to.function<[](std::string_view b, std::string_view set) { return byte_trim(b, set, true, false); }>("ltrim", {kB, kB}, kB);
  to.function<[](std::string_view b, std::string_view set) { return byte_trim(b, set, false, true); }>("rtrim", {kB, kB}, kB);
  to.function<[](std::string_view b, int64_t n) -> absl::StatusOr<int32_t> {
    if (n < 0 || static_cast<uint64_t>(n) >= b.size() * 8) return index_out_of_range(n, b.size() * 8);
    return (static_cast<uint8_t>(b[static_cast<size_t>(n / 8)]) >> (n % 8)) & 1;
  }>("get_bit", {kB, oid::kInt8}, kI4);
  to.function<[](std::string_view b, int64_t n, int32_t v) -> absl::StatusOr<std::string> {
    if (n < 0 || static_cast<uint64_t>(n) >= b.size() * 8) return index_out_of_range(n, b.size() * 8);
    if (v != 0 && v != 1) return error(ErrorCode::kInvalidParameterValue, "new bit must be 0 or 1");
    std::string out(b);
    char& byte = out[static_cast<size_t>(n / 8)];
    const int bit = 1 << (n % 8);
    byte = static_cast<char>(v == 1 ? byte | bit : byte & ~bit);
    return out;
  }>("set_bit", {kB, oid::kInt8, kI4}, kB);
  to.function<[](std::string_view b) {
    int64_t bits = 0;
    for (const char byte : b) bits += std::popcount(static_cast<uint8_t>(byte));
    return bits;
  }>("bit_count", {kB}, oid::kInt8);
  to.function<[](std::string_view b, std::string_view w, int32_t from) {
    return byte_overlay(b, w, from, static_cast<int32_t>(w.size()));
  }>("overlay", {kB, kB, kI4}, kB);
  to.function<[](std::string_view b, std::string_view w, int32_t from, int32_t n) { return byte_overlay(b, w, from, n); }>(
      "overlay", {kB, kB, kI4, kI4}, kB);
}

}  // namespace troupe
