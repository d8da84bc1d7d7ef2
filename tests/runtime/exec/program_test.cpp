#include "runtime/exec/program.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

const Type kInt{oid::kInt4};
const Type kBool{oid::kBool};

Vector ints(std::initializer_list<std::optional<int32_t>> values) {
  Vector v;
  v.reset_empty(Physical::kInt32);
  for (const auto& value : values) value ? v.append(*value) : v.append_null();
  return v;
}

ExprPtr op(std::string_view symbol, ExprPtr left, ExprPtr right) {
  EvalContext context;
  auto made = make_operator(symbol, std::move(left), std::move(right), context);
  REQUIRE(made.ok());
  return *made;
}
ExprPtr number(int32_t n) { return make_constant(kInt, Value::of(n)); }
ExprPtr column(uint32_t index) { return make_column(kInt, index); }

/// "t", "f" or "-" for each row.
std::string truths(const ExprPtr& expr, std::vector<Vector> columns) {
  auto program = Program::compile(expr);
  REQUIRE(program.ok());
  EvalContext context;
  EvalInput in;
  in.columns = columns;
  in.rows = columns[0].size();
  in.context = &context;
  Vector out;
  REQUIRE(program->run(in, &out).ok());
  std::string text;
  for (uint32_t row = 0; row < in.rows; ++row) text += out.is_null(row) ? '-' : out.get<bool>(row) ? 't' : 'f';
  return text;
}

absl::Status failure(const ExprPtr& expr, std::vector<Vector> columns) {
  auto program = Program::compile(expr);
  REQUIRE(program.ok());
  EvalContext context;
  EvalInput in;
  in.columns = columns;
  in.rows = columns[0].size();
  in.context = &context;
  Vector out;
  return program->run(in, &out);
}

}  // namespace

TEST_CASE("and, or and not are three-valued", "[program]") {
  const ExprPtr a = op("=", column(0), number(1)), b = op("=", column(1), number(1));
  const Vector left = ints({1, 1, 1, 0, 0, 0, {}, {}, {}}), right = ints({1, 0, {}, 1, 0, {}, 1, 0, {}});
  CHECK(truths(make_and({a, b}), {left, right}) == "tf-fff-f-");
  CHECK(truths(make_or({a, b}), {left, right}) == "ttttf-t--");
  CHECK(truths(make_not(a), {left, right}) == "fffttt---");
  CHECK(truths(make_null_test(column(1), false), {left, right}) == "fftfftfft");
}

TEST_CASE("the right side of AND runs for the rows the left lets through", "[program]") {
  const ExprPtr guarded = op(">", op("/", number(10), column(0)), number(1));
  const Vector values = ints({0, 2, 20, {}});
  CHECK(truths(make_and({op("<>", column(0), number(0)), guarded}), {values}) == "ftf-");
  CHECK(error_code(failure(guarded, {values})) == ErrorCode::kDivisionByZero);
  CHECK(error_code(failure(make_and({guarded, op("<>", column(0), number(0))}), {values})) ==
        ErrorCode::kDivisionByZero);
}

TEST_CASE("constants are folded, and one that fails fails only where it runs", "[program]") {
  auto folded = Program::compile(op("+", number(1), op("*", number(2), number(3))));
  REQUIRE(folded.ok());
  CHECK(folded->is_constant());
  const ExprPtr fails = op("=", op("/", number(1), number(0)), number(1));
  const ExprPtr never = op("=", column(0), number(99));
  CHECK(truths(make_and({never, fails}), {ints({1, 2})}) == "ff");
  CHECK(error_code(failure(fails, {ints({1})})) == ErrorCode::kDivisionByZero);
}

TEST_CASE("a condition selects the rows for which it is true", "[program]") {
  Vector condition(Physical::kBool, 4);
  condition.set(0, true);
  condition.set(1, false);
  condition.set_null(2);
  condition.set(3, true);
  std::vector<uint32_t> selection;
  select_true(condition, 4, &selection);
  CHECK(selection == std::vector<uint32_t>{0, 3});
  selection.clear();
  select_true(Vector::constant(Value::of(true), 3), 3, &selection);
  CHECK(selection == std::vector<uint32_t>{0, 1, 2});
}

}  // namespace troupe
