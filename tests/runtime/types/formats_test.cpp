#include "runtime/types/binary_io.hpp"

#include "runtime/types/datetime.hpp"
#include "tests/runtime/types/expectation.hpp"

namespace troupe {
namespace {

std::string hex_of(std::string_view type, std::string_view text) {
  const Type t = expectation::type_of(std::string(type));
  const auto v = parse_text(t, text, expectation::context());
  REQUIRE(v.ok());
  std::string bytes, hex;
  send_binary(t, *v, &bytes);
  for (const char c : bytes) {
    char two[4];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    hex += two;
  }
  const auto back = receive_binary(t, bytes, expectation::context());
  REQUIRE(back.ok());
  CHECK(to_text(t, *back, expectation::context()) == to_text(t, *v, expectation::context()));
  if (!bytes.empty() && physical_of(t) != Physical::kVarlen) {
    CHECK_FALSE(receive_binary(t, std::string_view(bytes).substr(1), expectation::context()).ok());
  }
  return hex;
}

TEST_CASE("binary formats are PostgreSQL's and come back", "[types]") {
  CHECK(hex_of("bool", "t") == "01");
  CHECK(hex_of("int2", "-2") == "fffe");
  CHECK(hex_of("int4", "123456") == "0001e240");
  CHECK(hex_of("int8", "-5") == "fffffffffffffffb");
  CHECK(hex_of("float4", "1.5") == "3fc00000");
  CHECK(hex_of("float8", "-2.25") == "c002000000000000");
  CHECK(hex_of("numeric", "12345.678") == "0003000100000003000109291a7c");
  CHECK(hex_of("numeric", "-0.0001") == "0001ffff400000040001");
  CHECK(hex_of("numeric", "NaN") == "00000000c0000000");
  CHECK(hex_of("numeric", "Infinity") == "00000000d0000020");
  CHECK(hex_of("numeric", "0.00") == "0000000000000002");
  CHECK(hex_of("numeric", "100000000000000000000") == "00010005000000000001");
  CHECK(hex_of("text", "héllo") == "68c3a96c6c6f");
  CHECK(hex_of("bytea", "\\x0102") == "0102");
  CHECK(hex_of("date", "2020-02-03") == "00001caa");
  CHECK(hex_of("time", "01:02:03.5") == "00000000ddf019e0");
  CHECK(hex_of("timetz", "01:02:03+05") == "00000000dde878c0ffffb9b0");
  CHECK(hex_of("timestamp", "2020-02-03 04:05:06") == "000240a2cc118080");
  CHECK(hex_of("timestamptz", "2020-02-03 04:05:06") == "000240a6fcf3b480");
  CHECK(hex_of("interval", "1 mon 2 days 3 hours") == "0000000283baec000000000200000001");
  CHECK(hex_of("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11") == "a0eebc999c0b4ef8bb6d6bb9bd380a11");
  CHECK(hex_of("int4[]", "{1,NULL,3}") == "00000001000000010000001700000003000000010000000400000001ffffffff0000000400000003");
  CHECK(hex_of("text[]", "{{a,b},{c,d}}") == "000000020000000000000019000000020000000100000002000000010000000161000000016200000001630000000164");
  CHECK(hex_of("jsonb", "{\"a\":1}") == "017b2261223a20317d");
  CHECK(hex_of("varbit", "10110") == "00000005b0");
  CHECK(hex_of("oid", "4294967295") == "ffffffff");
  CHECK(hex_of("\"char\"", "x") == "78");
  CHECK(hex_of("tid", "(3,4)") == "000000030004");
}

/// "22008 date out of range", or the value as text.
std::string received(std::string_view type, std::string_view hex) {
  const Type t = expectation::type_of(std::string(type));
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  const auto value = receive_binary(t, bytes, expectation::context());
  if (value.ok()) return to_text(t, *value, expectation::context());
  return unpack_sqlstate(static_cast<uint32_t>(error_code(value.status()))) + " " +
         std::string(value.status().message());
}

TEST_CASE("binary values that PostgreSQL refuses are refused", "[types]") {
  constexpr std::string_view kNoUtf8 = "22021 invalid byte sequence for encoding \"UTF8\": ";
  for (const char* type : {"text", "varchar", "bpchar", "name", "json"}) {
    CHECK(received(type, "fffe") == std::string(kNoUtf8) + "0xff");
    CHECK(received(type, "610062") == std::string(kNoUtf8) + "0x00");
  }
  CHECK(received("jsonb", "0122ff22") == std::string(kNoUtf8) + "0xff");
  CHECK(received("jsonb", "0231") == "22P03 unsupported jsonb version number 2");
  CHECK(received("name", std::string(128, '6')) == "42622 identifier too long");
  CHECK(received("bytea", "fffe00") == "\\xfffe00");

  CHECK(received("date", "7ffffffe") == "22008 date out of range");
  CHECK(received("date", "80000001") == "22008 date out of range");
  CHECK(received("date", "7fffffff") == "infinity");
  CHECK(received("time", "7fffffffffffffff") == "22008 time out of range");
  CHECK(received("time", "ffffffffffffffff") == "22008 time out of range");
  CHECK(received("time", "000000141dd76000") == "24:00:00");
  CHECK(received("time", "000000141dd76001") == "22008 time out of range");
  CHECK(received("timetz", "000000141dd7600100000000") == "22008 time out of range");
  CHECK(received("timetz", "00000000000000000000e100") == "22009 time zone displacement out of range");
  CHECK(received("timetz", "00000000000000000000e0ff") == "00:00:00-15:59:59");
  CHECK(received("timestamp", "7ffffffffffffffe") == "22008 timestamp out of range");
  CHECK(received("timestamptz", "8000000000000001") == "22008 timestamp out of range");
  CHECK(received("timestamp", "8000000000000000") == "-infinity");

  CHECK(received("numeric",
                 "0001000012340000"
                 "0001") == "22P03 invalid sign in external \"numeric\" value");
  CHECK(received("numeric",
                 "0001000000004000"
                 "0001") == "22P03 invalid scale in external \"numeric\" value");
  CHECK(received("numeric",
                 "0001000000000000"
                 "2710") == "22P03 invalid digit in external \"numeric\" value");
  CHECK(received("numeric",
                 "0002000000000000"
                 "0001") == "08P01 insufficient data left in message");
  CHECK(received("numeric",
                 "00010000c0000000"
                 "0001") == "NaN");
  CHECK(received("numeric",
                 "0001000000000000"
                 "000100") == "22P03 incorrect binary data format");
  CHECK(received("numeric",
                 "00017fff00000000"
                 "0001")
            .size() == 131069);

  CHECK(received("bool", "02") == "t");
  CHECK(received("bool", "0100") == "22P03 incorrect binary data format");
  CHECK(received("uuid", "00112233") == "08P01 insufficient data left in message");
  CHECK(received("float8", "7ff8") == "08P01 insufficient data left in message");
  CHECK(received("interval", "7fffffffffffffff") == "08P01 insufficient data left in message");
  CHECK(received("varbit", "ffffffff") == "22P03 invalid length in external bit string");
}

TEST_CASE("binary arrays that PostgreSQL refuses are refused", "[types]") {
  CHECK(received("int4[]", "ffffffff0000000000000017") == "22P03 invalid number of dimensions: -1");
  CHECK(received("int4[]", "000000070000000000000017") ==
        "54000 number of array dimensions (7) exceeds the maximum allowed (6)");
  CHECK(received("int4[]", "000000000000000200000017") == "22P03 invalid array flags");
  CHECK(received("int4[]", "000000000000000000000019") ==
        "42804 binary data has array element type 25 (text) instead of expected 23 (integer)");
  const std::string one =
      "000000010000000000000017"
      "0000000100000001";
  CHECK(received("int4[]", one + "0000000400000007") == "{7}");
  CHECK(received("int4[]", one + "0000000300000007") == "08P01 insufficient data left in message");
  CHECK(received("int4[]", one + "0000000500000007") == "22P03 insufficient data left in message");
  CHECK(received("int4[]", one + "000000050000000700") == "22P03 improper binary format in array element 1");
  CHECK(received("int4[]", one + "fffffffe") == "22P03 insufficient data left in message");
  CHECK(received("int4[]",
                 "000000010000000000000017"
                 "000000017fffffff"
                 "ffffffff") == "54000 array lower bound is too large: 2147483647");
  CHECK(received("text[]",
                 "000000010000000000000019"
                 "0000000100000001"
                 "00000001ff") == "22021 invalid byte sequence for encoding \"UTF8\": 0xff");
}

TEST_CASE("intervals are written in every IntervalStyle", "[types]") {
  const auto all = [](const char* text) {
    const Interval v = *parse_interval(text, -1, expectation::context());
    std::string out;
    for (const IntervalStyle style : {IntervalStyle::kPostgres, IntervalStyle::kPostgresVerbose, IntervalStyle::kSqlStandard, IntervalStyle::kIso8601}) {
      format_interval(v, style, &out);
      out += "|";
    }
    return out;
  };
  CHECK(all("1 year 2 mons 3 days 04:05:06.7") == "1 year 2 mons 3 days 04:05:06.7|@ 1 year 2 mons 3 days 4 hours 5 mins 6.7 secs|+1-2 +3 +4:05:06.7|P1Y2M3DT4H5M6.7S|");
  CHECK(all("-1 year 2 days -03:04") == "-1 years +2 days -03:04:00|@ 1 year -2 days 3 hours 4 mins ago|-1-0 +2 -3:04:00|P-1Y2DT-3H-4M|");
  CHECK(all("0") == "00:00:00|@ 0|0|PT0S|");
  CHECK(all("3 days") == "3 days|@ 3 days|3 0:00:00|P3D|");
  CHECK(all("-00:00:00.5") == "-00:00:00.5|@ 0.5 secs ago|-0:00:00.5|PT-0.5S|");
  CHECK(all("14 mons") == "1 year 2 mons|@ 1 year 2 mons|1-2|P1Y2M|");
  CHECK(all("1 day -00:00:01") == "1 day -00:00:01|@ 1 day -1 sec|+0-0 +1 -0:00:01|P1DT-1S|");
  CHECK(all("-2 days") == "-2 days|@ 2 days ago|-2 0:00:00|P-2D|");
  CHECK(all("04:05:06") == "04:05:06|@ 4 hours 5 mins 6 secs|4:05:06|PT4H5M6S|");
  CHECK(all("1 mon 1 sec") == "1 mon 00:00:01|@ 1 mon 1 sec|+0-1 +0 +0:00:01|P1MT1S|");
}

TEST_CASE("dates are written in every DateStyle", "[types]") {
  const auto all = [](const char* text) {
    SessionSettings settings = expectation::context().session();
    const int64_t v = *parse_timestamptz(text, expectation::context());
    std::string out;
    for (const DateOutput output : {DateOutput::kIso, DateOutput::kSql, DateOutput::kPostgres, DateOutput::kGerman}) {
      for (const DateOrder order : {DateOrder::kMdy, DateOrder::kDmy}) {
        settings.date_output = output;
        settings.date_order = order;
        format_timestamptz(v, settings, &out);
        out += "|";
      }
    }
    return out;
  };
  CHECK(all("2020-07-04 05:06:07.5") == "2020-07-04 05:06:07.5-04|2020-07-04 05:06:07.5-04|07/04/2020 05:06:07.5 EDT|04/07/2020 05:06:07.5 EDT|Sat Jul 04 05:06:07.5 2020 EDT|Sat 04 Jul 05:06:07.5 2020 EDT|04.07.2020 05:06:07.5 EDT|04.07.2020 05:06:07.5 EDT|");
  CHECK(all("0044-03-15 12:00 BC") == "0044-03-15 12:00:00-04:56:02 BC|0044-03-15 12:00:00-04:56:02 BC|03/15/0044 12:00:00 LMT BC|15/03/0044 12:00:00 LMT BC|Fri Mar 15 12:00:00 0044 LMT BC|Fri 15 Mar 12:00:00 0044 LMT BC|15.03.0044 12:00:00 LMT BC|15.03.0044 12:00:00 LMT BC|");
}

}  // namespace
}  // namespace troupe
