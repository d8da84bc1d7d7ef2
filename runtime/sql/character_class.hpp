#pragma once
/// What a byte of SQL text may be part of, by table.
#include <array>
#include <cstdint>

namespace troupe::sql {

enum CharacterClass : uint8_t {
  kIdentifierStart = 1, kIdentifierPart = 2, kDigit = 4, kBlank = 8, kOperatorPart = 16, kUpper = 32,
};

inline constexpr std::array<uint8_t, 256> kCharacterClasses = [] {
  std::array<uint8_t, 256> of{};
  for (int c = 'a'; c <= 'z'; ++c) of[c] = kIdentifierStart | kIdentifierPart;
  for (int c = 'A'; c <= 'Z'; ++c) of[c] = kIdentifierStart | kIdentifierPart | kUpper;
  for (int c = 128; c < 256; ++c) of[c] = kIdentifierStart | kIdentifierPart;
  of['_'] = kIdentifierStart | kIdentifierPart;
  for (int c = '0'; c <= '9'; ++c) of[c] = kDigit | kIdentifierPart;
  of['$'] = kIdentifierPart;
  for (const unsigned char c : {' ', '\t', '\n', '\r', '\f'}) of[c] = kBlank;
  for (const unsigned char c : {'~', '!', '@', '#', '^', '&', '|', '`', '?', '+', '-', '*', '/', '%', '<', '>', '='})
    of[c] = kOperatorPart;
  return of;
}();

constexpr bool is_class(unsigned char c, uint8_t wanted) { return (kCharacterClasses[c] & wanted) != 0; }

}  // namespace troupe::sql
