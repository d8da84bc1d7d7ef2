#pragma once
/// What a browser shows instead of a password: random texts that are good for a while, each for one role in one
/// database. They are forgotten when the node ends. Invariant: at most `tokens_max` are kept; with one more the oldest
/// ends. Owner: HttpFront; time comes from outside, monotonic.
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/ids.hpp"
#include "storage/catalog/names.hpp"

namespace troupe {

struct TokenHolder {
  std::string role;
  Oid role_oid = kNoOid;
  std::string verifier;  ///< of its password then: another password ends the token
  std::string database;
};

class AccessTokens {
 public:
  AccessTokens(size_t tokens_max, int64_t lifetime_us) : tokens_max_{tokens_max}, lifetime_us_{lifetime_us} {}

  void add(const std::string& token, TokenHolder holder, int64_t now_us);
  std::optional<TokenHolder> find(std::string_view token, int64_t now_us);
  void remove(std::string_view token);
  size_t size() const { return tokens_.size(); }

 private:
  struct Entry {
    TokenHolder holder;
    int64_t until_us = 0;
  };
  void forget_expired(int64_t now_us);

  const size_t tokens_max_;
  const int64_t lifetime_us_;
  std::map<std::string, Entry, std::less<>> tokens_;
  std::deque<std::string> order_;  ///< as they were given, some of them removed since
};

}  // namespace troupe
