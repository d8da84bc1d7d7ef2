#include "runtime/types/record.hpp"

#include <algorithm>

#include "runtime/types/kernel.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

bool needs_quotes(std::string_view text) {
  return text.empty() || text.find_first_of("\"\\(), \t\n\r\v\f") != std::string_view::npos;
}

void append_quoted(std::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out->push_back(c);
    out->push_back(c);
  }
  out->push_back('"');
}

}  // namespace

void format_record(std::string_view record, const EvalContext& context, std::string* out) {
  char before = '(';
  for (const RecordField& field : record_fields(record)) {
    out->push_back(before);
    before = ',';
    if (field.is_null) continue;
    const std::string text = to_text(Type{field.type}, field.value(), context);
    if (needs_quotes(text)) {
      append_quoted(text, out);
    } else {
      out->append(text);
    }
  }
  if (before == '(') out->push_back('(');
  out->push_back(')');
}

absl::Status check_comparable(std::string_view a, std::string_view b) {
  const std::vector<RecordField> x = record_fields(a), y = record_fields(b);
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (x[i].type == y[i].type) continue;
    return error(ErrorCode::kDatatypeMismatch, "cannot compare dissimilar column types ", format_type(x[i].type),
                 " and ", format_type(y[i].type), " at record column ", i + 1);
  }
  if (x.size() == y.size()) return absl::OkStatus();
  return error(ErrorCode::kDatatypeMismatch, "cannot compare record types with different numbers of columns");
}

bool record_is_null(std::string_view record, bool negated) {
  const std::vector<RecordField> fields = record_fields(record);
  return std::all_of(fields.begin(), fields.end(), [&](const RecordField& f) { return f.is_null != negated; });
}

namespace {

template <Comparison C>
absl::Status compare_rows(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&,
                          Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    TROUPE_RETURN_IF_ERROR(check_comparable(args[0].string(row), args[1].string(row)));
    const int order = compare_records(args[0].string(row), args[1].string(row));
    const bool holds = C == Comparison::kEqual          ? order == 0
                       : C == Comparison::kNotEqual     ? order != 0
                       : C == Comparison::kLess         ? order < 0
                       : C == Comparison::kLessEqual    ? order <= 0
                       : C == Comparison::kGreater      ? order > 0
                                                        : order >= 0;
    out.set(row, holds);
  }
  return absl::OkStatus();
}

/// record_field(record, place from 0): of the type that the call says.
absl::Status record_field(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&,
                          Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    const std::vector<RecordField> fields = record_fields(args[0].string(row));
    const auto place = static_cast<size_t>(args[1].get<int32_t>(row));
    if (place >= fields.size() || fields[place].is_null || fields[place].kind != physical_of(call.result)) {
      out.set_null(row);
    } else {
      out.set_value(row, fields[place].value());
    }
  }
  return absl::OkStatus();
}

}  // namespace

void register_records(Registrar& to) {
  // Each comparison may fail: none of them tells the planner what it asks.
  const auto add = [&](const char* symbol, Kernel kernel) {
    to.raw({.name = symbol, .arguments = {oid::kRecord, oid::kRecord}, .result = oid::kBool, .kernel = kernel,
            .is_operator = true});
  };
  add("=", compare_rows<Comparison::kEqual>);
  add("<>", compare_rows<Comparison::kNotEqual>);
  add("<", compare_rows<Comparison::kLess>);
  add("<=", compare_rows<Comparison::kLessEqual>);
  add(">", compare_rows<Comparison::kGreater>);
  add(">=", compare_rows<Comparison::kGreaterEqual>);
  to.raw({.name = "record_field", .arguments = {oid::kRecord, oid::kInt4}, .result = oid::kRecord,
          .kernel = record_field, .volatility = Volatility::kStable});
}

}  // namespace troupe
