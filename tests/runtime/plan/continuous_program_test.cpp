#include "runtime/plan/continuous_program.hpp"

#include "plan_fixture.hpp"

namespace troupe {
namespace {

class ViewFixture : public BankFixture {
 public:
  absl::StatusOr<std::shared_ptr<ContinuousProgram>> make(const std::string& query) {
    reset_context();
    return ContinuousProgram::make(query, kBootstrapRole, 99999, context_);
  }
  /// The kinds of its stages: r(ows), s(ums), k(eys), w(hole).
  std::string stages_of(const std::string& query) {
    const auto program = make(query);
    INFO(query);
    INFO(error_fields(program.status()).message);
    REQUIRE(program.ok());
    std::string kinds;
    for (const auto& stage : (*program)->stages()) {
      constexpr char kKinds[] = {'r', 's', 'k'};
      kinds += stage->is_whole() ? 'w' : kKinds[static_cast<size_t>(stage->kind())];
    }
    return kinds;
  }
  std::string reason(const std::string& query) {
    const auto program = make(query);
    INFO(query);
    REQUIRE_FALSE(program.ok());
    CHECK(error_code(program.status()) == ErrorCode::kFeatureNotSupported);
    return error_fields(program.status()).message;
  }
};

TEST_CASE_METHOD(ViewFixture, "what is simple is one stage", "[continuous]") {
  CHECK(stages_of("SELECT aid FROM public.accounts WHERE abalance > 0") == "r");
  CHECK(stages_of("SELECT b.bid, count(*) FROM public.accounts a JOIN public.branches b USING (bid) GROUP BY b.bid") ==
        "s");
  CHECK(stages_of("SELECT bid, max(abalance) FROM public.accounts GROUP BY 1") == "k");
  CHECK(stages_of("SELECT a.aid, b.bbalance FROM public.accounts a LEFT JOIN public.branches b ON a.bid = b.bid") ==
        "k");
  CHECK(stages_of("SELECT aid FROM public.accounts ORDER BY aid LIMIT 3") == "w");
  CHECK(stages_of("SELECT aid, rank() OVER (PARTITION BY bid ORDER BY abalance) FROM public.accounts") == "k");
}

TEST_CASE_METHOD(ViewFixture, "what another part of the query looks at is a stage before it", "[continuous]") {
  CHECK(stages_of("SELECT s.n, a.aid FROM (SELECT bid, count(*) AS n FROM public.accounts GROUP BY bid) AS s "
                  "JOIN public.accounts a ON a.bid = s.bid") == "sr");
  CHECK(stages_of("WITH s AS (SELECT bid, count(*) AS n FROM public.accounts GROUP BY bid) "
                  "SELECT x.n FROM s x JOIN s y ON x.n = y.n") == "sr");
  CHECK(stages_of("SELECT b.bid, count(a.aid) FROM public.branches b LEFT JOIN public.accounts a ON a.bid = b.bid "
                  "GROUP BY b.bid") == "ks");
  CHECK(stages_of("SELECT bid, sum(abalance) FROM public.accounts GROUP BY bid ORDER BY 2 DESC, 1 LIMIT 3") == "sw");
  CHECK(stages_of("SELECT bid, rank() OVER (ORDER BY sum(abalance)) FROM public.accounts GROUP BY bid") == "sw");
  CHECK(stages_of("SELECT bid FROM public.accounts EXCEPT SELECT bid FROM public.branches") == "rsr");
  CHECK(stages_of("SELECT a.aid, b.bid FROM public.accounts a FULL JOIN public.branches b ON a.bid = b.bid") == "kkr");
}

TEST_CASE_METHOD(ViewFixture, "of equal values that look different the groups are made anew", "[continuous]") {
  ddl("CREATE TABLE loose (id int PRIMARY KEY, n numeric)");
  CHECK(stages_of("SELECT price, count(*) FROM public.items GROUP BY price") == "s");
  CHECK(stages_of("SELECT n, count(*) FROM public.loose GROUP BY n") == "k");
  CHECK(stages_of("SELECT DISTINCT n FROM public.loose") == "k");
}

TEST_CASE_METHOD(ViewFixture, "what cannot be kept is refused with the reason", "[continuous]") {
  const std::pair<const char*, const char*> refused[] = {
      {"SELECT aid FROM public.accounts LIMIT 3", "LIMIT where ORDER BY leaves rows in no certain order"},
      {"SELECT aid, bid FROM public.accounts ORDER BY bid LIMIT 3",
       "LIMIT where ORDER BY leaves rows in no certain order"},
      {"SELECT DISTINCT ON (bid) bid, aid FROM public.accounts", "DISTINCT ON where ORDER BY leaves"},
      {"SELECT row_number() OVER (ORDER BY bid) AS r, aid FROM public.accounts", "row_number() where ORDER BY leaves"},
      {"SELECT bid, string_agg(filler, ',') FROM public.accounts GROUP BY bid",
       "which depends on the order of the rows"},
      {"WITH RECURSIVE x AS (SELECT aid FROM public.accounts UNION SELECT aid + 1 FROM x) SELECT aid FROM x",
       "RECURSIVE"},
      {"SELECT bid, count(*) FROM public.accounts GROUP BY ROLLUP (bid)", "ROLLUP"},
      {"SELECT 1", "reads no table"},
      {"VALUES (1)", "VALUES"},
      {"SELECT aid FROM public.accounts TABLESAMPLE bernoulli (10)", "TABLESAMPLE"},
      {"SELECT aid, now() FROM public.accounts", "now()"}};
  for (const auto& [query, why] : refused) {
    INFO(why);
    CHECK(reason(query).find(why) != std::string::npos);
  }
}

}  // namespace
}  // namespace troupe
