#include "runtime/http/origin_policy.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

using Verdict = OriginPolicy::Verdict;

Verdict judge(const OriginPolicy& policy, std::string host, std::string origin = "") {
  HttpRequest request;
  request.headers.emplace_back("Host", std::move(host));
  if (!origin.empty()) request.headers.emplace_back("Origin", std::move(origin));
  return policy.judge(request);
}

}  // namespace

TEST_CASE("a page of somebody else, or a name that is not this machine's, is not let through", "[http]") {
  const OriginPolicy policy("db.example", "https://app.example, http://localhost:3000", false);
  for (const char* host : {"127.0.0.1:8080", "localhost", "LocalHost:1", "[::1]:8080", "10.0.0.7", "DB.example:8080"}) {
    CHECK(judge(policy, host) == Verdict::kSame);
  }
  for (const char* host : {"evil.example", "evil.example:8080", "localhost.evil.example", "x:y:z"}) {
    CHECK(judge(policy, host) == Verdict::kUnknownHost);
  }
  CHECK(judge(policy, "localhost:8080", "http://localhost:8080") == Verdict::kSame);
  CHECK(judge(policy, "localhost:8080", "http://localhost:3000") == Verdict::kAllowed);
  CHECK(judge(policy, "localhost:8080", "https://APP.example") == Verdict::kAllowed);
  for (const char* origin : {"http://localhost", "https://localhost:8080", "http://evil.example", "null",
                             "https://app.example.evil.example", "http://app.example"}) {
    CHECK(judge(policy, "localhost:8080", origin) == Verdict::kForeign);
  }
}

TEST_CASE("behind TLS the certificate shows the machine's name", "[http]") {
  const OriginPolicy policy("", "", true);
  CHECK(judge(policy, "db.example") == Verdict::kSame);
  CHECK(judge(policy, "db.example", "https://db.example") == Verdict::kSame);
  CHECK(judge(policy, "db.example", "http://db.example") == Verdict::kForeign);
}

}  // namespace troupe
