#include "runtime/types/aggregate.hpp"

#include "tests/runtime/types/expectation.hpp"

namespace troupe {
namespace {

struct AggregateExpectation {
  const char* name;
  const char* type;
  std::vector<const char*> rows;
  const char* result;
  const char* of_no_rows;
};

/// From PostgreSQL 15. string_agg's delimiter is a comma.
const AggregateExpectation kExpectations[] = {
    {"sum", "int2", {"1", "2", "2", "5", nullptr}, "10", "NULL"},
    {"avg", "int2", {"1", "2", "2", "5", nullptr}, "2.5000000000000000", "NULL"},
    {"min", "int2", {"1", "2", "2", "5", nullptr}, "1", "NULL"},
    {"max", "int2", {"1", "2", "2", "5", nullptr}, "5", "NULL"},
    {"count", "int2", {"1", "2", "2", "5", nullptr}, "4", "0"},
    {"variance", "int2", {"1", "2", "2", "5", nullptr}, "3.0000000000000000", "NULL"},
    {"var_pop", "int2", {"1", "2", "2", "5", nullptr}, "2.2500000000000000", "NULL"},
    {"stddev", "int2", {"1", "2", "2", "5", nullptr}, "1.7320508075688773", "NULL"},
    {"stddev_pop", "int2", {"1", "2", "2", "5", nullptr}, "1.5000000000000000", "NULL"},
    {"sum", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "11", "NULL"},
    {"avg", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "2.2000000000000000", "NULL"},
    {"min", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "-3", "NULL"},
    {"max", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "7", "NULL"},
    {"count", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "5", "0"},
    {"variance", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "13.7000000000000000", "NULL"},
    {"var_pop", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "10.9600000000000000", "NULL"},
    {"stddev", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "3.7013511046643495", "NULL"},
    {"stddev_pop", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "3.3105890714493697", "NULL"},
    {"sum", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "18446744073709551615", "NULL"},
    {"avg", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "6148914691236517205", "NULL"},
    {"min", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "1", "NULL"},
    {"max", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "9223372036854775807", "NULL"},
    {"count", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "3", "0"},
    {"variance", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "28356863910078205276316721236840983212", "NULL"},
    {"var_pop", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "18904575940052136850877814157893988808", "NULL"},
    {"stddev", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "5325116328314171699", "NULL"},
    {"stddev_pop", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "4347939275110927403", "NULL"},
    {"sum", "numeric", {"1.5", "2.25", nullptr, "10", "0.001"}, "13.751", "NULL"},
    {"avg", "numeric", {"1.5", "2.25", nullptr, "10", "0.001"}, "3.4377500000000000", "NULL"},
    {"min", "numeric", {"1.5", "2.25", nullptr, "10", "0.001"}, "0.001", "NULL"},
    {"max", "numeric", {"1.5", "2.25", nullptr, "10", "0.001"}, "10", "NULL"},
    {"count", "numeric", {"1.5", "2.25", nullptr, "10", "0.001"}, "4", "0"},
    {"variance", "numeric", {"1.5", "2.25", nullptr, "10", "0.001"}, "20.0133335833333333", "NULL"},
    {"var_pop", "numeric", {"1.5", "2.25", nullptr, "10", "0.001"}, "15.0100001875000000", "NULL"},
    {"stddev", "numeric", {"1.5", "2.25", nullptr, "10", "0.001"}, "4.4736264465569019", "NULL"},
    {"stddev_pop", "numeric", {"1.5", "2.25", nullptr, "10", "0.001"}, "3.8742741497601844", "NULL"},
    {"sum", "float8", {"1.5", "2.25", nullptr, "10"}, "13.75", "NULL"},
    {"avg", "float8", {"1.5", "2.25", nullptr, "10"}, "4.583333333333333", "NULL"},
    {"min", "float8", {"1.5", "2.25", nullptr, "10"}, "1.5", "NULL"},
    {"max", "float8", {"1.5", "2.25", nullptr, "10"}, "10", "NULL"},
    {"count", "float8", {"1.5", "2.25", nullptr, "10"}, "3", "0"},
    {"variance", "float8", {"1.5", "2.25", nullptr, "10"}, "22.145833333333332", "NULL"},
    {"var_pop", "float8", {"1.5", "2.25", nullptr, "10"}, "14.763888888888888", "NULL"},
    {"stddev", "float8", {"1.5", "2.25", nullptr, "10"}, "4.7059359678318335", "NULL"},
    {"stddev_pop", "float8", {"1.5", "2.25", nullptr, "10"}, "3.842380627799501", "NULL"},
    {"sum", "float4", {"1.1", "2.2", "3.3"}, "6.6000004", "NULL"},
    {"avg", "float4", {"1.1", "2.2", "3.3"}, "2.200000007947286", "NULL"},
    {"min", "float4", {"1.1", "2.2", "3.3"}, "1.1", "NULL"},
    {"max", "float4", {"1.1", "2.2", "3.3"}, "3.3", "NULL"},
    {"count", "float4", {"1.1", "2.2", "3.3"}, "3", "0"},
    {"variance", "float4", {"1.1", "2.2", "3.3"}, "1.2099999213218715", "NULL"},
    {"var_pop", "float4", {"1.1", "2.2", "3.3"}, "0.806666614214581", "NULL"},
    {"stddev", "float4", {"1.1", "2.2", "3.3"}, "1.0999999642372138", "NULL"},
    {"stddev_pop", "float4", {"1.1", "2.2", "3.3"}, "0.8981462098203059", "NULL"},
    {"bit_and", "int2", {"1", "2", "2", "5", nullptr}, "0", "NULL"},
    {"bit_or", "int2", {"1", "2", "2", "5", nullptr}, "7", "NULL"},
    {"bit_xor", "int2", {"1", "2", "2", "5", nullptr}, "4", "NULL"},
    {"bit_and", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "0", "NULL"},
    {"bit_or", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "-1", "NULL"},
    {"bit_xor", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "-3", "NULL"},
    {"bit_and", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "1", "NULL"},
    {"bit_or", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "9223372036854775807", "NULL"},
    {"bit_xor", "int8", {"9223372036854775807", "9223372036854775807", "1"}, "1", "NULL"},
    {"sum", "interval", {"1 day", "2 hours", "1 mon"}, "1 mon 1 day 02:00:00", "NULL"},
    {"avg", "interval", {"1 day", "2 hours", "1 mon"}, "10 days 08:40:00", "NULL"},
    {"min", "interval", {"1 day", "2 hours", "1 mon"}, "02:00:00", "NULL"},
    {"max", "interval", {"1 day", "2 hours", "1 mon"}, "1 mon", "NULL"},
    {"min", "text", {"b", "a", nullptr, "long string that is not inline"}, "a", "NULL"},
    {"max", "text", {"b", "a", nullptr, "long string that is not inline"}, "long string that is not inline", "NULL"},
    {"array_agg", "text", {"b", "a", nullptr, "long string that is not inline"}, "{b,a,NULL,\"long string that is not inline\"}", "NULL"},
    {"count", "text", {"b", "a", nullptr, "long string that is not inline"}, "3", "0"},
    {"bool_and", "bool", {"t", "f", nullptr}, "f", "NULL"},
    {"bool_or", "bool", {"t", "f", nullptr}, "t", "NULL"},
    {"every", "bool", {"t", "f", nullptr}, "f", "NULL"},
    {"min", "date", {"2020-01-01", "1999-01-01"}, "1999-01-01", "NULL"},
    {"max", "date", {"2020-01-01", "1999-01-01"}, "2020-01-01", "NULL"},
    {"array_agg", "int4", {"1", "2", "4", "7", nullptr, "-3"}, "{1,2,4,7,NULL,-3}", "NULL"},
    {"string_agg", "text", {"b", "a", nullptr, "long string that is not inline"}, "b,a,long string that is not inline", "NULL"},
};

/// One aggregate's states, freed at the end.
class States {
 public:
  States(const BoundAggregate& call, size_t count) : call_{call}, memory_(count * call.aggregate->state_bytes / 16) {
    for (size_t i = 0; i < count; ++i) call_.aggregate->init(call_, at(i));
  }
  ~States() {
    for (size_t i = 0; i * call_.aggregate->state_bytes < memory_.size() * 16; ++i) {
      if (call_.aggregate->destroy != nullptr) call_.aggregate->destroy(at(i));
    }
  }
  std::byte* at(size_t i) { return reinterpret_cast<std::byte*>(memory_.data()) + i * call_.aggregate->state_bytes; }
  std::string result(size_t i) {
    Vector out;
    out.reset_empty(physical_of(call_.result));
    REQUIRE(call_.aggregate->finalize(call_, at(i), expectation::context(), out).ok());
    return out.is_null(0) ? "NULL" : to_text(call_.result, out.value(0), expectation::context());
  }

 private:
  const BoundAggregate& call_;
  std::vector<Fixed16> memory_;
};

std::vector<Vector> arguments_of(const AggregateExpectation& e, const BoundAggregate& call) {
  std::vector<Vector> args(1);
  args[0].reset_empty(physical_of(call.arguments[0]));
  for (const char* row : e.rows) {
    args[0].append_value(row == nullptr ? Value::null(args[0].kind()) : *parse_text(call.arguments[0], row, expectation::context()));
  }
  if (call.arguments.size() == 2) args.push_back(Vector::constant(Value::text(","), args[0].size()));
  return args;
}

BoundAggregate bind(const AggregateExpectation& e) {
  std::vector<Type> types{expectation::type_of(e.type)};
  if (std::string(e.name) == "string_agg") types.push_back(Type{oid::kText});
  auto call = resolve_aggregate(e.name, types);
  REQUIRE(call.ok());
  return *call;
}

TEST_CASE("aggregates give PostgreSQL's results, of no rows too", "[types]") {
  for (const AggregateExpectation& e : kExpectations) {
    INFO(e.name << " of " << e.type);
    const BoundAggregate call = bind(e);
    const std::vector<Vector> args = arguments_of(e, call);
    States states(call, 2);
    REQUIRE(call.aggregate->update(call, {states.at(0), nullptr}, args, args[0].size(), expectation::context()).ok());
    CHECK(states.result(0) == e.result);
    CHECK(states.result(1) == e.of_no_rows);
  }
}

TEST_CASE("partial results from several partitions combine to the whole", "[types]") {
  for (const AggregateExpectation& e : kExpectations) {
    INFO(e.name << " of " << e.type);
    const BoundAggregate call = bind(e);
    const std::vector<Vector> args = arguments_of(e, call);
    States states(call, 3);
    // The first row in one group, the others in the second; each travels as bytes into the third.
    std::vector<uint32_t> groups(args[0].size(), 1);
    groups[0] = 0;
    REQUIRE(call.aggregate->update(call, {states.at(0), groups.data()}, args, args[0].size(), expectation::context()).ok());
    for (size_t i = 0; i < 2; ++i) {
      std::string bytes;
      call.aggregate->serialize(call, states.at(i), &bytes);
      States received(call, 1);
      REQUIRE(call.aggregate->deserialize(call, bytes, received.at(0)).ok());
      REQUIRE(call.aggregate->combine(call, states.at(2), received.at(0)).ok());
    }
    // Floating point sums depend on the order of additions.
    const std::string name = e.name, type = e.type;
    const bool rounds = type.starts_with("float") && (name.starts_with("var") || name.starts_with("std") || (name == "sum" && type == "float4"));
    if (!rounds) CHECK(states.result(2) == e.result);
  }
}

}  // namespace
}  // namespace troupe
