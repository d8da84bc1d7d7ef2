#pragma once
/// What EXPLAIN says of a plan, before it is put in a format.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/plan/planner.hpp"

namespace troupe {

struct ExplainDetail {
  std::string_view label;
  std::vector<std::string> texts;
  bool is_list = false;  ///< an array in JSON, also of one
};

struct ExplainNode {
  const PlanNode* plan = nullptr;  ///< whose costs are shown; null: none are
  std::string title;               ///< as the text format has it: "Hash Left Join", "Seq Scan on t"
  std::string_view type;           ///< JSON's "Node Type"
  std::vector<std::pair<std::string_view, std::string>> facts;  ///< what the title says, for JSON
  std::vector<ExplainDetail> details;
  std::string_view relationship;  ///< "Outer", "Inner", "InitPlan"
  std::string name;               ///< "InitPlan 1 (returns $0)", "CTE cte0": a line above it
  std::vector<ExplainNode> inputs;
};

std::vector<std::string> explain_as_text(const ExplainNode& root, const ExplainOptions& options,
                                         std::span<const ActualRun> actual, std::optional<double> execution_ms);
/// JSON, YAML or XML, as the options say: one text of many lines.
std::string explain_as_structure(const ExplainNode& root, const ExplainOptions& options,
                                 std::span<const ActualRun> actual, std::optional<double> execution_ms);

}  // namespace troupe
