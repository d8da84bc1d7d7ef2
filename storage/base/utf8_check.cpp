#include "storage/base/utf8_check.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace troupe {
namespace {

/// Length of the valid sequence at `at`, 0 when there is none. The ranges are those of Unicode's table 3-7.
size_t sequence_length(const unsigned char* at, size_t left) {
  const unsigned char lead = at[0];
  if (lead == 0) return 0;
  if (lead < 0x80) return 1;
  size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (length == 0 || length > left || at[1] < low || at[1] > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((at[i] & 0xC0) != 0x80) return 0;
  }
  return length;
}

size_t ascii_prefix(const char* at, size_t size) {
  size_t done = 0;
#ifdef __SSE2__
  const __m128i zero = _mm_setzero_si128();
  for (; size - done >= 16; done += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + done));
    // Signed: what is not above zero is a NUL or has its high bit set.
    if (_mm_movemask_epi8(_mm_cmpgt_epi8(block, zero)) != 0xFFFF) break;
  }
#endif
  while (done<size&& static_cast<signed char>(at[done])> 0) ++done;
  return done;
}

/// The length that the lead byte promises, as PostgreSQL's message shows it.
size_t promised_length(unsigned char lead) {
  if (lead >= 0xF0 && lead < 0xF8) return 4;
  if (lead >= 0xE0) return lead < 0xF0 ? 3 : 1;
  return lead >= 0xC0 ? 2 : 1;
}

}  // namespace

size_t valid_utf8_prefix(std::string_view text) {
  size_t at = 0;
  for (;;) {
    at += ascii_prefix(text.data() + at, text.size() - at);
    if (at == text.size()) return at;
    const size_t length = sequence_length(reinterpret_cast<const unsigned char*>(text.data()) + at, text.size() - at);
    if (length == 0) return at;
    at += length;
  }
}

absl::Status check_utf8(std::string_view text) {
  const size_t valid = valid_utf8_prefix(text);
  if (valid == text.size()) [[likely]]
    return absl::OkStatus();
  const std::string_view bad = text.substr(valid);
  std::string shown;
  const size_t length = std::min(bad.size(), promised_length(static_cast<unsigned char>(bad[0])));
  for (size_t i = 0; i < length; ++i) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(bad[i]);
    shown += i == 0 ? "0x" : " 0x";
    shown += kHex[byte >> 4];
    shown += kHex[byte & 15];
  }
  return error(ErrorCode::kCharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": ", shown);
}

}  // namespace troupe
