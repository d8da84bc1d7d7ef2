#include "runtime/security/ip_network.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <string>

namespace troupe {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  IpAddress address;
  address.v6 = text.find(':') != std::string_view::npos;
  const std::string terminated(text);
  const int parsed = ::inet_pton(address.v6 ? AF_INET6 : AF_INET, terminated.c_str(), address.bytes.data());
  if (parsed != 1 || terminated.find('\0') != std::string::npos) return std::nullopt;
  return address;
}

bool IpAddress::is_loopback() const {
  static const IpAddress one = *parse("::1");
  return v6 ? *this == one : bytes[0] == 127;
}

IpAddress masked(IpAddress address, int prefix) {
  for (size_t i = 0; i < address.bytes.size(); ++i) {
    const int kept = prefix - static_cast<int>(8 * i);
    if (kept <= 0) address.bytes[i] = 0;
    if (kept > 0 && kept < 8) address.bytes[i] &= static_cast<uint8_t>(0xFF << (8 - kept));
  }
  return address;
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  IpNetwork network{*address, address->bits()};
  if (slash != std::string_view::npos) {
    const char* const end = text.data() + text.size();
    const auto [rest, failed] = std::from_chars(text.data() + slash + 1, end, network.prefix);
    const bool in_range = network.prefix >= 0 && network.prefix <= address->bits();
    if (failed != std::errc() || rest != end || !in_range) return std::nullopt;
  }
  if (masked(*address, network.prefix) != *address) return std::nullopt;
  return network;
}

bool IpNetwork::contains(const IpAddress& other) const {
  return other.v6 == address.v6 && masked(other, prefix) == address;
}

}  // namespace troupe
