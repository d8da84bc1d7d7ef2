#pragma once
/// inet, cidr, macaddr, macaddr8. A network value's bytes sort as PostgreSQL sorts it, so that it compares as bytes:
///   u8 family (2: IPv4, 3: IPv6) · the address with the bits right of the mask cleared · u8 mask bits · the address
/// A MAC address is its 6 or 8 bytes.
#include <array>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

inline constexpr uint8_t kIpv4Family = 2, kIpv6Family = 3;  ///< as PostgreSQL sends them

struct Network {
  uint8_t family = kIpv4Family;
  int bits = 32;
  std::array<uint8_t, 16> address{};

  int size() const { return family == kIpv4Family ? 4 : 16; }
  int max_bits() const { return size() * 8; }
  /// The address with what is right of `kept` bits cleared (or, with `set`, set).
  Network masked(int kept, bool set = false) const;
  bool has_host_bits() const { return masked(bits).address != address; }
  bool operator==(const Network&) const = default;
};

Network unpack_network(std::string_view value);
std::string pack_network(const Network& network);

/// Errors: 22P02.
absl::StatusOr<std::string> parse_network(std::string_view text, bool cidr);
/// `with_bits`: even when they are all.
std::string network_text(const Network& network, bool with_bits);
std::string address_text(const Network& network);

/// Errors: 22P02, 22003.
absl::StatusOr<std::string> parse_macaddr(std::string_view text);
absl::StatusOr<std::string> parse_macaddr8(std::string_view text);
void format_macaddr(std::string_view bytes, std::string* out);

}  // namespace troupe
