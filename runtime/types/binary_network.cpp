#include <cstring>

#include "runtime/types/binary_reader.hpp"
#include "runtime/types/network.hpp"

/// inet, cidr and macaddr8 in PostgreSQL's binary format.
namespace troupe::binary_io {

void send_network(std::string_view packed, bool cidr, std::string* out) {
  const Network network = unpack_network(packed);
  const auto size = static_cast<size_t>(network.size());
  for (const size_t byte : {size_t{network.family}, static_cast<size_t>(network.bits), size_t{cidr}, size}) {
    out->push_back(static_cast<char>(byte));
  }
  out->append(reinterpret_cast<const char*>(network.address.data()), size);
}

absl::StatusOr<Value> receive_network(bool cidr, NetworkReader& in) {
  const std::string_view name = cidr ? "cidr" : "inet";
  Network network;
  network.family = in.get<uint8_t>();
  if (in.ok() && network.family != kIpv4Family && network.family != kIpv6Family) {
    return invalid("invalid address family in external \"", name, "\" value");
  }
  network.bits = in.get<uint8_t>();
  if (in.ok() && network.bits > network.max_bits()) return invalid("invalid bits in external \"", name, "\" value");
  in.get<uint8_t>();  // whether it is cidr: the type says so
  const auto size = static_cast<size_t>(in.get<uint8_t>());
  if (in.ok() && size != static_cast<size_t>(network.size())) {
    return invalid("invalid length in external \"", name, "\" value");
  }
  const std::string_view address = in.raw(size);
  if (!in.ok()) return insufficient();
  std::memcpy(network.address.data(), address.data(), size);
  if (cidr && network.has_host_bits()) {
    return with_detail(invalid("invalid external \"cidr\" value"), "Value has bits set to right of mask.");
  }
  return Value::text(pack_network(network));
}

/// Of 6 bytes, which a MAC address is, or of 8.
absl::StatusOr<Value> receive_macaddr8(NetworkReader& in) {
  if (in.remaining() != 6) return Value::text(std::string(in.raw(8)));
  std::string bytes(in.raw(6));
  return Value::text(bytes.insert(3, "\xFF\xFE"));
}

}  // namespace troupe::binary_io
