#pragma once
/// SASLprep (RFC 4013) as PostgreSQL applies it to passwords, so that it does not matter how a letter was typed. Pure.
#include <string>
#include <string_view>

namespace troupe {

/// The password as it is hashed. What is not UTF-8, or has characters that SASLprep does not let through, is used as it
/// is: other encodings and emoji may be in passwords too.
std::string prepared_password(std::string_view password);

}  // namespace troupe
