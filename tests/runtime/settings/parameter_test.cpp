#include "runtime/settings/parameter.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/types/encoding.hpp"

using namespace troupe;

namespace {

absl::StatusOr<std::string> canonical(std::string_view name, std::string_view text, std::string_view current = {}) {
  const ParameterInfo* parameter = find_parameter(name);
  REQUIRE(parameter != nullptr);
  return canonical_value(*parameter, name, text, current);
}

std::string shown(std::string_view name, std::string_view text) {
  const auto value = canonical(name, text);
  REQUIRE(value.ok());
  return display_value(*find_parameter(name), *value);
}

ErrorFields failure(std::string_view name, std::string_view text) {
  const auto value = canonical(name, text);
  REQUIRE_FALSE(value.ok());
  return error_fields(value.status());
}

}  // namespace

TEST_CASE("parameters are found in any case and listed by name", "[settings]") {
  CHECK(find_parameter("datestyle")->name == "DateStyle");
  CHECK(find_parameter("TIMEZONE")->name == "TimeZone");
  CHECK(find_parameter("foobar") == nullptr);
  const auto all = all_parameters();
  CHECK(all.size() > 200);
  CHECK(all.front().name == "allow_system_table_mods");
  for (const ParameterInfo& parameter : all) CHECK(find_parameter(parameter.name) == &parameter);
}

TEST_CASE("every default is a value its parameter takes", "[settings]") {
  for (const ParameterInfo& parameter : all_parameters()) {
    CAPTURE(parameter.name);
    const auto value = canonical_value(parameter, parameter.name, parameter.default_value, "ISO, MDY");
    REQUIRE(value.ok());
    CHECK(*value == parameter.default_value);
    CHECK_FALSE(parameter.description.empty());
    CHECK_FALSE(parameter.category.empty());
  }
}

TEST_CASE("numbers with units are shown with the largest unit that divides them", "[settings]") {
  CHECK(shown("statement_timeout", "1min") == "1min");
  CHECK(shown("statement_timeout", "1.5s") == "1500ms");
  CHECK(shown("statement_timeout", "90s") == "90s");
  CHECK(shown("statement_timeout", "120 s") == "2min");
  CHECK(shown("statement_timeout", "0") == "0");
  CHECK(shown("work_mem", "65536") == "64MB");
  CHECK(shown("work_mem", "100000kB") == "100000kB");
  CHECK(shown("shared_buffers", "16384") == "128MB");
  CHECK(shown("vacuum_cost_delay", "1.5") == "1500us");
  CHECK(shown("random_page_cost", "2.50") == "2.5");
  CHECK(shown("extra_float_digits", "0x3") == "3");
  CHECK(shown("temp_file_limit", "-1") == "-1");
}

TEST_CASE("bad numbers say what is wrong with them", "[settings]") {
  CHECK(failure("statement_timeout", "-1").message ==
        "-1 ms is outside the valid range for parameter \"statement_timeout\" (0 .. 2147483647)");
  CHECK(failure("extra_float_digits", "4").message ==
        "4 is outside the valid range for parameter \"extra_float_digits\" (-15 .. 3)");
  CHECK(failure("seq_page_cost", "-1").message ==
        "-1 is outside the valid range for parameter \"seq_page_cost\" (0 .. 1.79769e+308)");
  const ErrorFields unit = failure("statement_timeout", "3 parsecs");
  CHECK(unit.code == ErrorCode::kInvalidParameterValue);
  CHECK(unit.message == "invalid value for parameter \"statement_timeout\": \"3 parsecs\"");
  CHECK(unit.hint == "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\".");
  CHECK(failure("work_mem", "1XB").hint ==
        "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".");
  CHECK(failure("statement_timeout", "99999999999").hint == "Value exceeds integer range.");
  CHECK(failure("extra_float_digits", "1ms").hint.empty());
}

TEST_CASE("switches and enumerations take PostgreSQL's words", "[settings]") {
  CHECK(canonical("enable_seqscan", "FALSE").value() == "off");
  CHECK(canonical("enable_seqscan", "t").value() == "on");
  CHECK(failure("enable_seqscan", "o").message == "parameter \"enable_seqscan\" requires a Boolean value");
  CHECK(canonical("synchronous_commit", "true").value() == "on");
  CHECK(canonical("client_min_messages", "WARNING").value() == "warning");
  CHECK(failure("bytea_output", "x").hint == "Available values: escape, hex.");
}

TEST_CASE("what Troupe cannot do is refused rather than accepted", "[settings]") {
  CHECK(failure("standard_conforming_strings", "off").code == ErrorCode::kFeatureNotSupported);
  CHECK(failure("client_encoding", "latin1").code == ErrorCode::kFeatureNotSupported);
}

TEST_CASE("a date style is completed by the one in force", "[settings]") {
  CHECK(canonical("datestyle", "iso, dmy", "ISO, MDY").value() == "ISO, DMY");
  CHECK(canonical("datestyle", "SQL", "ISO, DMY").value() == "SQL, DMY");
  CHECK(canonical("datestyle", "german", "ISO, MDY").value() == "German, DMY");
  CHECK(canonical("datestyle", "European", "Postgres, MDY").value() == "Postgres, DMY");
  CHECK(failure("datestyle", "foo").detail == "Unrecognized key word: \"foo\".");
  CHECK(failure("datestyle", "iso,sql").detail == "Conflicting \"datestyle\" specifications.");
  CHECK(failure("datestyle", "foo").message == "invalid value for parameter \"DateStyle\": \"foo\"");
}

TEST_CASE("time zones get their own spelling, offsets PostgreSQL's", "[settings]") {
  CHECK(canonical("timezone", "europe/berlin").value() == "Europe/Berlin");
  CHECK(canonical("timezone", "5").value() == "<+05>-05");
  CHECK(canonical("timezone", "-3").value() == "<-03>+03");
  CHECK(canonical("timezone", "<+05:30>-05:30").value() == "<+05:30>-05:30");
  CHECK(failure("timezone", "Mars/X").message == "invalid value for parameter \"TimeZone\": \"Mars/X\"");
}

TEST_CASE("encodings go by many names", "[settings]") {
  CHECK(find_encoding("utf-8") == 6);
  CHECK(find_encoding("Unicode") == 6);
  CHECK(find_encoding("ISO_8859_1") == 8);
  CHECK_FALSE(find_encoding("foo").has_value());
  CHECK(encoding_name(41) == "SHIFT_JIS_2004");
  CHECK(encoding_name(42).empty());
  CHECK(canonical("client_encoding", "utf-8").value() == "UTF8");
}

TEST_CASE("custom names are identifiers joined by dots", "[settings]") {
  CHECK(is_custom_parameter_name("myapp.user_id"));
  CHECK(is_custom_parameter_name("a.b.c"));
  CHECK_FALSE(is_custom_parameter_name("myapp"));
  CHECK_FALSE(is_custom_parameter_name("foo.b-r"));
  CHECK_FALSE(is_custom_parameter_name("foo."));
  CHECK_FALSE(is_custom_parameter_name(".foo"));
}
