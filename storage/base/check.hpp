#pragma once
/// TROUPE_CHECK: always on, for what cannot happen. It throws CheckFailure, which ends the actor (its supervisor
/// restarts it), not the node.
#include <stdexcept>
#include <string>

namespace troupe {

class CheckFailure : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void check_failed(const char* expression, const char* file, int line, const std::string& what);

}  // namespace troupe

#define TROUPE_CHECK(condition)                                                                \
  do {                                                                                         \
    if (!(condition)) [[unlikely]] ::troupe::check_failed(#condition, __FILE__, __LINE__, ""); \
  } while (false)
#define TROUPE_CHECK_MSG(condition, what)                                                          \
  do {                                                                                             \
    if (!(condition)) [[unlikely]] ::troupe::check_failed(#condition, __FILE__, __LINE__, (what)); \
  } while (false)
