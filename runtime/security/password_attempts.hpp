#pragma once
/// Slows down who guesses passwords: after a wrong one, the next attempts of that network address at that role are
/// looked at one after the other, each a while after the one before, however many come at the same time. The right
/// password waits its turn too, so a missing answer tells nothing. Others are not held up. Invariant: at most
/// `entries_max` addresses and roles are remembered; the longest quiet one is forgotten first. Owner: the node; time
/// comes from outside, monotonic.
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "runtime/security/ip_network.hpp"

namespace troupe {

class PasswordAttempts {
 public:
  /// Who tries what. IPv6 networks give everybody many addresses, so their first 64 bits count.
  struct Key {
    Key(const std::optional<IpAddress>& address, std::string role_name);
    std::string network;
    std::string role;
    auto operator<=>(const Key&) const = default;
  };

  explicit PasswordAttempts(size_t entries_max = 10'000) : entries_max_{entries_max} {}

  /// When the password may be looked at; nullopt: too many wait for that already.
  std::optional<int64_t> enter(const Key& key, int64_t now_us);
  /// It was wrong; returns when that may be said.
  int64_t failed(const Key& key, int64_t now_us);
  /// It was right: what went wrong before is forgotten.
  void succeeded(const Key& key) { entries_.erase(key); }

  size_t size() const { return entries_.size(); }
  void check_invariants() const;

 private:
  struct Entry {
    uint32_t failures = 0;
    int64_t failed_us = 0;
    int64_t next_us = 0;  ///< the next attempt is looked at then
  };
  static int64_t delay_us(const Entry& entry);
  Entry* find(const Key& key, int64_t now_us);
  void make_room();

  const size_t entries_max_;
  std::map<Key, Entry> entries_;
};

}  // namespace troupe
