#pragma once
/// Numbered fields in both directions from one description: `archive(3, name)` writes field 3 or, when reading, sets
/// `name` if field 3 is there. Unknown fields are skipped, missing ones keep their value.
///   field: varint number, varint size, bytes. Numbers ascend within an object and are never used twice.
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "storage/base/bytes.hpp"
#include "storage/column/batch_codec.hpp"
#include "storage/column/value.hpp"

namespace troupe {

class FieldWriter {
 public:
  explicit FieldWriter(std::string* out) : out_{out} {}

  template <typename T>
  void operator()(uint64_t number, const T& value) {
    std::string payload;
    put(value, ByteWriter(&payload));
    out_.varint(number);
    out_.bytes(payload);
  }

 private:
  template <typename T>
  static void put(const T& value, ByteWriter out) {
    if constexpr (std::is_same_v<T, double>) {
      out.f64(value);
    } else if constexpr (std::is_enum_v<T> || std::is_same_v<T, bool>) {
      out.varint(static_cast<uint64_t>(value));
    } else if constexpr (std::signed_integral<T>) {
      const auto wide = static_cast<int64_t>(value);
      out.varint((static_cast<uint64_t>(wide) << 1) ^ static_cast<uint64_t>(wide >> 63));
    } else if constexpr (std::unsigned_integral<T>) {
      out.varint(value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      out.bytes(value);
    } else if constexpr (std::is_same_v<T, Value>) {
      std::string bytes;
      encode_values({&value, 1}, &bytes);
      out.bytes(bytes);
    } else if constexpr (std::is_same_v<T, std::pair<std::string, std::string>>) {
      out.bytes(value.first);
      out.bytes(value.second);
    } else {
      put_composite(value, out);
    }
  }
  template <typename T>
  static void put(const std::vector<T>& values, ByteWriter out) {
    out.varint(values.size());
    for (const T& value : values) put(value, out);
  }
  template <typename T>
  static void put_composite(const T& value, ByteWriter out) {
    std::string bytes;
    FieldWriter nested(&bytes);
    describe(nested, const_cast<T&>(value));
    out.bytes(bytes);
  }

  ByteWriter out_;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : in_{bytes} {}

  template <typename T>
  void operator()(uint64_t number, T& value) {
    std::string_view payload;
    if (!find(number, &payload)) return;
    ByteReader in(payload);
    get(value, in);
    ok_ = ok_ && in.ok();
  }
  bool ok() const { return ok_ && in_.ok(); }

 private:
  /// Fields ascend, so whatever is smaller than `number` is one this version does not know.
  bool find(uint64_t number, std::string_view* payload) {
    while (in_.ok()) {
      if (!pending_) {
        if (in_.at_end()) return false;
        number_ = in_.varint();
        payload_ = in_.bytes();
        pending_ = true;
      }
      if (number_ > number) return false;
      pending_ = false;
      if (number_ == number) {
        *payload = payload_;
        return in_.ok();
      }
    }
    return false;
  }
  template <typename T>
  void get(T& value, ByteReader& in) {
    if constexpr (std::is_same_v<T, double>) {
      value = in.f64();
    } else if constexpr (std::is_enum_v<T> || std::is_same_v<T, bool>) {
      value = static_cast<T>(in.varint());
    } else if constexpr (std::signed_integral<T>) {
      const uint64_t zigzag = in.varint();
      value = static_cast<T>(static_cast<int64_t>(zigzag >> 1) ^ -static_cast<int64_t>(zigzag & 1));
    } else if constexpr (std::unsigned_integral<T>) {
      value = static_cast<T>(in.varint());
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = in.bytes();
    } else if constexpr (std::is_same_v<T, Value>) {
      get_value(value, in);
    } else if constexpr (std::is_same_v<T, std::pair<std::string, std::string>>) {
      value.first = in.bytes();
      value.second = in.bytes();
    } else {
      FieldReader nested(in.bytes());
      describe(nested, value);
      ok_ = ok_ && nested.ok();
    }
  }
  template <typename T>
  void get(std::vector<T>& values, ByteReader& in) {
    const uint64_t count = in.varint();
    values.clear();
    for (uint64_t i = 0; i < count && in.ok(); ++i) {
      T value{};
      get(value, in);
      values.push_back(std::move(value));
    }
  }
  void get_value(Value& value, ByteReader& in) {
    auto values = decode_values(in.bytes());
    if (values.ok() && values->size() == 1) {
      value = std::move(values->front());
    } else {
      ok_ = false;
    }
  }

  ByteReader in_;
  bool pending_ = false;
  bool ok_ = true;
  uint64_t number_ = 0;
  std::string_view payload_;
};

}  // namespace troupe
