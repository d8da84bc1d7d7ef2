#include "runtime/http/http_request.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "runtime/security/scram.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

namespace http = boost::beast::http;

bool same_word(std::string_view a, std::string_view b) { return absl::EqualsIgnoreCase(absl_view(a), absl_view(b)); }

bool begins_with_word(std::string_view text, std::string_view word) {
  return same_word(text.substr(0, word.size()), word);
}

std::string_view trimmed(std::string_view text) { return std_view(absl::StripAsciiWhitespace(absl_view(text))); }

constexpr unsigned kHttp10 = 10;

std::string text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// False: it is malformed.
bool take_target_apart(std::string_view target, HttpRequest* request) {
  if (!target.starts_with('/') && target != "*") return false;  // a proxy's, or CONNECT's
  const size_t question = target.find('?');
  auto path = percent_decode(target.substr(0, question), false);
  if (!path || path->find('\0') != std::string::npos) return false;
  request->path = *std::move(path);
  if (question == std::string_view::npos) return true;
  for (const absl::string_view piece : absl::StrSplit(absl_view(target.substr(question + 1)), '&', absl::SkipEmpty())) {
    const std::string_view parameter = std_view(piece);
    const size_t equals = std::min(parameter.find('='), parameter.size());
    auto name = percent_decode(parameter.substr(0, equals), true);
    auto value = percent_decode(parameter.substr(std::min(equals + 1, parameter.size())), true);
    if (!name || !value) return false;
    // No text of SQL's has it, and a statement would end there.
    if (name->find('\0') != std::string::npos || value->find('\0') != std::string::npos) return false;
    request->query.emplace_back(*std::move(name), *std::move(value));
  }
  return true;
}

int status_of(const boost::system::error_code& failure) {
  if (failure == http::error::header_limit) return 431;
  if (failure == http::error::body_limit) return 413;
  if (failure == http::error::bad_version) return 505;
  return 400;
}

}  // namespace

struct HttpReader::Parser {
  explicit Parser(const HttpLimits& limits) {
    parser.header_limit(limits.header_bytes_max);
    parser.body_limit(limits.body_bytes_max);
    parser.eager(true);
  }
  http::request_parser<http::string_body> parser;
};

HttpReader::HttpReader(HttpLimits limits) : limits_{limits}, parser_{std::make_unique<Parser>(limits)} {}
HttpReader::~HttpReader() = default;

HttpReader::Step HttpReader::fail(int status, std::string what) {
  error_status_ = status;
  error_ = std::move(what);
  return Step::kError;
}

HttpReader::Step HttpReader::read(std::string_view* bytes, HttpRequest* request) {
  if (error_status_ != 0) return Step::kError;
  if (!in_request_) {  // a few clients end a body with a line end that does not count
    while (bytes->starts_with("\r\n")) bytes->remove_prefix(2);
    if (*bytes == "\r") return Step::kNeedMore;
  }
  auto& parser = parser_->parser;
  while (!bytes->empty()) {
    in_request_ = true;
    boost::system::error_code failure;
    const size_t used = parser.put(boost::asio::buffer(bytes->data(), bytes->size()), failure);
    bytes->remove_prefix(used);
    if (failure && failure != http::error::need_more) return fail(status_of(failure), failure.message());
    if (parser.is_done()) return finish(request);
    if (used == 0 || failure == http::error::need_more) break;
  }
  if (!parser.is_header_done() || continued_) return Step::kNeedMore;
  continued_ = true;
  const auto expects = parser.get()[http::field::expect];
  if (expects.empty()) return Step::kNeedMore;
  if (!same_word(text_of(expects), "100-continue")) return fail(417, "unknown expectation");
  return Step::kContinue;
}

/// The parser is ready for the next one afterwards.
HttpReader::Step HttpReader::finish(HttpRequest* request) {
  auto message = parser_->parser.release();
  parser_ = std::make_unique<Parser>(limits_);
  in_request_ = continued_ = false;
  *request = HttpRequest();
  request->method = text_of(message.method_string());
  request->keep_alive = message.keep_alive();
  request->http_1_0 = message.version() == kHttp10;
  for (const auto& field : message) {
    request->headers.emplace_back(text_of(field.name_string()), text_of(field.value()));
  }
  request->body = std::move(message.body());
  if (!message[http::field::transfer_encoding].empty() && !message.chunked()) {
    return fail(501, "this transfer coding is not supported");
  }
  if (!take_target_apart(text_of(message.target()), request)) return fail(400, "malformed request target");
  size_t hosts = 0;
  for (const auto& [name, value] : request->headers) hosts += same_word(name, "host") ? 1 : 0;
  if (hosts > 1 || (hosts == 0 && !request->http_1_0)) return fail(400, "exactly one Host header is needed");
  return Step::kRequest;
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const auto& [field, value] : headers) {
    if (same_word(field, name)) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> HttpRequest::parameter(std::string_view name) const {
  for (const auto& [field, value] : query) {
    if (field == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> HttpRequest::parameters(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [field, value] : query) {
    if (field == name) found.push_back(value);
  }
  return found;
}

bool HttpRequest::header_has(std::string_view name, std::string_view word) const {
  for (const auto& [field, value] : headers) {
    if (!same_word(field, name)) continue;
    for (const absl::string_view piece : absl::StrSplit(value, ',')) {
      if (same_word(trimmed(std_view(piece)), word)) return true;
    }
  }
  return false;
}

std::optional<std::string> HttpRequest::cookie(std::string_view name) const {
  const std::string_view all = header("Cookie").value_or("");
  for (const absl::string_view piece : absl::StrSplit(absl_view(all), ';')) {
    const std::string_view pair = trimmed(std_view(piece));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) return std::string(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view text, bool in_query) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && in_query) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

std::optional<std::pair<std::string, std::string>> parse_basic(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (!begins_with_word(authorization, kScheme)) return std::nullopt;
  const auto pair = base64_decode(trimmed(authorization.substr(kScheme.size())));
  if (!pair.ok() || pair->find(':') == std::string::npos || pair->find('\0') != std::string::npos) return std::nullopt;
  const size_t colon = pair->find(':');
  return std::pair{pair->substr(0, colon), pair->substr(colon + 1)};
}

std::optional<std::string_view> parse_bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (!begins_with_word(authorization, kScheme)) return std::nullopt;
  return trimmed(authorization.substr(kScheme.size()));
}

}  // namespace troupe
