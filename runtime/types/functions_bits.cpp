#include <algorithm>

#include "runtime/types/byte_slices.hpp"
#include "runtime/types/kernel.hpp"

/// bit and bit varying (|| is with the strings). A value is a text of 0 and 1, so that a slice of it is a slice of
/// text.
namespace troupe {
namespace {

constexpr Oid kBits = oid::kBit, kI4 = oid::kInt4;
using View = std::string_view;

template <typename Combine>
absl::StatusOr<std::string> combine_bits(View a, View b, std::string_view name, Combine combine) {
  if (a.size() != b.size()) {
    return error(ErrorCode::kStringDataLengthMismatch, "cannot ", name, " bit strings of different sizes");
  }
  std::string out(a.size(), '0');
  for (size_t i = 0; i < a.size(); ++i) out[i] = combine(a[i] == '1', b[i] == '1') ? '1' : '0';
  return out;
}

std::string shift_right(View bits, int64_t places);

std::string shift_left(View bits, int64_t places) {
  if (places < 0) return shift_right(bits, -places);
  const auto lost = std::min<size_t>(static_cast<size_t>(places), bits.size());
  return cat(bits.substr(lost), std::string(lost, '0'));
}

std::string shift_right(View bits, int64_t places) {
  if (places < 0) return shift_left(bits, -places);
  const auto lost = std::min<size_t>(static_cast<size_t>(places), bits.size());
  return cat(std::string(lost, '0'), bits.substr(0, bits.size() - lost));
}

absl::Status check_bit_index(View bits, int32_t n) {
  if (n >= 0 && static_cast<size_t>(n) < bits.size()) return absl::OkStatus();
  return error(ErrorCode::kArraySubscriptError, "bit index ", n, " out of valid range (0..",
               static_cast<int64_t>(bits.size()) - 1, ")");
}

absl::StatusOr<std::string> set_bit(View bits, int32_t n, int32_t bit) {
  TROUPE_RETURN_IF_ERROR(check_bit_index(bits, n));
  if (bit != 0 && bit != 1) return error(ErrorCode::kInvalidParameterValue, "new bit must be 0 or 1");
  std::string out(bits);
  out[static_cast<size_t>(n)] = bit == 1 ? '1' : '0';
  return out;
}

int32_t position_of(View bits, View wanted) {
  const size_t at = bits.empty() ? View::npos : bits.find(wanted);
  return at == View::npos ? 0 : static_cast<int32_t>(at + 1);
}

void register_bit_operators(Registrar& to) {
  to.op_and_function<[](View a, View b) { return combine_bits(a, b, "AND", [](bool x, bool y) { return x && y; }); }>(
      "&", "bitand", {kBits, kBits}, kBits);
  to.op_and_function<[](View a, View b) { return combine_bits(a, b, "OR", [](bool x, bool y) { return x || y; }); }>(
      "|", "bitor", {kBits, kBits}, kBits);
  to.op_and_function<[](View a, View b) { return combine_bits(a, b, "XOR", [](bool x, bool y) { return x != y; }); }>(
      "#", "bitxor", {kBits, kBits}, kBits);
  to.op_and_function<[](View bits) {
    std::string out(bits);
    for (char& bit : out) bit = bit == '1' ? '0' : '1';
    return out;
  }>("~", "bitnot", {kBits}, kBits);
  to.op_and_function<[](View bits, int32_t n) { return shift_left(bits, n); }>("<<", "bitshiftleft", {kBits, kI4},
                                                                               kBits);
  to.op_and_function<[](View bits, int32_t n) { return shift_right(bits, n); }>(">>", "bitshiftright", {kBits, kI4},
                                                                                kBits);
}

}  // namespace

void register_bits(Registrar& to) {
  register_bit_operators(to);
  constexpr auto size = [](View bits) { return static_cast<int32_t>(bits.size()); };
  to.function<size>("length", {kBits}, kI4);
  to.function<size>("bit_length", {kBits}, kI4);
  to.function<[](View bits) { return static_cast<int32_t>((bits.size() + 7) / 8); }>("octet_length", {kBits}, kI4);
  to.function<[](View bits) { return static_cast<int64_t>(std::count(bits.begin(), bits.end(), '1')); }>(
      "bit_count", {kBits}, oid::kInt8);
  to.function<[](View bits, int32_t from) { return byte_substring(bits, from, INT32_MAX); }>("substring", {kBits, kI4},
                                                                                             kBits);
  to.function<[](View bits, int32_t from, int32_t n) { return byte_substring(bits, from, n); }>(
      "substring", {kBits, kI4, kI4}, kBits);
  to.function<[](View bits, View with, int32_t from) {
    return byte_overlay(bits, with, from, static_cast<int32_t>(with.size()));
  }>("overlay", {kBits, kBits, kI4}, kBits);
  to.function<[](View bits, View with, int32_t from, int32_t n) { return byte_overlay(bits, with, from, n); }>(
      "overlay", {kBits, kBits, kI4, kI4}, kBits);
  to.function<[](View bits, View wanted) { return position_of(bits, wanted); }>("position", {kBits, kBits}, kI4);
  to.function<[](View bits, int32_t n) -> absl::StatusOr<int32_t> {
    TROUPE_RETURN_IF_ERROR(check_bit_index(bits, n));
    return bits[static_cast<size_t>(n)] - '0';
  }>("get_bit", {kBits, kI4}, kI4);
  to.function<[](View bits, int32_t n, int32_t bit) { return set_bit(bits, n, bit); }>("set_bit", {kBits, kI4, kI4},
                                                                                       kBits);
}

}  // namespace troupe
