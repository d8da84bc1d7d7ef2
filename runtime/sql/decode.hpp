#pragma once
/// What a token says: names folded and cut, escapes resolved. A value equal to its text is a view of the text; any
/// other is written to the arena.
#include <string_view>

#include "runtime/sql/arena.hpp"
#include "runtime/sql/scanner.hpp"
#include "storage/base/error.hpp"

namespace troupe::sql {

/// Thrown inside runtime/sql's parser only and caught where it was called from outside: a syntax error unwinds dozens
/// of recursive calls, and statements without one should not pay for the check at each.
struct SyntaxFailure {
  absl::Status status;
};

/// As much of it as a name may have; no character is cut in two.
std::string_view cut_name(std::string_view name);
/// A word or quoted word as a name.
std::string_view decode_name(std::string_view text, const Token& token, Arena& arena);
/// A string's contents. Throws SyntaxFailure: 22025 for bad Unicode escapes, 22021 for what is no UTF-8.
std::string_view decode_string(std::string_view text, const Token& token, Arena& arena);
/// 'b' or 'x' and the digits.
std::string_view decode_bits(std::string_view text, const Token& token, Arena& arena);

}  // namespace troupe::sql
