#include "runtime/types/network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <vector>

#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_scan.hpp"

namespace troupe {
namespace {

using text_scan::is_digit;

/// A decimal number of at most `max` off the front.
bool take_number(std::string_view* rest, int max, int* number) {
  size_t digits = 0;
  int value = 0;
  while (digits < rest->size() && is_digit((*rest)[digits])) {
    value = value * 10 + ((*rest)[digits++] - '0');
    if (value > max) return false;
  }
  rest->remove_prefix(digits);
  *number = value;
  return digits > 0;
}

/// "/24" at the end, or nothing: then -1.
bool take_bits(std::string_view rest, int max, int* bits) {
  *bits = -1;
  if (rest.empty()) return true;
  if (rest.front() != '/') return false;
  rest.remove_prefix(1);
  return take_number(&rest, max, bits) && rest.empty();
}

/// The mask that the old classes of networks have, not narrower than what was written.
int class_bits(uint8_t first, int octets) {
  int bits = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
  bits = std::max(bits, octets * 8);
  return bits == 8 && first == 224 ? 4 : bits;
}

bool parse_ipv4(std::string_view rest, bool cidr, Network* network) {
  network->family = kIpv4Family;
  int octets = 0;
  while (!rest.empty() && is_digit(rest.front())) {
    int octet = 0;
    if (octets == 4 || !take_number(&rest, 255, &octet)) return false;
    network->address[static_cast<size_t>(octets++)] = static_cast<uint8_t>(octet);
    if (rest.empty() || rest.front() == '/') break;
    if (rest.front() != '.' || rest.size() == 1 || !is_digit(rest[1])) return false;
    rest.remove_prefix(1);
  }
  if (octets == 0 || !take_bits(rest, 32, &network->bits)) return false;
  if (network->bits >= 0) return cidr || network->bits / 8 <= octets;
  if (cidr) network->bits = class_bits(network->address[0], octets);
  if (!cidr) network->bits = 32;
  return cidr || octets == 4;
}

bool parse_ipv6(std::string_view text, Network* network) {
  network->family = kIpv6Family;
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string address(text.substr(0, slash));
  if (inet_pton(AF_INET6, address.c_str(), network->address.data()) != 1) return false;
  if (!take_bits(text.substr(slash), 128, &network->bits)) return false;
  if (network->bits < 0) network->bits = 128;
  return true;
}

std::string ipv4_text(const uint8_t* octets) {
  return cat(int{octets[0]}, ".", int{octets[1]}, ".", int{octets[2]}, ".", int{octets[3]});
}

struct Run {
  int from = -1, length = 0;
};

/// The longest run of words that are 0, the first of several.
Run longest_zeros(const std::array<uint16_t, 8>& words) {
  Run best, now;
  for (int i = 0; i < 8; ++i) {
    if (words[static_cast<size_t>(i)] != 0) {
      now = {};
      continue;
    }
    if (now.from < 0) now = {i, 0};
    if (++now.length > best.length) best = now;
  }
  return best.length < 2 ? Run{} : best;
}

std::string ipv6_text(const Network& network) {
  std::array<uint16_t, 8> words{};
  for (size_t i = 0; i < 8; ++i) {
    words[i] = static_cast<uint16_t>(network.address[i * 2] << 8 | network.address[i * 2 + 1]);
  }
  const Run zeros = longest_zeros(words);
  const bool ends_in_ipv4 = zeros.from == 0 && (zeros.length == 6 || (zeros.length == 7 && words[7] != 1) ||
                                                (zeros.length == 5 && words[5] == 0xFFFF));
  std::string out;
  for (int i = 0; i < 8; ++i) {
    if (zeros.from >= 0 && i >= zeros.from && i < zeros.from + zeros.length) {
      if (i == zeros.from) out.push_back(':');
      continue;
    }
    if (i != 0) out.push_back(':');
    if (i == 6 && ends_in_ipv4) return out + ipv4_text(network.address.data() + 12);
    char digits[8];
    std::snprintf(digits, sizeof digits, "%x", static_cast<unsigned>(words[static_cast<size_t>(i)]));
    out.append(digits);
  }
  if (zeros.from >= 0 && zeros.from + zeros.length == 8) out.push_back(':');
  return out;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  c = text_scan::lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Groups of hexadecimal digits between separators that are all alike; empty when it is something else.
std::vector<std::string_view> hex_groups(std::string_view text) {
  std::vector<std::string_view> groups;
  char separator = 0;
  for (;;) {
    size_t digits = 0;
    while (digits < text.size() && hex_digit(text[digits]) >= 0) ++digits;
    if (digits == 0) return {};
    groups.push_back(text.substr(0, digits));
    text.remove_prefix(digits);
    if (text.empty()) return groups;
    const bool known = text.front() == ':' || text.front() == '-' || text.front() == '.';
    if (!known || (separator != 0 && separator != text.front())) return {};
    separator = text.front();
    text.remove_prefix(1);
  }
}

/// Each group's digits as bytes; false when one does not have `digits` of them.
bool bytes_of(const std::vector<std::string_view>& groups, size_t digits, std::string* bytes) {
  for (const std::string_view group : groups) {
    if (group.size() != digits) return false;
    for (size_t i = 0; i < digits; i += 2)
      bytes->push_back(static_cast<char>(hex_digit(group[i]) * 16 + hex_digit(group[i + 1])));
  }
  return true;
}

}  // namespace

Network Network::masked(int kept, bool set) const {
  Network out = *this;
  for (int bit = kept; bit < max_bits(); ++bit) {
    uint8_t& byte = out.address[static_cast<size_t>(bit / 8)];
    const auto mask = static_cast<uint8_t>(0x80 >> (bit % 8));
    byte = static_cast<uint8_t>(set ? byte | mask : byte & ~mask);
  }
  return out;
}

Network unpack_network(std::string_view value) {
  Network network;
  network.family = static_cast<uint8_t>(value[0]);
  const auto size = static_cast<size_t>(network.size());
  network.bits = static_cast<uint8_t>(value[1 + size]);
  std::copy_n(value.data() + 2 + size, size, reinterpret_cast<char*>(network.address.data()));
  return network;
}

std::string pack_network(const Network& network) {
  const auto size = static_cast<size_t>(network.size());
  const Network prefix = network.masked(network.bits);
  std::string out(1, static_cast<char>(network.family));
  out.append(reinterpret_cast<const char*>(prefix.address.data()), size);
  out.push_back(static_cast<char>(network.bits));
  out.append(reinterpret_cast<const char*>(network.address.data()), size);
  return out;
}

absl::StatusOr<std::string> parse_network(std::string_view text, bool cidr) {
  Network network;
  const bool ipv6 = text.find(':') != std::string_view::npos;
  if (!(ipv6 ? parse_ipv6(text, &network) : parse_ipv4(text, cidr, &network))) {
    return invalid_syntax(cidr ? "cidr" : "inet", text);
  }
  if (cidr && network.has_host_bits()) {
    return with_detail(error(ErrorCode::kInvalidTextRepresentation, "invalid cidr value: \"", text, "\""),
                       "Value has bits set to right of mask.");
  }
  return pack_network(network);
}

std::string address_text(const Network& network) {
  return network.family == kIpv4Family ? ipv4_text(network.address.data()) : ipv6_text(network);
}

std::string network_text(const Network& network, bool with_bits) {
  std::string out = address_text(network);
  if (with_bits || network.bits != network.max_bits()) out += cat("/", network.bits);
  return out;
}

absl::StatusOr<std::string> parse_macaddr(std::string_view text) {
  const std::vector<std::string_view> groups = hex_groups(text_scan::trim(text));
  std::string bytes;
  if (groups.size() == 6) {
    for (const std::string_view group : groups) {
      unsigned octet = 0;
      std::from_chars(group.data(), group.data() + group.size(), octet, 16);
      if (octet > 255 || group.size() > 8) {
        return error(ErrorCode::kNumericValueOutOfRange, "invalid octet value in \"macaddr\" value: \"", text, "\"");
      }
      bytes.push_back(static_cast<char>(octet));
    }
    return bytes;
  }
  const size_t digits = groups.size() == 1 ? 12 : groups.size() == 2 ? 6 : groups.size() == 3 ? 4 : 0;
  if (digits == 0 || !bytes_of(groups, digits, &bytes)) return invalid_syntax("macaddr", text);
  return bytes;
}

absl::StatusOr<std::string> parse_macaddr8(std::string_view text) {
  const std::vector<std::string_view> groups = hex_groups(text_scan::trim(text));
  std::string bytes;
  // A separator may stand after any pair of digits.
  for (const std::string_view group : groups) {
    if (group.size() % 2 != 0) return invalid_syntax("macaddr8", text);
    for (size_t i = 0; i < group.size(); i += 2) {
      unsigned octet = 0;
      const auto read = std::from_chars(group.data() + i, group.data() + i + 2, octet, 16);
      if (read.ptr != group.data() + i + 2) return invalid_syntax("macaddr8", text);
      bytes.push_back(static_cast<char>(octet));
    }
  }
  if (bytes.size() != 6 && bytes.size() != 8) return invalid_syntax("macaddr8", text);
  if (bytes.size() == 6) bytes.insert(3, "\xFF\xFE");
  return bytes;
}

void format_macaddr(std::string_view bytes, std::string* out) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) out->push_back(':');
    format_hex(bytes.substr(i, 1), out);
  }
}

}  // namespace troupe
