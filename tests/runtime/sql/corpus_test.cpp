// What real clients and public test suites send, when the captures lie beside the checkout (../shared).
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "runtime/sql/parser.hpp"
#include "runtime/sql/scanner.hpp"

namespace troupe::sql {
namespace {

namespace fs = std::filesystem;

fs::path shared_folder() {
  return fs::path(__FILE__).parent_path().parent_path().parent_path().parent_path().parent_path() / "shared";
}

std::string read(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> files_below(const fs::path& folder, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Pieces between top-level semicolons, by tokens alone.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> pieces;
  Scanner scanner(text);
  uint32_t begin = 0;
  for (;;) {
    const Token token = scanner.next();
    const bool end = token.kind == TokenKind::kEnd || token.kind == TokenKind::kError;
    if (end || token.kind == TokenKind::kSemicolon) {
      pieces.push_back(text.substr(begin, token.begin - begin));
      begin = token.end;
    }
    if (end) return pieces;
  }
}

struct Tally {
  int parsed = 0;
  std::vector<std::string> refused;

  void add(const std::string& text) {
    if (parse_sql(text).ok()) {
      ++parsed;
    } else {
      refused.push_back(text);
    }
  }
};

TEST_CASE("what real clients send parses", "[corpus]") {
  const fs::path folder = shared_folder() / "clients";
  if (!fs::exists(folder)) {
    WARN("no captures beside the checkout: skipped");
    return;
  }
  Tally tally;
  for (const fs::path& file : files_below(folder, ".sql")) {
    for (const std::string& statement : split(read(file))) tally.add(statement);
  }
  CHECK(tally.parsed > 1'000);
  // Replication commands and statements that clients got wrong on purpose; PostgreSQL refuses the same ones.
  CHECK(tally.refused.size() * 50 < static_cast<size_t>(tally.parsed));
}

TEST_CASE("the sqllogictest sample parses", "[corpus]") {
  const fs::path folder = shared_folder() / "sqltests" / "sqllogictest";
  if (!fs::exists(folder)) {
    WARN("no sqllogictest beside the checkout: skipped");
    return;
  }
  Tally tally;
  for (const fs::path& file : files_below(folder, ".test")) {
    std::ifstream in(file);
    std::string line;
    const auto next_line = [&] {
      if (!std::getline(in, line)) return false;
      if (line.ends_with('\r')) line.pop_back();
      return true;
    };
    while (next_line()) {
      if (!line.starts_with("statement ok") && !line.starts_with("query")) continue;
      std::string statement;
      while (next_line() && !line.empty() && line != "----") statement += line + "\n";
      tally.add(statement);
    }
  }
  CHECK(tally.parsed > 100'000);
  // Other systems' dialects (a DIV b, CAST(x AS SIGNED), …) that PostgreSQL refuses too.
  CHECK(tally.refused.size() * 20 < static_cast<size_t>(tally.parsed));
}

}  // namespace
}  // namespace troupe::sql
