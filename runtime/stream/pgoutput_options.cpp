#include "runtime/stream/pgoutput_options.hpp"

#include <charconv>
#include <set>

namespace troupe {
namespace {

constexpr uint32_t kNewestVersion = 4;

absl::StatusOr<uint32_t> version_of(const std::string& text) {
  uint64_t version = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (problem == std::errc::result_out_of_range || version > UINT32_MAX) {
    return error(ErrorCode::kInvalidParameterValue, "proto_version \"", text, "\" out of range");
  }
  if (problem != std::errc() || end != text.data() + text.size()) {
    return error(ErrorCode::kInvalidParameterValue, "invalid proto_version");
  }
  if (version > kNewestVersion) {
    return error(ErrorCode::kFeatureNotSupported, "client sent proto_version=", version,
                 " but we only support protocol ", kNewestVersion, " or lower");
  }
  if (version < 1) {
    return error(ErrorCode::kFeatureNotSupported, "client sent proto_version=", version,
                 " but we only support protocol 1 or higher");
  }
  return static_cast<uint32_t>(version);
}

/// a, "B" as SplitIdentifierString has it.
absl::StatusOr<std::vector<std::string>> names_of(std::string_view text) {
  const absl::Status malformed = error(ErrorCode::kInvalidName, "invalid publication_names syntax");
  std::vector<std::string> names;
  const auto skip_spaces = [&] { text.remove_prefix(std::min(text.find_first_not_of(" \t\n\r"), text.size())); };
  while (true) {
    skip_spaces();
    std::string name;
    if (!text.empty() && text[0] == '"') {
      size_t i = 1;
      for (; i < text.size(); ++i) {
        if (text[i] == '"' && (i + 1 == text.size() || text[i + 1] != '"')) break;
        if (text[i] == '"') ++i;
        name.push_back(text[i]);
      }
      if (i >= text.size()) return malformed;
      text.remove_prefix(i + 1);
    } else {
      const size_t end = std::min(text.find_first_of(", \t\n\r"), text.size());
      for (const char c : text.substr(0, end)) name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
      text.remove_prefix(end);
    }
    if (name.empty()) return malformed;
    names.push_back(std::move(name));
    skip_spaces();
    if (text.empty()) return names;
    if (text[0] != ',') return malformed;
    text.remove_prefix(1);
  }
}

}  // namespace

absl::StatusOr<bool> replication_flag(const std::string& name, const std::string& value) {
  if (value.empty() || value == "true" || value == "on" || value == "1") return true;
  if (value == "false" || value == "off" || value == "0") return false;
  return error(ErrorCode::kSyntaxError, name, " requires a Boolean value");
}

absl::StatusOr<PgoutputOptions> parse_pgoutput_options(const ReplicationOptions& options) {
  PgoutputOptions read;
  std::set<std::string> seen;
  for (const auto& [name, value] : options) {
    if (!seen.insert(name).second) return error(ErrorCode::kSyntaxError, "conflicting or redundant options");
    if (name == "proto_version") {
      TROUPE_ASSIGN_OR_RETURN(read.protocol_version, version_of(value));
    } else if (name == "publication_names") {
      TROUPE_ASSIGN_OR_RETURN(read.publications, names_of(value));
    } else if (name == "binary") {
      TROUPE_ASSIGN_OR_RETURN(read.binary, replication_flag(name, value));
    } else if (name == "two_phase") {
      TROUPE_ASSIGN_OR_RETURN(const bool wanted, replication_flag(name, value));
      if (!wanted) continue;
      return with_hint(error(ErrorCode::kFeatureNotSupported, "two_phase is not supported"),
                       "Subscribe WITH (two_phase = off): prepared transactions are told when they are committed.");
    } else if (name == "messages") {
      TROUPE_RETURN_IF_ERROR(replication_flag(name, value).status());
    } else if (name == "streaming") {
      // Transactions are told when they are committed, whatever is wished.
      if (value != "parallel") TROUPE_RETURN_IF_ERROR(replication_flag(name, value).status());
    } else if (name == "origin") {
      if (value != "any" && value != "none") {
        return error(ErrorCode::kInvalidParameterValue, "unrecognized origin value: \"", value, "\"");
      }
    } else {
      return error(ErrorCode::kInvalidParameterValue, "unrecognized pgoutput option: ", name);
    }
  }
  if (!seen.contains("proto_version")) {
    return error(ErrorCode::kInvalidParameterValue, "proto_version parameter missing");
  }
  if (read.publications.empty()) {
    return error(ErrorCode::kInvalidParameterValue, "publication_names parameter missing");
  }
  return read;
}

}  // namespace troupe
