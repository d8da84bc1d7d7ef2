#include "actors/http/query_refusal.hpp"

#include "runtime/sql/ast_dml.hpp"
#include "runtime/sql/ast_stream.hpp"
#include "runtime/sql/ast_utility.hpp"
#include "runtime/sql/parser.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

using sql::NodeKind;

QueryRefusal refuse(std::string_view what, std::string_view hint) {
  return {cat(what, " makes no sense over POST /v1/query"), std::string(hint)};
}

constexpr std::string_view kSession = "A query is a session and a transaction of its own: use the SQL port.";

}  // namespace

std::optional<QueryRefusal> query_refusal(std::string_view text) {
  const auto parsed = sql::parse_statement(text);
  if (!parsed.ok() || (*parsed)->statements().empty()) return std::nullopt;  // the session says what is wrong
  const sql::Statement& statement = *(*parsed)->statements()[0].node;
  switch (statement.kind) {
    case NodeKind::kTransaction: {
      using Verb = sql::TransactionVerb;
      const Verb verb = statement.to<sql::TransactionStatement>().verb;
      if (verb == Verb::kCommitPrepared || verb == Verb::kRollbackPrepared) return std::nullopt;
      return refuse("a transaction's beginning or end", kSession);
    }
    case NodeKind::kListen: return refuse("LISTEN", kSession);
    case NodeKind::kUnlisten: return refuse("UNLISTEN", kSession);
    case NodeKind::kPrepare: return refuse("PREPARE", kSession);
    case NodeKind::kDeclareCursor: return refuse("DECLARE", kSession);
    case NodeKind::kSubscribe:
    case NodeKind::kSubscribeStream:
      return refuse("SUBSCRIBE", "GET /v1/subscribe, or a WebSocket at /v1/ws, tells of changes.");
    case NodeKind::kCopy:
      if (statement.to<sql::CopyStatement>().has_file) return std::nullopt;
      return refuse("COPY with the client's data", "INSERT with parameters, SELECT, or COPY on the SQL port do.");
    case NodeKind::kConsume:
      if (!statement.to<sql::ConsumeStatement>().member.empty()) return std::nullopt;
      return refuse("CONSUME without MEMBER", "The session that is the member would be gone: give it a name.");
    default: return std::nullopt;
  }
}

}  // namespace troupe
