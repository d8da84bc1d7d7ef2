#include <catch2/catch.hpp>

#include <limits>
#include <string>

#include "runtime/protocol/backend_writer.hpp"

namespace troupe {
namespace {

using namespace std::string_literals;

std::string written(const BackendWriter& writer) { return std::string(writer.pending()); }

}  // namespace

TEST_CASE("a row holds text, NULL and binary fields with their lengths", "[protocol]") {
  BackendWriter writer;
  writer.begin_row(5);
  writer.int_field(-42);
  writer.null_field();
  writer.field("ab");
  writer.int4_binary_field(1);
  char* at = writer.begin_field(10);
  at[0] = 'z';
  writer.end_field(1);
  writer.end_row();
  CHECK(written(writer) ==
        "D\0\0\0\x24\0\x05"
        "\0\0\0\x03-42\xFF\xFF\xFF\xFF\0\0\0\x02"
        "ab\0\0\0\x04\0\0\0\x01\0\0\0\x01z"s);
}

TEST_CASE("a row that fails half way leaves nothing", "[protocol]") {
  BackendWriter writer;
  writer.parse_complete();
  writer.begin_row(2);
  writer.field(std::string(100'000, 'x'));
  writer.abandon_row();
  CHECK(written(writer) == "1\0\0\0\x04"s);
}

TEST_CASE("the smallest bigint is written", "[protocol]") {
  BackendWriter writer;
  writer.begin_row(1);
  writer.int_field(std::numeric_limits<int64_t>::min());
  writer.end_row();
  CHECK(written(writer) == "D\0\0\0\x1E\0\x01\0\0\0\x14-9223372036854775808"s);
}

TEST_CASE("an error carries every field that is known", "[protocol]") {
  BackendWriter writer;
  ErrorFields fields;
  fields.code = ErrorCode::kUniqueViolation;
  fields.message = "duplicate key";
  fields.detail = "Key (id)=(1) already exists.";
  fields.position = 7;
  fields.table = "t";
  fields.constraint = "t_pkey";
  writer.error_response(fields);
  const std::string body =
      "SERROR\0VERROR\0C23505\0Mduplicate key\0DKey (id)=(1) already exists.\0P7\0tt\0nt_pkey\0\0"s;
  CHECK(written(writer) == "E\0\0\0"s + static_cast<char>(body.size() + 4) + body);
}

TEST_CASE("a column is described with its type and origin", "[protocol]") {
  BackendWriter writer;
  const ColumnDescriptor column{.name = "id", .table = 258, .attribute = 3, .type = 23, .type_length = 4};
  writer.row_description({&column, 1});
  CHECK(written(writer) == "T\0\0\0\x1B\0\x01id\0\0\0\x01\x02\0\x03\0\0\0\x17\0\x04\xFF\xFF\xFF\xFF\0\0"s);
}

TEST_CASE("the start of a connection is spoken", "[protocol]") {
  BackendWriter writer;
  writer.ssl_response(false);
  writer.authentication_ok();
  const std::string_view mechanism = "SCRAM-SHA-256";
  writer.authentication_sasl({&mechanism, 1});
  writer.parameter_status("client_encoding", "UTF8");
  writer.backend_key_data(1, 2);
  writer.ready_for_query(TransactionStatus::kIdle);
  CHECK(written(writer) ==
        "NR\0\0\0\x08\0\0\0\0R\0\0\0\x17\0\0\0\x0ASCRAM-SHA-256\0\0S\0\0\0\x19"
        "client_encoding\0UTF8\0K\0\0\0\x0C\0\0\0\x01\0\0\0\x02Z\0\0\0\x05I"s);
}

TEST_CASE("a tag with a count is completed without a string", "[protocol]") {
  BackendWriter writer;
  writer.command_complete("INSERT 0 ", 5);
  CHECK(written(writer) == "C\0\0\0\x0FINSERT 0 5\0"s);
}

TEST_CASE("what is taken away to be written stays while more is built", "[protocol]") {
  BackendWriter writer(1000);
  writer.copy_data(std::string(2000, 'a'));
  CHECK(writer.over_high_water());
  OutputChunk chunk = writer.take();
  CHECK_FALSE(writer.over_high_water());
  writer.command_complete("COPY 1");
  CHECK(chunk.view().substr(5) == std::string(2000, 'a'));
  CHECK(written(writer) == "C\0\0\0\x0B"s + "COPY 1\0"s);
  writer.recycle(std::move(chunk));
}

TEST_CASE("a partial write leaves the rest and an idle writer keeps no memory", "[protocol]") {
  BackendWriter writer;
  writer.command_complete("BEGIN");
  writer.consume(3);
  writer.ready_for_query(TransactionStatus::kInTransaction);
  CHECK(written(writer) == "\0\x0A"s + "BEGIN\0Z\0\0\0\x05T"s);
  writer.consume(writer.pending().size());
  writer.trim();
  CHECK(writer.memory_bytes() < 256);
}

}  // namespace troupe
