#include "tests/runtime/plan/plan_fixture.hpp"

namespace troupe {
namespace {

class ExplainFixture : public PlanFixture {
 protected:
  ExplainFixture() {
    ddl("CREATE TABLE a (id int PRIMARY KEY, v text)");
    ddl("CREATE TABLE b (id int PRIMARY KEY, a int)");
  }
  static std::string text_of(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }
};

TEST_CASE_METHOD(ExplainFixture, "JSON has a field for what the text format says in a title", "[plan]") {
  const StatementPlanPtr planned =
      plan("EXPLAIN (FORMAT JSON, COSTS OFF) SELECT a.v, count(*) FROM a JOIN b ON b.a = a.id "
           "WHERE a.v <> 'x\"y\n' GROUP BY a.v ORDER BY 2 DESC");
  CHECK(planned->columns[0].type.oid == oid::kJson);
  CHECK(text_of(explain_plan(*planned)) == R"json([
  {
    "Plan": {
      "Node Type": "Sort",
      "Parallel Aware": false,
      "Async Capable": false,
      "Sort Key": ["count(*) DESC"],
      "Plans": [
        {
          "Node Type": "Aggregate",
          "Parent Relationship": "Outer",
          "Parallel Aware": false,
          "Async Capable": false,
          "Strategy": "Hashed",
          "Partial Mode": "Simple",
          "Group Key": ["a.v"],
          "Plans": [
            {
              "Node Type": "Hash Join",
              "Parent Relationship": "Outer",
              "Parallel Aware": false,
              "Async Capable": false,
              "Join Type": "Inner",
              "Hash Cond": "(b.a = a.id)",
              "Plans": [
                {
                  "Node Type": "Seq Scan",
                  "Parent Relationship": "Outer",
                  "Parallel Aware": false,
                  "Async Capable": false,
                  "Relation Name": "b",
                  "Alias": "b"
                },
                {
                  "Node Type": "Hash",
                  "Parent Relationship": "Inner",
                  "Parallel Aware": false,
                  "Async Capable": false,
                  "Plans": [
                    {
                      "Node Type": "Seq Scan",
                      "Parent Relationship": "Outer",
                      "Parallel Aware": false,
                      "Async Capable": false,
                      "Relation Name": "a",
                      "Alias": "a",
                      "Filter": "(a.v <> 'x\"y\u000a'::text)"
                    }
                  ]
                }
              ]
            }
          ]
        }
      ]
    }
  }
]
)json");
}

TEST_CASE_METHOD(ExplainFixture, "what was measured is in both formats, the time only when it is asked for", "[plan]") {
  auto analyzed = std::make_shared<StatementPlan>(*plan("EXPLAIN (ANALYZE, COSTS OFF) SELECT v FROM a WHERE id = 1"));
  std::vector<ActualRun> runs(analyzed->nodes);
  for (ActualRun& run : runs) run = {.startup_ms = 1, .total_ms = 2, .rows = 4, .loops = 2};
  CHECK(text_of(explain_plan(*analyzed, runs, 12.5)) ==
        "Index Scan using a_pkey on a (actual time=0.500..1.000 rows=2 loops=2)\n"
        "  Index Cond: (id = 1)\n"
        "Execution Time: 12.500 ms\n");
  analyzed->explain.format = ExplainOptions::Format::kJson;
  const std::string json = text_of(explain_plan(*analyzed, runs, 12.5));
  CHECK(json.find(R"("Actual Startup Time": 0.500,)") != std::string::npos);
  CHECK(json.find(R"("Actual Rows": 2,)") != std::string::npos);
  CHECK(json.find(R"("Actual Loops": 2)") != std::string::npos);
  CHECK(json.find("    },\n    \"Execution Time\": 12.500\n  }\n]") != std::string::npos);
  analyzed->explain.summary = false;
  CHECK(text_of(explain_plan(*analyzed, runs, 12.5)).find("Execution Time") == std::string::npos);
}

TEST_CASE_METHOD(ExplainFixture, "EXPLAIN knows its formats", "[plan]") {
  const auto lines = [&](std::string_view format) {
    return text_of(explain_plan(*plan(cat("EXPLAIN (COSTS OFF, FORMAT ", format, ") SELECT 1 WHERE 1 < 2"))));
  };
  CHECK(lines("yaml") == "- Plan: \n    Node Type: \"Result\"\n    Parallel Aware: false\n    Async Capable: false\n");
  CHECK(lines("xml") ==
        "<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n  <Query>\n    <Plan>\n"
        "      <Node-Type>Result</Node-Type>\n      <Parallel-Aware>false</Parallel-Aware>\n"
        "      <Async-Capable>false</Async-Capable>\n    </Plan>\n  </Query>\n</explain>\n");
  CHECK(error_of("EXPLAIN (FORMAT words) SELECT 1") ==
        "22023 10 unrecognized value for EXPLAIN option \"format\": \"words\"");
}

}  // namespace
}  // namespace troupe
