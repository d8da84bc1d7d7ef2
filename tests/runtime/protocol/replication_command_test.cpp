#include "runtime/protocol/replication_command.hpp"

#include <catch2/catch.hpp>

#include "runtime/protocol/replication_codec.hpp"

namespace troupe {
namespace {

template <typename Command>
Command parsed(std::string_view text) {
  auto command = parse_replication_command(text);
  INFO(text);
  REQUIRE(command.ok());
  REQUIRE(std::holds_alternative<Command>(*command));
  return std::get<Command>(*command);
}

TEST_CASE("a replication command is told by its first word", "[replication]") {
  CHECK(is_replication_command("IDENTIFY_SYSTEM"));
  CHECK(is_replication_command("  START_REPLICATION SLOT s LOGICAL 0/0"));
  CHECK(!is_replication_command("SHOW server_version"));
  CHECK(!is_replication_command("identify_system"));
  CHECK(!is_replication_command(""));
}

TEST_CASE("slots are made with the old words and the new options", "[replication]") {
  const auto old =
      parsed<CreateSlotCommand>("CREATE_REPLICATION_SLOT \"a\"\"b\" TEMPORARY LOGICAL pgoutput USE_SNAPSHOT");
  CHECK(old.slot == "a\"b");
  CHECK(old.temporary);
  CHECK(old.options == ReplicationOptions{{"snapshot", "use"}});
  const auto made =
      parsed<CreateSlotCommand>("CREATE_REPLICATION_SLOT S LOGICAL PGOUTPUT (SNAPSHOT 'nothing', TWO_PHASE);");
  CHECK(made.slot == "s");
  CHECK(made.plugin == "pgoutput");
  CHECK(made.options == ReplicationOptions{{"snapshot", "nothing"}, {"two_phase", ""}});
}

TEST_CASE("a stream is started with its options", "[replication]") {
  const auto start = parsed<StartReplicationCommand>(
      "START_REPLICATION SLOT \"s\" LOGICAL 1/A0 (proto_version '2', publication_names '\"p\",\"it''s\"', \"binary\" "
      "'true')");
  CHECK(start.slot == "s");
  CHECK(start.logical);
  CHECK(start.lsn == 0x1'0000'00A0);
  CHECK(start.options ==
        ReplicationOptions{{"proto_version", "2"}, {"publication_names", "\"p\",\"it's\""}, {"binary", "true"}});
  CHECK(!parsed<StartReplicationCommand>("START_REPLICATION 0/1 TIMELINE 1").logical);
  CHECK(parsed<DropSlotCommand>("DROP_REPLICATION_SLOT s WAIT").wait);
}

TEST_CASE("what is no command is a syntax error", "[replication]") {
  for (const std::string_view text :
       {"CREATE_REPLICATION_SLOT", "CREATE_REPLICATION_SLOT s", "DROP_REPLICATION_SLOT s x",
        "START_REPLICATION SLOT s LOGICAL 0", "START_REPLICATION SLOT s LOGICAL /1",
        "START_REPLICATION SLOT s LOGICAL 123456789/0", "START_REPLICATION SLOT 's' LOGICAL 0/0",
        "START_REPLICATION SLOT s LOGICAL 0/0 (a 'b'", "START_REPLICATION SLOT \"s LOGICAL 0/0"}) {
    INFO(text);
    CHECK(error_code(parse_replication_command(text).status()) == ErrorCode::kSyntaxError);
  }
}

TEST_CASE("a standby's status is read, and nothing else taken for one", "[replication]") {
  bool malformed = false;
  std::string status = "r";
  for (const char last : {1, 2, 3, 4}) status += std::string(7, '\0') + last;
  CHECK(!replication::parse_standby_status(status, &malformed));
  CHECK(malformed);
  status.push_back('\1');
  const auto read = replication::parse_standby_status(status, &malformed);
  REQUIRE(read);
  CHECK((read->written == 1 && read->flushed == 2 && read->applied == 3 && read->reply_wanted));
  CHECK(!replication::parse_standby_status("h and more", &malformed));
  CHECK(!malformed);
  CHECK(!replication::parse_standby_status("x", &malformed));
  CHECK(malformed);
}

TEST_CASE("messages are laid out as the protocol says", "[replication]") {
  std::string begin;
  replication::append_begin({0x10, 946'684'800'000'001, 7}, &begin);
  CHECK(begin == std::string("B\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\1\0\0\0\7", 21));
  std::string tuple;
  replication::TupleWriter writer(2, &tuple);
  writer.null();
  writer.begin(false);
  tuple += "ab";
  writer.end();
  std::string update;
  replication::append_update(9, 'K', tuple, tuple, &update);
  CHECK(update == std::string("U\0\0\0\11K", 6) + tuple + "N" + tuple);
  CHECK(tuple == std::string("\0\2nt\0\0\0\2ab", 10));
}

}  // namespace
}  // namespace troupe
