#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "runtime/protocol/copy_reader.hpp"
#include "runtime/protocol/copy_writer.hpp"

namespace troupe {
namespace {

using namespace std::string_literals;
using Rows = std::vector<std::vector<std::string>>;

const std::vector<std::string> kColumns{"a", "b"};

CopyOptions options(std::vector<CopyOptionText> texts, CopyDirection direction = CopyDirection::kFrom,
                    const std::vector<std::string>& columns = kColumns) {
  auto made = make_copy_options(texts, direction, columns);
  REQUIRE(made.ok());
  return *made;
}
CopyOptions csv(std::vector<CopyOptionText> more = {}) {
  more.push_back({.name = "format", .value = "csv"});
  return options(more);
}

struct Outcome {
  Rows rows;
  std::string error;
  std::string where;
};

/// Feeds `data` in pieces of `piece` bytes; NULL reads as "<null>".
Outcome read(const CopyOptions& with, std::string_view data, size_t piece, const std::vector<std::string>& columns) {
  auto reader = CopyReader::make(with, {"t", columns});
  Outcome outcome;
  for (size_t at = 0;;) {
    const CopyRead got = reader->next_row();
    if (got == CopyRead::kEnd) break;
    if (got == CopyRead::kError) {
      outcome.error = std::string(reader->error().message());
      outcome.where = error_fields(reader->error()).where;
      break;
    }
    if (got == CopyRead::kRow) {
      outcome.rows.emplace_back();
      for (const CopyField& field : reader->row()) outcome.rows.back().emplace_back(field.value_or("<null>"));
      if (reader->row().size() == columns.size()) continue;
      outcome.rows.pop_back();
      outcome.error = std::string(reader->missing_data().message());
      outcome.where = error_fields(reader->missing_data()).where;
      break;
    }
    if (at >= data.size()) {
      reader->finish();
    } else {
      reader->feed(data.substr(at, piece));
      at += piece;
    }
  }
  return outcome;
}

/// The outcome, which must not depend on the pieces.
Outcome read_all(const CopyOptions& with, std::string_view data, const std::vector<std::string>& columns = kColumns) {
  const Outcome whole = read(with, data, data.size() + 1, columns);
  for (size_t piece = 1; piece < std::min<size_t>(data.size() + 1, 40); ++piece) {
    INFO("pieces of " << piece);
    const Outcome pieces = read(with, data, piece, columns);
    CHECK(pieces.rows == whole.rows);
    CHECK(pieces.error == whole.error);
    CHECK(pieces.where == whole.where);
  }
  return whole;
}

}  // namespace

TEST_CASE("text rows are split, unescaped and NULL is told from text", "[copy]") {
  const auto got = read_all(options({}), "1\tone\n2\t\\N\n\\\\N\ta\\tb\\nc\\x41\\101\\q\n\t\n");
  CHECK(got.error == "");
  CHECK(got.rows == Rows{{"1", "one"}, {"2", "<null>"}, {"\\N", "a\tb\ncAAq"}, {"", ""}});
}

TEST_CASE("a backslash keeps delimiters and line ends in the data", "[copy]") {
  CHECK(read_all(options({}), "a\\\tb\tc\\\nd\n").rows == Rows{{"a\tb", "c\nd"}});
}

TEST_CASE("the last line needs no end", "[copy]") {
  CHECK(read_all(options({}), "1\t2\n3\t4").rows == Rows{{"1", "2"}, {"3", "4"}});
}

TEST_CASE("line ends may be CRLF or CR, but only one kind", "[copy]") {
  CHECK(read_all(options({}), "1\t2\r\n3\t4\r\n").rows == Rows{{"1", "2"}, {"3", "4"}});
  CHECK(read_all(options({}), "1\t2\r3\t4\r").rows == Rows{{"1", "2"}, {"3", "4"}});
  CHECK(read_all(options({}), "1\t2\n3\t4\r\n").error == "literal carriage return found in data");
  CHECK(read_all(options({}), "1\t2\r\n3\t4\n").error == "literal newline found in data");
  CHECK(read_all(csv(), "1,2\r\n3,4\n").error == "unquoted newline found in data");
}

TEST_CASE("the end marker ends the data and what follows is ignored", "[copy]") {
  CHECK(read_all(options({}), "1\t2\n\\.\n3\n").rows == Rows{{"1", "2"}});
  CHECK(read_all(csv(), "1,2\n\\.\n3\n").rows == Rows{{"1", "2"}});
  CHECK(read_all(options({}), "1\t2\n\\.x\n").error == "end-of-copy marker corrupt");
  CHECK(read_all(csv(), "\\.x,2\n").rows == Rows{{"\\.x", "2"}});
}

TEST_CASE("a row with too few or too many fields is refused with its line", "[copy]") {
  const auto few = read_all(options({}), "1\t2\n3\n");
  CHECK(few.error == "missing data for column \"b\"");
  CHECK(few.where == "COPY t, line 2: \"3\"");
  CHECK(read_all(options({}), "1\t2\t3\n").error == "extra data after last expected column");
  CHECK(read_all(csv(), "1\n").error == "missing data for column \"b\"");
}

TEST_CASE("csv quotes hold delimiters, quotes and line ends", "[copy]") {
  const auto got = read_all(csv(), "\"a,b\",\"say \"\"hi\"\"\"\n\"two\nlines\",x\"y\"z\n,\"\"\n");
  CHECK(got.error == "");
  CHECK(got.rows == Rows{{"a,b", "say \"hi\""}, {"two\nlines", "xyz"}, {"<null>", ""}});
  CHECK(read_all(csv(), "\"a,b\n").error == "unterminated CSV quoted field");
}

TEST_CASE("csv counts lines inside quotes", "[copy]") {
  CHECK(read_all(csv(), "a,b\n\"1\n2\",b\nx\n").where == "COPY t, line 4: \"x\"");
}

TEST_CASE("csv with an escape of its own", "[copy]") {
  CHECK(read_all(csv({{.name = "escape", .value = "\\"}}), "\"a\\\"b\",\"c\\\\\"\n").rows == Rows{{"a\"b", "c\\"}});
}

TEST_CASE("FORCE_NULL and FORCE_NOT_NULL change what an empty field means", "[copy]") {
  const auto with = csv({{.name = "force_null", .columns = {"a"}}, {.name = "force_not_null", .columns = {"b"}}});
  CHECK(read_all(with, "\"\",\n").rows == Rows{{"<null>", ""}});
}

TEST_CASE("a header line is skipped, or must match", "[copy]") {
  CHECK(read_all(csv({{.name = "header"}}), "x,y\n1,2\n").rows == Rows{{"1", "2"}});
  const auto match = csv({{.name = "header", .value = "match"}});
  CHECK(read_all(match, "a,b\n1,2\n").rows == Rows{{"1", "2"}});
  CHECK(read_all(match, "a,c\n").error == "column name mismatch in header line field 2: got \"c\", expected \"b\"");
  CHECK(read_all(match, "a\n").error == "wrong number of fields in header line: got 1, expected 2");
  CHECK(read_all(match, "").where == "COPY t, line 1: \"\"");
  CHECK(read_all(match, "a,\n").error ==
        "column name mismatch in header line field 2: got null value (\"\"), expected \"b\"");
}

TEST_CASE("text that is not UTF-8 is refused", "[copy]") {
  const auto got = read_all(options({}), "1\t\xFF\n");
  CHECK(got.error == "invalid byte sequence for encoding \"UTF8\": 0xff");
  CHECK(got.where == "COPY t, line 1");
  CHECK(read_all(options({}), "1\t\\xff\n").error == "invalid byte sequence for encoding \"UTF8\": 0xff");
  CHECK(read_all(options({}), "1\t\\0\n").error == "invalid byte sequence for encoding \"UTF8\": 0x00");
}

TEST_CASE("a value that its type refuses is shown with its column", "[copy]") {
  auto reader = CopyReader::make(options({}), {"t", kColumns});
  const std::string data = "1\t" + std::string(200, 'x') + "\n";
  reader->feed(data);
  REQUIRE(reader->next_row() == CopyRead::kRow);
  const auto bad = error(ErrorCode::kInvalidTextRepresentation, "invalid input");
  CHECK(error_fields(reader->with_row_context(bad, 0)).where == "COPY t, line 1, column a: \"1\"");
  CHECK(error_fields(reader->with_row_context(bad, 1)).where ==
        "COPY t, line 1, column b: \"" + std::string(100, 'x') + "...\"");
}

TEST_CASE("binary rows are read whatever the pieces", "[copy]") {
  const auto binary = options({{.name = "format", .value = "binary"}});
  const std::string header = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"s;
  const std::string row = "\0\2\0\0\0\4\0\0\0\7\xFF\xFF\xFF\xFF"s;
  const std::string second = "\0\2\0\0\0\1x\0\0\0\0"s;
  CHECK(read_all(binary, header + row + second + "\xFF\xFF").rows == Rows{{"\0\0\0\7"s, "<null>"}, {"x", ""}});
  CHECK(read_all(binary, header + row).rows.size() == 1);
  CHECK(read_all(binary, header + "\0\3"s).error == "row field count is 3, expected 2");
  CHECK(read_all(binary, header + row + "\0"s).error == "unexpected EOF in COPY data");
  CHECK(read_all(binary, "PGCOPX\n").error == "COPY file signature not recognized");
  CHECK(read_all(binary, header + "\xFF\xFF" + "x").error == "received copy data after EOF marker");
}

TEST_CASE("options that do not go together are refused in PostgreSQL's words", "[copy]") {
  const auto refused = [](std::vector<CopyOptionText> texts, CopyDirection direction = CopyDirection::kFrom) {
    return std::string(make_copy_options(texts, direction, kColumns).status().message());
  };
  const CopyOptionText as_csv{.name = "format", .value = "csv"};
  CHECK(refused({{.name = "format", .value = "xml"}}) == "COPY format \"xml\" not recognized");
  CHECK(refused({{.name = "delimiter", .value = "ab"}}) == "COPY delimiter must be a single one-byte character");
  CHECK(refused({{.name = "delimiter", .value = "x"}}) == "COPY delimiter cannot be \"x\"");
  CHECK(refused({{.name = "quote", .value = "'"}}) == "COPY quote available only in CSV mode");
  CHECK(refused({as_csv, {.name = "quote", .value = ","}}) == "COPY delimiter and quote must be different");
  CHECK(refused({as_csv, {.name = "null", .value = "a,b"}}) ==
        "COPY delimiter must not appear in the NULL specification");
  CHECK(refused({as_csv, as_csv}) == "conflicting or redundant options");
  CHECK(refused({as_csv, {.name = "force_quote", .all_columns = true}}) ==
        "COPY force quote only available using COPY TO");
  CHECK(refused({as_csv, {.name = "force_null", .columns = {"z"}}}) ==
        "FORCE_NULL column \"z\" not referenced by COPY");
  CHECK(refused({{.name = "header", .value = "match"}}, CopyDirection::kTo) ==
        "cannot use \"match\" with HEADER in COPY TO");
}

TEST_CASE("what is copied out reads back the same", "[copy]") {
  const Rows rows{
      {"1", "plain"}, {"a\tb\\c\nd\re", "<null>"}, {"", "quote \" comma ,"}, {"\\.", "\\N"}, {"\b\f\v", "x"}};
  for (const char* format : {"text", "csv", "binary"}) {
    for (const bool header : {false, true}) {
      if (header && std::string_view(format) == "binary") continue;
      INFO(format << " header " << header);
      std::vector<CopyOptionText> texts{{.name = "format", .value = format}};
      if (header) texts.push_back({.name = "header"});
      CopyWriter writer(options(texts, CopyDirection::kTo), kColumns);
      BackendWriter out;
      writer.begin(&out);
      for (const auto& row : rows) {
        writer.begin_row(&out);
        for (const auto& value : row) value == "<null>" ? writer.null_field() : writer.field(value);
        writer.end_row();
      }
      writer.finish(&out);
      std::string data;
      for (std::string_view rest = out.pending(); !rest.empty();) {
        const size_t size = wire::load_u32(rest.data() + 1) + 1;
        data += rest.substr(5, size - 5);
        rest.remove_prefix(size);
      }
      CHECK(read_all(options(texts), data).rows == rows);
    }
  }
}

TEST_CASE("csv quotes what would read as something else", "[copy]") {
  const std::vector<std::string> one{"a"};
  CopyWriter writer(options({{.name = "format", .value = "csv"}, {.name = "force_quote", .all_columns = true}},
                            CopyDirection::kTo, one),
                    one);
  CopyWriter plain(options({{.name = "format", .value = "csv"}}, CopyDirection::kTo, one), one);
  BackendWriter out;
  for (auto* each : {&writer, &plain}) {
    each->begin_row(&out);
    each->field("x");
    each->end_row();
  }
  for (const char* value : {"", "\\."}) {
    plain.begin_row(&out);
    plain.field(value);
    plain.end_row();
  }
  CHECK(std::string(out.pending()) == "d\0\0\0\x08\"x\"\nd\0\0\0\x06x\nd\0\0\0\x07\"\"\nd\0\0\0\x09\"\\.\"\n"s);
}

}  // namespace troupe
