#include "actors/session/plan_cache.hpp"

#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

/// The same text but for the constants, blanks and all. Hashes only say that it is likely.
bool same_but_constants(std::string_view a, const std::vector<sql::Constant>& a_constants, std::string_view b,
                        const std::vector<sql::Constant>& b_constants) {
  if (a_constants.size() != b_constants.size()) return false;
  uint32_t a_from = 0, b_from = 0;
  for (size_t i = 0; i < a_constants.size(); ++i) {
    if (a_constants[i].type != b_constants[i].type) return false;
    if (a.substr(a_from, a_constants[i].begin - a_from) != b.substr(b_from, b_constants[i].begin - b_from)) return false;
    a_from = a_constants[i].end;
    b_from = b_constants[i].end;
  }
  return a.substr(a_from) == b.substr(b_from);
}

Type type_of(sql::ConstantType type) {
  switch (type) {
    case sql::ConstantType::kInt4: return Type{oid::kInt4};
    case sql::ConstantType::kInt8: return Type{oid::kInt8};
    case sql::ConstantType::kNumeric: return Type{oid::kNumeric};
    case sql::ConstantType::kString:
    case sql::ConstantType::kBits: break;
  }
  return Type{oid::kUnknown};
}

}  // namespace

PlanCache::Entry* PlanCache::find(std::string_view text, uint64_t settings_version) {
  if (settings_version != settings_version_) {
    entries_.clear();
    settings_version_ = settings_version;
  }
  sql::fingerprint(text, &print_);
  if (!print_.cacheable) return nullptr;
  const auto at = entries_.find(print_.hash);
  if (at != entries_.end() && same_but_constants(at->second.text, at->second.constants, text, print_.constants)) {
    return &at->second;
  }
  if (at == entries_.end() && entries_.size() >= kEntriesMax) entries_.clear();
  entries_[print_.hash] = {std::string(text), print_.constants, nullptr, false};
  return nullptr;
}

std::shared_ptr<Prepared> PlanCache::parse_with_parameters(std::string_view text) const {
  for (const sql::Constant& constant : print_.constants) {
    if (constant.type == sql::ConstantType::kBits) return nullptr;
  }
  auto parsed = sql::parse_statement(sql::normalised_text(text, print_));
  if (!parsed.ok() || (*parsed)->statements().empty()) return nullptr;
  auto prepared = std::make_shared<Prepared>();
  prepared->parsed = *std::move(parsed);
  prepared->raw = &prepared->parsed->statements()[0];
  // Parameters that the client wrote are errors in the simple protocol, which the text as it is reports.
  if (prepared->raw->parameter_count != print_.constants.size()) return nullptr;
  for (const sql::Constant& constant : print_.constants) prepared->declared.push_back(type_of(constant.type));
  return prepared;
}

bool PlanCache::bind(std::string_view text, const StatementPlan& plan, const EvalContext& eval,
                     std::vector<Value>* values) const {
  if (plan.parameters.size() != print_.constants.size()) return false;
  values->reserve(print_.constants.size());
  for (size_t i = 0; i < print_.constants.size(); ++i) {
    const sql::Constant& constant = print_.constants[i];
    std::string_view bytes = text.substr(constant.begin, constant.end - constant.begin);
    // With a minus before it, the smallest value of a type: one constant to the parser.
    if (bytes == "2147483648" || bytes == "9223372036854775808") return false;
    if (constant.type == sql::ConstantType::kString) {
      // Escapes, dollar quotes and strings in pieces are the parser's.
      if (bytes.size() < 2 || bytes.front() != '\'') return false;
      bytes = bytes.substr(1, bytes.size() - 2);
      if (bytes.find('\'') != std::string_view::npos) return false;
    }
    auto value = parse_text(plan.parameters[i], bytes, eval);
    if (!value.ok()) return false;
    values->push_back(*std::move(value));
  }
  return true;
}

bool is_independent_of_values(const StatementPlan& plan) {
  if (plan.one_partition) return true;
  if (plan.kind != StatementKind::kInsert || !plan.ctes.empty() || !plan.init_plans.empty()) return false;
  return plan.root->inputs[0]->as<ValuesPlan>() != nullptr;
}

}  // namespace troupe
