#include "storage/base/check.hpp"

namespace troupe {

void check_failed(const char* expression, const char* file, int line, const std::string& what) {
  std::string text = std::string(file) + ":" + std::to_string(line) + ": CHECK failed: " + expression;
  if (!what.empty()) text += ": " + what;
  throw CheckFailure(text);
}

}  // namespace troupe
