#pragma once
/// What binary input and output are made of; only for binary_*.cpp.
#include <string>
#include <string_view>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "runtime/types/user_types.hpp"
#include "storage/column/value.hpp"

namespace troupe::binary_io {

/// Most significant byte first.
template <typename U>
void put(U v, std::string* out) {
  char bytes[sizeof(U)];
  for (size_t i = sizeof(U); i-- > 0; v = static_cast<U>(sizeof(U) > 1 ? v >> 8 : 0))
    bytes[i] = static_cast<char>(v & 0xFF);
  out->append(bytes, sizeof(U));
}

/// Big-endian reading that remembers running out.
class NetworkReader {
 public:
  explicit NetworkReader(std::string_view in) : in_{in} {}
  template <typename U>
  U get() {
    U v = 0;
    if (in_.size() < sizeof(U)) {
      ok_ = false;
      in_ = {};
      return v;
    }
    for (size_t i = 0; i < sizeof(U); ++i)
      v = static_cast<U>(static_cast<uint64_t>(v) << 8) | static_cast<uint8_t>(in_[i]);
    in_.remove_prefix(sizeof(U));
    return v;
  }
  std::string_view raw(size_t size) {
    if (in_.size() < size) {
      ok_ = false;
      size = in_.size();
    }
    const std::string_view v = in_.substr(0, size);
    in_.remove_prefix(size);
    return v;
  }
  bool ok() const { return ok_; }
  size_t remaining() const { return in_.size(); }
  bool done() const { return ok_ && in_.empty(); }

 private:
  std::string_view in_;
  bool ok_ = true;
};

inline absl::Status insufficient() { return error(ErrorCode::kProtocolViolation, "insufficient data left in message"); }
template <typename... Parts>
absl::Status invalid(const Parts&... parts) {
  return error(ErrorCode::kInvalidBinaryRepresentation, parts...);
}
/// A value of what is left. Errors: 08P01 when that is not enough, 22P03 ...
absl::StatusOr<Value> receive(Type type, NetworkReader& in, const EvalContext& context);

// --- binary_shapes.cpp ---
void send_record(std::string_view packed, std::string* out);
absl::StatusOr<Value> receive_composite(const UserType& type, NetworkReader& in, const EvalContext& context);
void send_range(std::string_view packed, std::string* out);
absl::StatusOr<Value> receive_range(Oid range, NetworkReader& in, const EvalContext& context);
void send_multirange(std::string_view packed, std::string* out);
absl::StatusOr<Value> receive_multirange(Oid multirange, NetworkReader& in, const EvalContext& context);

// --- binary_network.cpp ---
void send_network(std::string_view packed, bool cidr, std::string* out);
absl::StatusOr<Value> receive_network(bool cidr, NetworkReader& in);
absl::StatusOr<Value> receive_macaddr8(NetworkReader& in);

}  // namespace troupe::binary_io
