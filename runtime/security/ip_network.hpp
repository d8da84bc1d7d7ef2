#pragma once
/// Addresses of clients, and the networks that they are in.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe {

struct IpAddress {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};  ///< the first four when it is not v6

  /// nullopt when the text is not one address in numbers.
  static std::optional<IpAddress> parse(std::string_view text);
  int bits() const { return v6 ? 128 : 32; }
  bool is_loopback() const;
  bool operator==(const IpAddress&) const = default;
};

struct IpNetwork {
  IpAddress address;
  int prefix = 0;  ///< how many leading bits count

  /// "10.0.0.0/8", or one address. nullopt as well when bits behind the prefix are set: somebody meant another one.
  static std::optional<IpNetwork> parse(std::string_view text);
  bool contains(const IpAddress& other) const;
};

/// The address with all but its leading `prefix` bits cleared.
IpAddress masked(IpAddress address, int prefix);

}  // namespace troupe
