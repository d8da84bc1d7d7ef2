#include "runtime/types/convert_encoding.hpp"
#include "runtime/types/kernel.hpp"
#include "runtime/types/utf8.hpp"

/// Text in other character sets than the server's, which is UTF8.
namespace troupe {
namespace {

constexpr Oid kB = oid::kBytea, kT = oid::kText, kName = oid::kName;

absl::StatusOr<int> named(std::string_view name, std::string_view which) {
  if (const auto found = find_encoding(name)) return *found;
  return error(ErrorCode::kInvalidParameterValue, "invalid ", which, " encoding name \"", name, "\"");
}

absl::StatusOr<std::string> converted(std::string_view bytes, std::string_view from, std::string_view to) {
  TROUPE_ASSIGN_OR_RETURN(const int source, named(from, "source"));
  TROUPE_ASSIGN_OR_RETURN(const int target, named(to, "destination"));
  return convert_encoding(bytes, source, target);
}

absl::StatusOr<std::string> converted_from(std::string_view bytes, std::string_view from) {
  TROUPE_ASSIGN_OR_RETURN(const int source, named(from, "source"));
  return utf8_of(bytes, source);
}

absl::StatusOr<std::string> converted_to(std::string_view text, std::string_view to) {
  TROUPE_ASSIGN_OR_RETURN(const int target, named(to, "destination"));
  return utf8_to(text, target);
}

absl::StatusOr<int32_t> characters(std::string_view bytes, std::string_view in) {
  const auto encoding = find_encoding(in);
  if (!encoding) return error(ErrorCode::kInvalidParameterValue, "invalid encoding name \"", in, "\"");
  TROUPE_ASSIGN_OR_RETURN(const std::string text, utf8_of(bytes, *encoding));
  int32_t count = 0;
  for (size_t at = 0; at < text.size(); at += utf8::size_at(text, at)) ++count;
  return count;
}

}  // namespace

void register_encodings(Registrar& to) {
  using View = std::string_view;
  to.function<[](View b, View from, View into) { return converted(b, from, into); }>("convert", {kB, kName, kName}, kB);
  to.function<[](View b, View from) { return converted_from(b, from); }>("convert_from", {kB, kName}, kT);
  to.function<[](View t, View into) { return converted_to(t, into); }>("convert_to", {kT, kName}, kB);
  to.function<[](View b, View in) { return characters(b, in); }>("length", {kB, kName}, oid::kInt4);
}

}  // namespace troupe
