#include "runtime/http/http_answer.hpp"

#include <charconv>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "storage/base/text.hpp"

namespace troupe {
namespace {

namespace http = boost::beast::http;

constexpr int kFirstFinalStatus = 200;
constexpr int64_t kRetryAfterMaxS = 86'400;

}  // namespace

std::string http_post_text(const HttpUrl& url, const std::vector<std::pair<std::string, std::string>>& headers,
                           std::string_view body) {
  std::string text = cat("POST ", url.target, " HTTP/1.1\r\nHost: ", url.authority(),
                         "\r\nContent-Length: ", uint64_t{body.size()}, "\r\n");
  for (const auto& [name, value] : headers) {
    text += cat(name, ": ", std::string_view(value).substr(0, value.find_first_of("\r\n")), "\r\n");
  }
  text += "\r\n";
  text += body;
  return text;
}

struct HttpAnswerReader::Parser {
  Parser() {
    parser.header_limit(kHeaderBytesMax);
    parser.body_limit(kBodyBytesMax);
    parser.eager(true);
  }
  http::response_parser<http::string_body> parser;
};

HttpAnswerReader::HttpAnswerReader() : parser_{std::make_unique<Parser>()} {}
HttpAnswerReader::~HttpAnswerReader() = default;

void HttpAnswerReader::take_head() {
  const auto& message = parser_->parser.get();
  answer_.status = static_cast<int>(message.result_int());
  answer_.keep_alive = message.keep_alive();
  const auto after = message[http::field::retry_after];
  int64_t seconds = 0;
  const auto [end, problem] = std::from_chars(after.data(), after.data() + after.size(), seconds);
  if (problem == std::errc() && end == after.data() + after.size() && seconds >= 0) {
    answer_.retry_after_s = std::min(seconds, kRetryAfterMaxS);
  }
}

bool HttpAnswerReader::read(std::string_view bytes) {
  if (done_) return true;
  if (!error_.empty()) return false;
  unparsed_ += bytes;
  std::string_view left = unparsed_;
  while (!left.empty() && !done_) {
    boost::system::error_code failure;
    const size_t used = parser_->parser.put(boost::asio::buffer(left.data(), left.size()), failure);
    left.remove_prefix(used);
    if (parser_->parser.is_header_done()) take_head();
    const auto length = parser_->parser.is_header_done() ? parser_->parser.content_length() : boost::none;
    if (failure == http::error::body_limit || (length && *length > kBodyBytesMax)) {
      answer_.keep_alive = false;
      done_ = true;
    } else if (failure && failure != http::error::need_more) {
      error_ = failure.message();
      return false;
    } else if (parser_->parser.is_done()) {
      // "100 Continue" and its like come before the answer.
      if (answer_.status >= kFirstFinalStatus) {
        done_ = true;
      } else {
        parser_ = std::make_unique<Parser>();
        answer_ = HttpAnswer();
      }
    } else if (used == 0 || failure == http::error::need_more) {
      break;
    }
  }
  unparsed_.erase(0, unparsed_.size() - left.size());
  return true;
}

void HttpAnswerReader::end() {
  if (done_ || !error_.empty()) return;
  boost::system::error_code failure = http::error::end_of_stream;
  if (parser_->parser.got_some()) parser_->parser.put_eof(failure);  // may not be told of the end before anything else
  answer_.keep_alive = false;
  if (!failure && parser_->parser.is_done() && parser_->parser.is_header_done()) {
    take_head();
    answer_.keep_alive = false;
    done_ = true;
  } else {
    error_ = "the connection ended before the answer did";
  }
}

}  // namespace troupe
