#pragma once
/// Kernels from plain lambdas: make_kernel<[](int32_t a, std::string_view b) { ... }> loops over rows, skips nulls and
/// stores results. The lambda may take EvalContext& and/or const BoundFunction& first, and return R, absl::StatusOr<R>
/// or std::optional<R> (nothing = null) for R a fixed-width type, std::string or Numeric. Only runtime/types uses it,
/// and folders that register functions of their own.
#include <initializer_list>
#include <optional>
#include <tuple>
#include <utility>

#include "runtime/types/function.hpp"
#include "runtime/types/numeric.hpp"

namespace troupe {

namespace kernel_detail {

/// One argument column: step 0 makes a constant out of a column.
template <typename T>
class ArgumentColumn {
 public:
  explicit ArgumentColumn(const Vector& v) : values_{v.values<T>()}, step_{v.is_constant() ? 0u : 1u} {}
  const T& operator[](uint32_t row) const { return values_[size_t{row} * step_]; }

 private:
  const T* values_;
  uint32_t step_;
};
template <>
class ArgumentColumn<std::string_view> {
 public:
  explicit ArgumentColumn(const Vector& v) : column_{v} {}
  std::string_view operator[](uint32_t row) const { return column_[row].view(); }

 private:
  ArgumentColumn<StringRef> column_;
};
template <>
class ArgumentColumn<Numeric> {
 public:
  explicit ArgumentColumn(const Vector& v) : column_{v} {}
  Numeric operator[](uint32_t row) const { return Numeric(column_[row].view()); }

 private:
  ArgumentColumn<StringRef> column_;
};

template <typename T>
inline absl::Status store_result(Vector& out, uint32_t row, const T& v) {
  out.set(row, v);
  return absl::OkStatus();
}
inline absl::Status store_result(Vector& out, uint32_t row, const std::string& v) {
  out.set_string(row, v);
  return absl::OkStatus();
}
inline absl::Status store_result(Vector& out, uint32_t row, const std::string_view& v) {
  out.set_string(row, v);
  return absl::OkStatus();
}
inline absl::Status store_result(Vector& out, uint32_t row, const Numeric& v) {
  out.set_string(row, v.bytes());
  return absl::OkStatus();
}
template <typename T>
inline absl::Status store_result(Vector& out, uint32_t row, const std::optional<T>& v) {
  if (v.has_value()) return store_result(out, row, *v);
  out.set_null(row);
  return absl::OkStatus();
}
template <typename T>
inline absl::Status store_result(Vector& out, uint32_t row, const absl::StatusOr<T>& v) {
  if (!v.ok()) return v.status();
  return store_result(out, row, *v);
}

template <typename T>
struct CanFail : std::false_type {};
template <typename T>
struct CanFail<absl::StatusOr<T>> : std::true_type {};

template <typename T>
struct Signature;
template <typename C, typename R, typename... A>
struct Signature<R (C::*)(A...) const> {
  using Result = R;
  using Arguments = std::tuple<A...>;
};

template <auto F, typename Bound, typename... A>
absl::Status run_rows(Bound bound, std::tuple<A...>*, std::span<const Vector> args, uint32_t rows, Vector& out) {
  return [&]<size_t... I>(std::index_sequence<I...>) -> absl::Status {
    const std::tuple<ArgumentColumn<std::remove_cvref_t<A>>...> columns{ArgumentColumn<std::remove_cvref_t<A>>(args[I])...};
    const auto one = [&]([[maybe_unused]] uint32_t row) { return bound(std::get<I>(columns)[row]...); };
    using Result = decltype(one(0));
    const bool nulls = out.may_have_nulls();
    for (uint32_t row = 0; row < rows; ++row) {
      if (nulls && out.is_null(row)) continue;
      if constexpr (CanFail<Result>::value) {
        TROUPE_RETURN_IF_ERROR(store_result(out, row, one(row)));
      } else {
        (void)store_result(out, row, one(row));
      }
    }
    return absl::OkStatus();
  }(std::index_sequence_for<A...>{});
}

/// Takes EvalContext& and const BoundFunction& off the front of the lambda's parameters.
template <auto F, typename... A>
absl::Status dispatch(std::tuple<EvalContext&, A...>*, const BoundFunction&, std::span<const Vector> args,
                      uint32_t rows, EvalContext& context, Vector& out) {
  return run_rows<F>([&](const auto&... v) { return F(context, v...); }, static_cast<std::tuple<A...>*>(nullptr), args,
                     rows, out);
}
template <auto F, typename... A>
absl::Status dispatch(std::tuple<const BoundFunction&, EvalContext&, A...>*, const BoundFunction& call,
                      std::span<const Vector> args, uint32_t rows, EvalContext& context, Vector& out) {
  return run_rows<F>([&](const auto&... v) { return F(call, context, v...); },
                     static_cast<std::tuple<A...>*>(nullptr), args, rows, out);
}
template <auto F, typename... A>
absl::Status dispatch(std::tuple<A...>*, const BoundFunction&, std::span<const Vector> args, uint32_t rows,
                      EvalContext&, Vector& out) {
  return run_rows<F>(F, static_cast<std::tuple<A...>*>(nullptr), args, rows, out);
}

}  // namespace kernel_detail

template <auto F>
absl::Status lambda_kernel(const BoundFunction& call, std::span<const Vector> args, uint32_t rows,
                           EvalContext& context, Vector& out) {
  using Arguments = typename kernel_detail::Signature<decltype(&decltype(F)::operator())>::Arguments;
  return kernel_detail::dispatch<F>(static_cast<Arguments*>(nullptr), call, args, rows, context, out);
}

/// Registers functions with less to write.
class Registrar {
 public:
  explicit Registrar(FunctionRegistry& registry) : registry_{registry} {}

  template <auto F>
  void function(std::string_view name, std::initializer_list<Oid> arguments, Oid result,
                Volatility volatility = Volatility::kImmutable) {
    registry_.add({.name = std::string(name), .arguments = arguments, .result = result, .kernel = lambda_kernel<F>,
                   .volatility = volatility});
  }
  template <auto F>
  void op(std::string_view symbol, std::initializer_list<Oid> arguments, Oid result,
          Volatility volatility = Volatility::kImmutable) {
    registry_.add({.name = std::string(symbol), .arguments = arguments, .result = result, .kernel = lambda_kernel<F>,
                   .is_operator = true, .volatility = volatility});
  }
  /// The same kernel as an operator and as the function behind it.
  template <auto F>
  void op_and_function(std::string_view symbol, std::string_view name, std::initializer_list<Oid> arguments, Oid result) {
    op<F>(symbol, arguments, result);
    function<F>(name, arguments, result);
  }
  void raw(Function function) { registry_.add(std::move(function)); }

 private:
  FunctionRegistry& registry_;
};

// What runtime/types registers, a file each.
void register_comparisons(Registrar& to);
void register_variadics(FunctionRegistry& registry);
void register_integers(Registrar& to);
void register_floats(Registrar& to);
void register_degrees(Registrar& to);
void register_records(Registrar& to);
void register_ranges(Registrar& to);
void register_range_operators(Registrar& to);
void register_money(Registrar& to);
void register_network(Registrar& to);
void register_json(Registrar& to);
void register_json_access(Registrar& to);
void register_json_changes(Registrar& to);
void register_json_assign(Registrar& to);
void register_jsonpath(Registrar& to);
void register_sample(Registrar& to);
void register_overlaps(Registrar& to);
void register_numerics(Registrar& to);
void register_strings(Registrar& to);
void register_string_search(Registrar& to);
void register_patterns(Registrar& to);
void register_regular_expressions(Registrar& to);
void register_encodings(Registrar& to);
void register_bytes(Registrar& to);
void register_bits(Registrar& to);
void register_datetimes(Registrar& to);
void register_datetime_fields(Registrar& to);
void register_formatting(Registrar& to);
void register_arrays(Registrar& to);
void register_misc(Registrar& to);

}  // namespace troupe
