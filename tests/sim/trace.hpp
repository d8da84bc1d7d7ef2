#pragma once
/// What happened in a run, as one hash: two runs of a seed are the same run when their hashes are. Printed on request.
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace troupe::sim {

class Trace {
 public:
  explicit Trace(std::FILE* print) : print_{print} {}

  /// One event: virtual time, what, and whatever tells it from others.
  void add(int64_t now_us, std::string_view what, uint64_t number, std::string_view text) {
    mix(static_cast<uint64_t>(now_us));
    mix(what);
    mix(number);
    mix(text);
    ++events_;
    if (print_ != nullptr) {
      std::fprintf(print_, "%10lld %-10.*s %llu %.*s\n", static_cast<long long>(now_us), static_cast<int>(what.size()),
                   what.data(), static_cast<unsigned long long>(number), static_cast<int>(text.size()), text.data());
    }
  }
  /// Bytes that count and are not printed.
  void absorb(std::string_view bytes) { mix(bytes); }
  uint64_t hash() const { return hash_; }
  uint64_t events() const { return events_; }
  bool prints() const { return print_ != nullptr; }

 private:
  // FNV-1a over words and bytes.
  static constexpr uint64_t kPrime = 0x100000001B3u;
  void mix(uint64_t word) { hash_ = (hash_ ^ word) * kPrime; }
  void mix(std::string_view bytes) {
    for (const char byte : bytes) hash_ = (hash_ ^ static_cast<uint8_t>(byte)) * kPrime;
    mix(bytes.size());
  }

  std::FILE* print_;
  uint64_t hash_ = 0xCBF29CE484222325u;
  uint64_t events_ = 0;
};

}  // namespace troupe::sim
