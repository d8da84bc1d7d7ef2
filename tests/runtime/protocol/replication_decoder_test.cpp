#include "runtime/protocol/replication_decoder.hpp"

#include <catch2/catch.hpp>

namespace troupe::replication {
namespace {

/// Hand-made bytes: big-endian numbers, text with its NUL.
class Bytes {
 public:
  Bytes& c(char value) {
    text_ += value;
    return *this;
  }
  Bytes& u16(uint16_t value) { return number(value, 2); }
  Bytes& u32(uint32_t value) { return number(value, 4); }
  Bytes& u64(uint64_t value) { return number(value, 8); }
  Bytes& text(std::string_view value) {
    text_ += value;
    text_ += '\0';
    return *this;
  }
  Bytes& value(char kind, std::string_view bytes) {
    c(kind).u32(static_cast<uint32_t>(bytes.size()));
    text_ += bytes;
    return *this;
  }
  const std::string& str() const { return text_; }

 private:
  Bytes& number(uint64_t value, int size) {
    for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) text_ += static_cast<char>(value >> shift);
    return *this;
  }
  std::string text_;
};

template <typename Wanted>
Wanted decoded(const Bytes& bytes) {
  auto message = decode_message(bytes.str());
  REQUIRE(message.ok());
  REQUIRE(std::holds_alternative<Wanted>(*message));
  return std::get<Wanted>(*message);
}

Bytes begin() { return Bytes().c('B').u64(0x1'0000'0010).u64(5'000'000).u32(731); }
Bytes commit() { return Bytes().c('C').c('\0').u64(16).u64(24).u64(5'000'000); }
Bytes relation() {
  return Bytes()
      .c('R')
      .u32(16384)
      .text("public")
      .text("orders")
      .c('d')
      .u16(2)
      .c('\1')
      .text("id")
      .u32(23)
      .u32(0xFFFFFFFF)
      .c('\0')
      .text("what")
      .u32(25)
      .u32(7);
}
Bytes insert() { return Bytes().c('I').u32(16384).c('N').u16(2).value('t', "1").c('n'); }
Bytes update() {
  return Bytes()
      .c('U')
      .u32(16384)
      .c('K')
      .u16(2)
      .value('t', "1")
      .c('n')
      .c('N')
      .u16(2)
      .value('b', std::string("\0\2", 2))
      .c('u');
}
Bytes erase() { return Bytes().c('D').u32(16384).c('O').u16(2).value('t', "1").value('t', ""); }
Bytes truncate() { return Bytes().c('T').u32(2).c('\2').u32(16384).u32(16390); }

TEST_CASE("transactions are told with their places and times", "[replication]") {
  const auto first = decoded<BeginMessage>(begin());
  CHECK(first.final_lsn == 0x1'0000'0010);
  CHECK(first.committed_at_us == 946'684'805'000'000);  // five seconds into 2000
  CHECK(first.xid == 731);
  const auto last = decoded<CommitMessage>(commit());
  CHECK(last.commit_lsn == 16);
  CHECK(last.end_lsn == 24);
}

TEST_CASE("a relation is told with its columns", "[replication]") {
  const auto told = decoded<RelationMessage>(relation());
  CHECK(told.relation == 16384);
  CHECK(told.schema == "public");
  CHECK(told.name == "orders");
  CHECK(told.identity == 'd');
  REQUIRE(told.columns.size() == 2);
  CHECK(told.columns[0].key);
  CHECK(told.columns[0].name == "id");
  CHECK(told.columns[0].typmod == -1);
  CHECK_FALSE(told.columns[1].key);
  CHECK(told.columns[1].type == 25);
  CHECK(told.columns[1].typmod == 7);
}

TEST_CASE("the schema of the system has no name", "[replication]") {
  const auto told = decoded<RelationMessage>(Bytes().c('R').u32(1).text("").text("t").c('n').u16(0));
  CHECK(told.schema == "pg_catalog");
}

TEST_CASE("rows are told as text, binary, null or not at all", "[replication]") {
  const Bytes inserted_bytes = insert();  // what is decoded are views into it
  const auto inserted = decoded<InsertMessage>(inserted_bytes);
  REQUIRE(inserted.after.size() == 2);
  CHECK(inserted.after[0].kind == TupleValue::Kind::kText);
  CHECK(inserted.after[0].bytes == "1");
  CHECK(inserted.after[1].kind == TupleValue::Kind::kNull);

  const Bytes updated_bytes = update();
  const auto updated = decoded<UpdateMessage>(updated_bytes);
  CHECK(updated.before_kind == 'K');
  CHECK(updated.before[0].bytes == "1");
  CHECK(updated.after[0].kind == TupleValue::Kind::kBinary);
  CHECK(updated.after[0].bytes == std::string_view("\0\2", 2));
  CHECK(updated.after[1].unchanged());

  const auto same_key = decoded<UpdateMessage>(Bytes().c('U').u32(1).c('N').u16(1).c('n'));
  CHECK(same_key.before_kind == 0);
  CHECK(same_key.before.empty());

  const Bytes erased_bytes = erase();
  const auto erased = decoded<DeleteMessage>(erased_bytes);
  CHECK(erased.before_kind == 'O');
  CHECK(erased.before[1].kind == TupleValue::Kind::kText);
  CHECK(erased.before[1].bytes.empty());
}

TEST_CASE("a truncation names all its tables", "[replication]") {
  const auto told = decoded<TruncateMessage>(truncate());
  CHECK(told.relations == std::vector<Oid>{16384, 16390});
  CHECK(told.restart_identity);
  CHECK_FALSE(told.cascade);
}

TEST_CASE("what only others need is passed over", "[replication]") {
  CHECK(decoded<OtherMessage>(Bytes().c('Y').u32(1).text("s").text("t")).type == 'Y');
  CHECK(decoded<OtherMessage>(Bytes().c('O').u64(1).text("origin")).type == 'O');
}

TEST_CASE("a message that is cut off anywhere, or too long, is an error", "[replication]") {
  for (const Bytes& whole : {begin(), commit(), relation(), insert(), update(), erase(), truncate()}) {
    CHECK(decode_message(whole.str()).ok());
    for (size_t size = 0; size < whole.str().size(); ++size) {
      INFO(whole.str()[0] << " cut at " << size);
      const auto cut = decode_message(std::string_view(whole.str()).substr(0, size));
      REQUIRE_FALSE(cut.ok());
      CHECK(error_code(cut.status()) == ErrorCode::kProtocolViolation);
    }
    CHECK_FALSE(decode_message(whole.str() + "x").ok());
  }
}

TEST_CASE("what makes no sense inside a message is an error", "[replication]") {
  CHECK_FALSE(decode_message("S").ok());                                               // a stream, not asked for
  CHECK_FALSE(decode_message(Bytes().c('I').u32(1).c('X').u16(0).str()).ok());         // no new row
  CHECK_FALSE(decode_message(Bytes().c('D').u32(1).c('N').u16(0).str()).ok());         // no old one
  CHECK_FALSE(decode_message(Bytes().c('I').u32(1).c('N').u16(1).c('z').str()).ok());  // no such kind of value
  CHECK_FALSE(decode_message(Bytes().c('I').u32(1).c('N').u16(1).c('t').u32(0xFFFFFFFF).str()).ok());
  CHECK_FALSE(decode_message(Bytes().c('R').u32(1).c('s').c('x').str()).ok());  // no end of the schema
  CHECK_FALSE(decode_message(Bytes().c('T').u32(0xFFFFFFFF).c('\0').u32(1).str()).ok());
}

TEST_CASE("frames carry messages and say how far the publisher is", "[replication]") {
  const std::string data = Bytes().c('w').u64(16).u64(32).u64(1).str() + "message";
  const auto frame = decode_frame(data);
  REQUIRE(frame.ok());
  const auto& carried = std::get<DataFrame>(*frame);
  CHECK(carried.start_lsn == 16);
  CHECK(carried.end_lsn == 32);
  CHECK(carried.message == "message");
  const auto alive = decode_frame(Bytes().c('k').u64(48).u64(1).c('\1').str());
  REQUIRE(alive.ok());
  CHECK(std::get<Keepalive>(*alive).end_lsn == 48);
  CHECK(std::get<Keepalive>(*alive).reply_wanted);
  for (size_t size = 0; size < 25; ++size) CHECK_FALSE(decode_frame(std::string_view(data).substr(0, size)).ok());
  CHECK_FALSE(decode_frame("z").ok());
}

TEST_CASE("what a subscriber confirms is read by a publisher", "[replication]") {
  std::string bytes;
  append_standby_status({.written = 48, .flushed = 32, .applied = 16, .reply_wanted = true}, 946'684'801'000'000,
                        &bytes);
  bool malformed = false;
  const auto read = parse_standby_status(bytes, &malformed);
  REQUIRE(read.has_value());
  CHECK(read->written == 48);
  CHECK(read->flushed == 32);
  CHECK(read->applied == 16);
  CHECK(read->reply_wanted);
}

}  // namespace
}  // namespace troupe::replication
