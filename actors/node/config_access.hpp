#pragma once
/// [[access]] in the configuration file: runtime/security/access_rule.hpp says what the rules mean.
#include <string>
#include <vector>

#include "runtime/security/access_rule.hpp"
#include "storage/base/error.hpp"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace troupe {

/// Errors: kSyntaxError, kUndefinedObject and kInvalidParameterValue with the file, `path`, and the line.
absl::StatusOr<std::vector<AccessRule>> read_access_rules(const toml::node& rules, const std::string& path);

}  // namespace troupe
