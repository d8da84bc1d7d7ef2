#include "runtime/security/access_rule.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

AccessRequest from(const char* address, bool tls = false, std::string role = "anna", std::string database = "shop") {
  return {std::move(role), std::move(database), IpAddress::parse(address), tls};
}

AccessRule rule(const char* network, AccessMethod method = AccessMethod::kScram) {
  AccessRule made;
  made.networks.push_back(IpNetwork::parse(network).value());
  made.method = method;
  return made;
}

bool nobody(std::string_view) { return false; }

bool fits(const AccessRule& one, const AccessRequest& request, const IsMember& is_member = nobody) {
  return first_match(std::span(&one, 1), request, is_member) != nullptr;
}

}  // namespace

TEST_CASE("a network holds the addresses that begin like it", "[access]") {
  const IpNetwork ten = IpNetwork::parse("10.128.0.0/9").value();
  CHECK(ten.contains(IpAddress::parse("10.200.1.2").value()));
  CHECK_FALSE(ten.contains(IpAddress::parse("10.127.255.255").value()));
  CHECK_FALSE(ten.contains(IpAddress::parse("::").value()));
  const IpNetwork six = IpNetwork::parse("2001:db8::/33").value();
  CHECK(six.contains(IpAddress::parse("2001:db8:7fff::1").value()));
  CHECK_FALSE(six.contains(IpAddress::parse("2001:db8:8000::1").value()));
  CHECK(IpNetwork::parse("0.0.0.0/0").value().contains(IpAddress::parse("8.8.8.8").value()));
  CHECK(IpNetwork::parse("10.0.0.7").value().contains(IpAddress::parse("10.0.0.7").value()));
  CHECK_FALSE(IpNetwork::parse("10.0.0.7").value().contains(IpAddress::parse("10.0.0.6").value()));
}

TEST_CASE("what is no network is refused", "[access]") {
  for (const char* text : {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1", "example.org",
                           "2001:db8::/129", "10.0.0", "1.2.3.4.5"}) {
    CHECK_FALSE(IpNetwork::parse(text));
  }
}

TEST_CASE("the first rule that fits decides", "[access]") {
  const std::vector<AccessRule> rules = {rule("10.0.0.0/16", AccessMethod::kReject), rule("10.0.0.0/8")};
  CHECK(first_match(rules, from("10.0.1.1"), nobody)->method == AccessMethod::kReject);
  CHECK(first_match(rules, from("10.1.1.1"), nobody)->method == AccessMethod::kScram);
  CHECK(first_match(rules, from("11.1.1.1"), nobody) == nullptr);
}

TEST_CASE("a rule for the unix socket fits nobody who comes over the network, and the other way round", "[access]") {
  AccessRule local;
  local.local = true;
  const AccessRequest here{"anna", "shop", std::nullopt, false};
  CHECK(fits(local, here));
  CHECK_FALSE(fits(local, from("127.0.0.1")));
  AccessRule anywhere;
  anywhere.anywhere = true;
  CHECK_FALSE(fits(anywhere, here));
  CHECK(fits(anywhere, from("::1")));
}

TEST_CASE("a rule may be for TLS only, or for connections without it", "[access]") {
  AccessRule secured = rule("10.0.0.0/8");
  secured.tls = true;
  CHECK(fits(secured, from("10.0.0.1", true)));
  CHECK_FALSE(fits(secured, from("10.0.0.1", false)));
  secured.tls = false;
  CHECK_FALSE(fits(secured, from("10.0.0.1", true)));
  CHECK(fits(secured, from("10.0.0.1", false)));
}

TEST_CASE("roles and databases are named, grouped, or all", "[access]") {
  AccessRule one = rule("10.0.0.0/8");
  const auto reader = [](std::string_view group) { return group == "readers"; };
  one.roles = {"otto", "+readers"};
  CHECK(fits(one, from("10.0.0.1"), reader));
  CHECK_FALSE(fits(one, from("10.0.0.1"), nobody));
  CHECK(fits(one, from("10.0.0.1", false, "otto"), nobody));
  one.roles = {"all"};
  one.databases = {"sameuser"};
  CHECK(fits(one, from("10.0.0.1", false, "shop")));
  CHECK_FALSE(fits(one, from("10.0.0.1")));
  one.databases = {"samerole"};
  CHECK(fits(one, from("10.0.0.1", false, "anna", "readers"), reader));
  CHECK_FALSE(fits(one, from("10.0.0.1"), reader));
  one.databases = {"stock", "shop"};
  CHECK(fits(one, from("10.0.0.1")));
}

TEST_CASE("without rules this machine is trusted, and others need TLS and a password", "[access]") {
  const auto rules = default_access_rules();
  const auto method = [&](const AccessRequest& request) {
    const AccessRule* found = first_match(rules, request, nobody);
    return found == nullptr ? AccessMethod::kReject : found->method;
  };
  CHECK(method(from("127.0.0.1")) == AccessMethod::kTrust);
  CHECK(method(from("::1")) == AccessMethod::kTrust);
  CHECK(method({"anna", "shop", std::nullopt, false}) == AccessMethod::kTrust);
  CHECK(method(from("10.0.0.1", true)) == AccessMethod::kScram);
  CHECK(method(from("10.0.0.1", false)) == AccessMethod::kReject);
  CHECK(method(from("::ffff:127.0.0.1")) == AccessMethod::kReject);
}

}  // namespace troupe
