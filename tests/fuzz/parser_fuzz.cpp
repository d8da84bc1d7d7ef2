// Feeds arbitrary text to the SQL front end. Whatever comes, the parser must answer with a tree or an error that has a
// message and a position inside the text; a query's tree must deparse to text that parses to the same; and the
// fingerprint's constants must lie in order inside the text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/sql/ast_select.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/fingerprint.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe::sql {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_deparse(const SelectStatement& query) {
  if (query.into != nullptr) return;
  const std::string text = to_sql(query);
  const auto again = parse_sql(text);
  if (!again.ok()) {
    // The parentheses that the deparser adds may pass the depth limit.
    require(error_code(again.status()) == ErrorCode::kStatementTooComplex);
    return;
  }
  require((*again)->statements().size() == 1);
  require(to_sql((*again)->statements()[0].node->to<SelectStatement>()) == text);
}

void check_fingerprint(std::string_view text) {
  Fingerprint print;
  fingerprint(text, &print);
  uint32_t end = 0;
  for (const Constant& constant : print.constants) {
    require(constant.begin >= end && constant.end > constant.begin && constant.end <= text.size());
    end = constant.end;
  }
  if (print.cacheable) require(normalised_text(text, print).size() <= text.size() * 13 + 16);
}

void run(std::string_view text) {
  const auto parsed = parse_sql(text);
  if (parsed.ok()) {
    for (const RawStatement& raw : (*parsed)->statements()) {
      require(raw.begin <= raw.end && raw.end <= text.size());
      if (const auto* query = raw.node->as<SelectStatement>()) check_deparse(*query);
    }
  } else {
    const ErrorFields fields = error_fields(parsed.status());
    require(!fields.message.empty());
    require(fields.position >= 0 && static_cast<size_t>(fields.position) <= text.size() + 1);
  }
  check_fingerprint(text);
}

}  // namespace
}  // namespace troupe::sql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  troupe::sql::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
