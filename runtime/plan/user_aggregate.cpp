#include "runtime/plan/user_aggregate.hpp"

#include <map>
#include <memory>

#include "storage/column/batch_codec.hpp"

namespace troupe {
namespace {

/// What two of them differ by.
std::string key_of(const UserAggregate& aggregate) {
  std::string key;
  encode_expr(*aggregate.transition, &key);
  std::string start;
  encode_values({&aggregate.start, 1}, &start);
  key += cat("|", start, "|", aggregate.name, "|", aggregate.state.oid, "|", aggregate.strict ? 1 : 0);
  for (const Oid argument : aggregate.arguments) key += cat(",", argument);
  return key;
}

struct OperatorFunction {
  std::string_view function, symbol;
};

}  // namespace

const UserAggregate* keep_user_aggregate(UserAggregate aggregate) {
  // A cell's own, so that none waits for another; never freed, as plans that other cells run point to what is in it.
  thread_local auto* kept = new std::map<std::string, std::unique_ptr<const UserAggregate>, std::less<>>;
  std::string key = key_of(aggregate);
  auto& one = (*kept)[std::move(key)];
  if (one == nullptr) one = std::make_unique<const UserAggregate>(std::move(aggregate));
  return one.get();
}

std::string_view operator_of_function(std::string_view function) {
  static constexpr OperatorFunction kFunctions[] = {
      {"int2pl", "+"},        {"int4pl", "+"},      {"int8pl", "+"},          {"int24pl", "+"},
      {"int42pl", "+"},       {"int48pl", "+"},     {"int84pl", "+"},         {"float4pl", "+"},
      {"float8pl", "+"},      {"numeric_add", "+"}, {"interval_pl", "+"},     {"cash_pl", "+"},
      {"int2mi", "-"},        {"int4mi", "-"},      {"int8mi", "-"},          {"float4mi", "-"},
      {"float8mi", "-"},      {"numeric_sub", "-"}, {"interval_mi", "-"},     {"int2mul", "*"},
      {"int4mul", "*"},       {"int8mul", "*"},     {"float4mul", "*"},       {"float8mul", "*"},
      {"numeric_mul", "*"},   {"int4div", "/"},     {"int8div", "/"},         {"float8div", "/"},
      {"numeric_div", "/"},   {"textcat", "||"},    {"array_append", "||"},   {"array_cat", "||"},
      {"jsonb_concat", "||"}, {"byteacat", "||"},   {"bitcat", "||"},         {"int4and", "&"},
      {"int8and", "&"},       {"bitand", "&"},      {"int4or", "|"},          {"int8or", "|"},
      {"bitor", "|"},         {"range_union", "+"}, {"range_intersect", "*"}, {"multirange_union", "+"},
  };
  for (const OperatorFunction& known : kFunctions) {
    if (known.function == function) return known.symbol;
  }
  return {};
}

}  // namespace troupe
