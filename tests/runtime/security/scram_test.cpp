#include <catch2/catch.hpp>

#include "runtime/security/scram.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

// RFC 7677, section 3.
constexpr std::string_view kClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr std::string_view kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view kClientFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramServer rfc_server(std::string_view password) {
  return ScramServer(make_scram_verifier(password, base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==").value()), kServerNonce);
}

}  // namespace

TEST_CASE("RFC 7677's exchange is reproduced", "[scram]") {
  ScramServer server = rfc_server("pencil");
  CHECK(server.server_first(kClientFirst).value() == kServerFirst);
  CHECK(server.server_final(kClientFinal).value() == kServerFinal);
}

TEST_CASE("a wrong password is refused", "[scram]") {
  ScramServer server = rfc_server("pencils");
  REQUIRE(server.server_first(kClientFirst).ok());
  CHECK(error_code(server.server_final(kClientFinal).status()) == ErrorCode::kInvalidPassword);
}

TEST_CASE("a client in the node shows its password to the server, and no other", "[scram]") {
  for (const auto& [password, fits] : {std::pair{"pencil", true}, {"pencils", false}, {"", false}}) {
    ScramServer server = rfc_server("pencil");
    const ScramClient client(password, "abc");
    const auto challenge = server.server_first(client.client_first());
    REQUIRE(challenge.ok());
    CHECK(server.server_final(client.client_final(*challenge).value()).ok() == fits);
  }
  CHECK_FALSE(ScramClient("pencil", "abc").client_final("r=other,s=QQ==,i=4096").ok());
  CHECK_FALSE(ScramClient("pencil", "abc").client_final("nonsense").ok());
}

TEST_CASE("a nonce of another exchange is refused", "[scram]") {
  ScramServer server(make_scram_verifier("pencil", "0123456789abcdef"), "other");
  REQUIRE(server.server_first(kClientFirst).ok());
  CHECK(error_code(server.server_final(kClientFinal).status()) == ErrorCode::kProtocolViolation);
  ScramServer unstarted = rfc_server("pencil");
  CHECK_FALSE(unstarted.server_final(kClientFinal).ok());
}

namespace {

/// What a client says that binds itself to `endpoint`; its proof is wrong, which is noticed after the binding.
std::string bound_final(std::string_view endpoint) {
  return cat("c=", base64_encode(cat("p=tls-server-end-point,,", endpoint)),
             ",r=abcnonce,p=", base64_encode(std::string(32, 'x')));
}

ScramServer bound_server(bool chosen) {
  return ScramServer(make_scram_verifier("pencil", "0123456789abcdef"), "nonce", {true, chosen, "our certificate"});
}

}  // namespace

TEST_CASE("an exchange that is bound to one certificate is refused behind another", "[scram]") {
  for (const auto& [endpoint, code] : {std::pair{"our certificate", ErrorCode::kInvalidPassword},
                                       {"another certificate", ErrorCode::kInvalidAuthorization}}) {
    ScramServer server = bound_server(true);
    REQUIRE(server.server_first("p=tls-server-end-point,,n=,r=abc").ok());
    CHECK(error_code(server.server_final(bound_final(endpoint)).status()) == code);
  }
}

TEST_CASE("who hides the binding from the client is found out", "[scram]") {
  const auto code_of = [](bool chosen, std::string_view message) {
    return error_code(bound_server(chosen).server_first(message).status());
  };
  CHECK(code_of(false, "y,,n=,r=abc") == ErrorCode::kInvalidAuthorization);
  CHECK(bound_server(false).server_first("n,,n=,r=abc").ok());
  CHECK(code_of(false, "p=tls-server-end-point,,n=,r=abc") == ErrorCode::kProtocolViolation);
  CHECK(code_of(true, "n,,n=,r=abc") == ErrorCode::kProtocolViolation);
  CHECK(code_of(true, "y,,n=,r=abc") == ErrorCode::kProtocolViolation);
  CHECK(code_of(true, "p=tls-unique,,n=,r=abc") == ErrorCode::kProtocolViolation);
}

TEST_CASE("what is no SCRAM message is refused", "[scram]") {
  for (const char* message : {"", "n", "n,", "n,,", "n,,n=user", "n,,n=user,r=", "x,,n=user,r=abc",
                              "p=tls-unique,,n=,r=a", "n,a=bob,n=user,r=abc", "n,,m=ext,n=user,r=abc", "n,,r=abc"}) {
    INFO(message);
    CHECK_FALSE(rfc_server("pencil").server_first(message).ok());
  }
  for (const char* message : {"", "c=biws", "c=biws,r=x", "c=eSws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
                              "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=AAAA"}) {
    INFO(message);
    ScramServer server = rfc_server("pencil");
    REQUIRE(server.server_first(kClientFirst).ok());
    CHECK_FALSE(server.server_final(message).ok());
  }
}

TEST_CASE("a verifier is kept as PostgreSQL keeps it and checks passwords", "[scram]") {
  const std::string text = make_scram_verifier("pencil", "0123456789abcdef").to_string();
  const auto verifier = parse_scram_verifier(text);
  REQUIRE(verifier.ok());
  CHECK(verifier->to_string() == text);
  CHECK(scram_password_matches(*verifier, "pencil"));
  CHECK_FALSE(scram_password_matches(*verifier, "Pencil"));
  for (const std::string& bad : {std::string("md5abc"), text.substr(0, text.size() - 1), "SCRAM-SHA-256$0:" + text,
                                 text + "x", std::string("SCRAM-SHA-256$4096:$:")}) {
    INFO(bad);
    CHECK_FALSE(parse_scram_verifier(bad).ok());
  }
}

TEST_CASE("an unknown role shows the same salt each time", "[scram]") {
  CHECK(make_unknown_role_verifier("bob", "secret").to_string() ==
        make_unknown_role_verifier("bob", "secret").to_string());
  CHECK(make_unknown_role_verifier("bob", "secret").salt != make_unknown_role_verifier("eve", "secret").salt);
}

TEST_CASE("base64 takes only what it would write", "[scram]") {
  for (const char* text : {"", "f", "fo", "foo", "foob", "\xff\xfe"})
    CHECK(base64_decode(base64_encode(text)).value() == text);
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "Z g=", "Zm9v\n", "Zg==Zg=="}) {
    INFO(text);
    CHECK_FALSE(base64_decode(text).ok());
  }
}

}  // namespace troupe
