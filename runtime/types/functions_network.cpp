#include <algorithm>

#include "runtime/types/kernel.hpp"
#include "runtime/types/network.hpp"

/// inet, cidr, macaddr, macaddr8.
namespace troupe {
namespace {

constexpr Oid kI = oid::kInet, kC = oid::kCidr, kT = oid::kText;
using View = std::string_view;

/// Whether the first bits of the two, as many as `bits`, are the same.
bool same_prefix(const Network& a, const Network& b, int bits) {
  return a.family == b.family && a.masked(bits).address == b.masked(bits).address;
}

/// b lies in a; `strictly`: and is smaller.
bool contains(View a, View b, bool strictly) {
  const Network x = unpack_network(a), y = unpack_network(b);
  if (x.family != y.family || (strictly ? x.bits >= y.bits : x.bits > y.bits)) return false;
  return same_prefix(x, y, x.bits);
}

bool overlap(View a, View b) {
  const Network x = unpack_network(a), y = unpack_network(b);
  return same_prefix(x, y, std::min(x.bits, y.bits));
}

absl::StatusOr<std::string> set_mask_length(View value, int32_t bits, bool cidr) {
  Network network = unpack_network(value);
  if (bits == -1) bits = network.max_bits();
  if (bits < 0 || bits > network.max_bits()) {
    return error(ErrorCode::kInvalidParameterValue, "invalid mask length: ", bits);
  }
  if (cidr) network = network.masked(bits);
  network.bits = bits;
  return pack_network(network);
}

/// All ones as far as the mask goes, or from there on.
std::string mask_of(View value, bool host) {
  Network network = unpack_network(value);
  const int bits = network.bits;
  network.address.fill(0);
  for (int bit = 0; bit < network.max_bits(); ++bit) {
    if ((bit < bits) != host) network.address[static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(0x80 >> (bit % 8));
  }
  network.bits = network.max_bits();
  return pack_network(network);
}

template <typename Combine>
absl::StatusOr<std::string> combine_networks(View a, View b, std::string_view name, Combine combine) {
  Network x = unpack_network(a);
  const Network y = unpack_network(b);
  if (x.family != y.family) {
    return error(ErrorCode::kInvalidParameterValue, "cannot ", name, " inet values of different sizes");
  }
  for (size_t i = 0; i < static_cast<size_t>(x.size()); ++i) {
    x.address[i] = static_cast<uint8_t>(combine(x.address[i], y.address[i]));
  }
  x.bits = std::max(x.bits, y.bits);
  return pack_network(x);
}

absl::Status out_of_range() { return error(ErrorCode::kNumericValueOutOfRange, "result is out of range"); }

absl::StatusOr<std::string> add_to(View value, int64_t addend) {
  Network network = unpack_network(value);
  int64_t carry = 0;
  for (int i = network.size(); i-- > 0;) {
    carry += int64_t{network.address[static_cast<size_t>(i)]} + (addend & 0xFF);
    network.address[static_cast<size_t>(i)] = static_cast<uint8_t>(carry & 0xFF);
    carry >>= 8;
    addend >>= 8;  // arithmetic: the sign goes on
  }
  if (!((addend == 0 && carry == 0) || (addend == -1 && carry == 1))) return out_of_range();
  return pack_network(network);
}

absl::StatusOr<int64_t> difference(View a, View b) {
  const Network x = unpack_network(a), y = unpack_network(b);
  if (x.family != y.family) {
    return error(ErrorCode::kInvalidParameterValue, "cannot subtract inet values of different sizes");
  }
  int64_t high = 0;
  uint64_t low = 0;
  int borrow = 0;
  for (int i = x.size(), place = 0; i-- > 0; ++place) {
    int digit = int{x.address[static_cast<size_t>(i)]} - int{y.address[static_cast<size_t>(i)]} - borrow;
    borrow = digit < 0 ? 1 : 0;
    digit &= 0xFF;
    if (place < 8) {
      low |= static_cast<uint64_t>(digit) << (place * 8);
    } else {
      high |= static_cast<int64_t>(digit) << ((place - 8) * 8);
    }
  }
  if (borrow != 0 && x.size() == 4) low |= ~uint64_t{0xFFFFFFFF};
  const auto result = static_cast<int64_t>(low);
  if (x.size() == 16 && high != (result < 0 ? -1 : 0)) return out_of_range();
  return result;
}

absl::StatusOr<std::string> merge(View a, View b) {
  Network x = unpack_network(a);
  const Network y = unpack_network(b);
  if (x.family != y.family) {
    return error(ErrorCode::kInvalidParameterValue, "cannot merge addresses from different families");
  }
  int bits = std::min(x.bits, y.bits);
  while (!same_prefix(x, y, bits)) --bits;
  x = x.masked(bits);
  x.bits = bits;
  return pack_network(x);
}

/// Without the octets that the mask leaves out.
std::string abbreviated(View value) {
  const Network network = unpack_network(value);
  if (network.family != kIpv4Family) return network_text(network, true);
  std::string out = network.bits == 0 ? "0" : "";
  for (int i = 0; i < (network.bits + 7) / 8; ++i)
    out += cat(i == 0 ? "" : ".", int{network.address[static_cast<size_t>(i)]});
  return cat(out, "/", network.bits);
}

void register_network_operators(Registrar& to) {
  to.op<[](View a, View b) { return contains(b, a, true); }>("<<", {kI, kI}, oid::kBool);
  to.op<[](View a, View b) { return contains(b, a, false); }>("<<=", {kI, kI}, oid::kBool);
  to.op<[](View a, View b) { return contains(a, b, true); }>(">>", {kI, kI}, oid::kBool);
  to.op<[](View a, View b) { return contains(a, b, false); }>(">>=", {kI, kI}, oid::kBool);
  to.op<[](View a, View b) { return overlap(a, b); }>("&&", {kI, kI}, oid::kBool);
  to.op<[](View a) {
    Network network = unpack_network(a);
    for (size_t i = 0; i < static_cast<size_t>(network.size()); ++i)
      network.address[i] = static_cast<uint8_t>(~network.address[i]);
    return pack_network(network);
  }>("~", {kI}, kI);
  to.op<[](View a, View b) { return combine_networks(a, b, "AND", [](int x, int y) { return x & y; }); }>("&", {kI, kI},
                                                                                                          kI);
  to.op<[](View a, View b) { return combine_networks(a, b, "OR", [](int x, int y) { return x | y; }); }>("|", {kI, kI},
                                                                                                         kI);
  to.op<[](View a, int64_t n) { return add_to(a, n); }>("+", {kI, oid::kInt8}, kI);
  to.op<[](int64_t n, View a) { return add_to(a, n); }>("+", {oid::kInt8, kI}, kI);
  to.op<[](View a, int64_t n) -> absl::StatusOr<std::string> {
    if (n == INT64_MIN) return out_of_range();
    return add_to(a, -n);
  }>("-", {kI, oid::kInt8}, kI);
  to.op<[](View a, View b) { return difference(a, b); }>("-", {kI, kI}, oid::kInt8);
}

void register_network_functions(Registrar& to) {
  to.function<[](View a) { return address_text(unpack_network(a)); }>("host", {kI}, kT);
  to.function<[](View a) { return network_text(unpack_network(a), true); }>("text", {kI}, kT);
  to.function<[](View a) { return network_text(unpack_network(a), false); }>("abbrev", {kI}, kT);
  to.function<[](View a) { return abbreviated(a); }>("abbrev", {kC}, kT);
  to.function<[](View a) { return unpack_network(a).family == kIpv4Family ? 4 : 6; }>("family", {kI}, oid::kInt4);
  to.function<[](View a) { return static_cast<int32_t>(unpack_network(a).bits); }>("masklen", {kI}, oid::kInt4);
  to.function<[](View a) { return mask_of(a, false); }>("netmask", {kI}, kI);
  to.function<[](View a) { return mask_of(a, true); }>("hostmask", {kI}, kI);
  to.function<[](View a) {
    const Network network = unpack_network(a);
    return pack_network(network.masked(network.bits));
  }>("network", {kI}, kC);
  to.function<[](View a) {
    const Network network = unpack_network(a);
    return pack_network(network.masked(network.bits, true));
  }>("broadcast", {kI}, kI);
  to.function<[](View a, int32_t bits) { return set_mask_length(a, bits, false); }>("set_masklen", {kI, oid::kInt4},
                                                                                    kI);
  to.function<[](View a, int32_t bits) { return set_mask_length(a, bits, true); }>("set_masklen", {kC, oid::kInt4}, kC);
  to.function<[](View a, View b) { return a[0] == b[0]; }>("inet_same_family", {kI, kI}, oid::kBool);
  to.function<[](View a, View b) { return merge(a, b); }>("inet_merge", {kI, kI}, kC);
}

void register_mac_addresses(Registrar& to, Oid type) {
  to.op<[](View a, View b) {
    std::string out(a);
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] & b[i]);
    return out;
  }>("&", {type, type}, type);
  to.op<[](View a, View b) {
    std::string out(a);
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] | b[i]);
    return out;
  }>("|", {type, type}, type);
  to.op<[](View a) {
    std::string out(a);
    for (char& byte : out) byte = static_cast<char>(~byte);
    return out;
  }>("~", {type}, type);
  // The first three bytes name the manufacturer.
  to.function<[](View a) { return std::string(a.substr(0, 3)) + std::string(a.size() - 3, '\0'); }>("trunc", {type},
                                                                                                    type);
}

}  // namespace

void register_network(Registrar& to) {
  register_network_operators(to);
  register_network_functions(to);
  register_mac_addresses(to, oid::kMacaddr);
  register_mac_addresses(to, oid::kMacaddr8);
  to.function<[](View a) {
    std::string out(a);
    out[0] = static_cast<char>(out[0] | 2);
    return out;
  }>("macaddr8_set7bit", {oid::kMacaddr8}, oid::kMacaddr8);
}

}  // namespace troupe
