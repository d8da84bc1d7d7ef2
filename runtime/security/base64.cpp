#include <openssl/evp.h>

#include <algorithm>

#include "runtime/security/scram.hpp"

namespace troupe {

std::string base64_encode(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

absl::StatusOr<std::string> base64_decode(std::string_view text) {
  const auto bad = [] { return error(ErrorCode::kInvalidParameterValue, "not base64"); };
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return bad();
  const size_t digits = std::min(text.find('='), text.size());
  // EVP_DecodeBlock takes white space and early padding, which nobody may send.
  if (text.substr(0, digits).find_first_not_of(kDigits) != std::string_view::npos || text.size() - digits > 2 ||
      text.substr(digits).find_first_not_of('=') != std::string_view::npos) {
    return bad();
  }
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return bad();
  bytes.resize(static_cast<size_t>(size) - (text.size() - digits));
  return bytes;
}

}  // namespace troupe
