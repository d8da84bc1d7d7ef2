/// EXPLAIN's text, as PostgreSQL has it.
#include <cstdio>

#include "runtime/plan/explain_node.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

template <typename... Args>
std::string formatted(const char* format, Args... args) {
  char text[200];
  std::snprintf(text, sizeof text, format, args...);
  return text;
}

std::string join_list(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += cat(text.empty() ? "" : ", ", part);
  return text;
}

class TextPrinter {
 public:
  TextPrinter(const ExplainOptions& options, std::span<const ActualRun> actual) : options_{options}, actual_{actual} {}

  void print(const ExplainNode& node, int depth, std::string_view arrow) {
    if (!node.name.empty()) line(depth, node.name);
    line(depth, cat(arrow, node.title, node.plan == nullptr ? std::string() : numbers(*node.plan)));
    for (const ExplainDetail& detail : node.details) {
      // Two more than where the node's name starts.
      lines_.push_back(
          cat(std::string(static_cast<size_t>(depth) * 6 + 2, ' '), detail.label, ": ", join_list(detail.texts)));
    }
    for (const ExplainNode& input : node.inputs) print(input, depth + 1, "->  ");
  }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  void line(int depth, const std::string& text) {
    lines_.push_back(std::string(static_cast<size_t>(depth) * 6 - (depth > 0 ? 4 : 0), ' ') + text);
  }
  std::string numbers(const PlanNode& node) const {
    std::string text;
    if (options_.costs) {
      text = formatted("  (cost=%.2f..%.2f rows=%.0f width=%.0f)", node.cost.startup, node.cost.total, node.cost.rows,
                       node.cost.width);
    }
    return node.id < actual_.size() ? text + times(actual_[node.id]) : text;
  }
  std::string times(const ActualRun& run) const {
    if (run.loops == 0) return " (never executed)";
    const double loops = static_cast<double>(run.loops);
    const auto count = static_cast<unsigned long long>(run.loops);
    if (!options_.timing) return formatted(" (actual rows=%.0f loops=%llu)", run.rows / loops, count);
    return formatted(" (actual time=%.3f..%.3f rows=%.0f loops=%llu)", run.startup_ms / loops, run.total_ms / loops,
                     run.rows / loops, count);
  }

  const ExplainOptions& options_;
  std::span<const ActualRun> actual_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> explain_as_text(const ExplainNode& root, const ExplainOptions& options,
                                         std::span<const ActualRun> actual, std::optional<double> execution_ms) {
  TextPrinter printer(options, actual);
  printer.print(root, 0, "");
  std::vector<std::string> lines = printer.take();
  if (execution_ms) lines.push_back(formatted("Execution Time: %.3f ms", *execution_ms));
  return lines;
}

}  // namespace troupe
