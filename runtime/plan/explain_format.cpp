/// EXPLAIN's formats: PostgreSQL's text and JSON.
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

class JsonPrinter {
 public:
  JsonPrinter(const ExplainOptions& options, std::span<const ActualRun> actual) : options_{options}, actual_{actual} {}

  std::string print(const ExplainNode& root, std::optional<double> execution_ms) {
    out_ = "[\n  {\n    \"Plan\": ";
    object(root, 4);
    if (execution_ms) out_ += formatted(",\n    \"Execution Time\": %.3f", *execution_ms);
    out_ += "\n  }\n]";
    return std::move(out_);
  }

 private:
  void object(const ExplainNode& node, size_t indent) {
    out_ += '{';
    first_ = true;
    field(indent, "Node Type", quoted(node.type));
    if (!node.relationship.empty()) field(indent, "Parent Relationship", quoted(node.relationship));
    if (!node.name.empty()) field(indent, "Subplan Name", quoted(node.name));
    field(indent, "Parallel Aware", "false");
    field(indent, "Async Capable", "false");
    for (const auto& [name, value] : node.facts) field(indent, name, quoted(value));
    if (node.plan != nullptr) numbers(*node.plan, indent);
    for (const ExplainDetail& detail : node.details) field(indent, detail.label, value_of(detail));
    if (!node.inputs.empty()) inputs(node, indent);
    out_ += cat("\n", std::string(indent, ' '), "}");
  }
  void inputs(const ExplainNode& node, size_t indent) {
    field(indent, "Plans", "[");
    for (const ExplainNode& input : node.inputs) {
      out_ += cat(&input == node.inputs.data() ? "\n" : ",\n", std::string(indent + 4, ' '));
      object(input, indent + 4);
    }
    out_ += cat("\n", std::string(indent + 2, ' '), "]");
  }
  void numbers(const PlanNode& node, size_t indent) {
    if (options_.costs) {
      field(indent, "Startup Cost", formatted("%.2f", node.cost.startup));
      field(indent, "Total Cost", formatted("%.2f", node.cost.total));
      field(indent, "Plan Rows", formatted("%.0f", node.cost.rows));
      field(indent, "Plan Width", formatted("%.0f", node.cost.width));
    }
    if (node.id >= actual_.size()) return;
    const ActualRun& run = actual_[node.id];
    const double loops = run.loops == 0 ? 1 : static_cast<double>(run.loops);
    if (options_.timing) {
      field(indent, "Actual Startup Time", formatted("%.3f", run.startup_ms / loops));
      field(indent, "Actual Total Time", formatted("%.3f", run.total_ms / loops));
    }
    field(indent, "Actual Rows", formatted("%.0f", run.rows / loops));
    field(indent, "Actual Loops", cat(run.loops));
  }
  static std::string value_of(const ExplainDetail& detail) {
    if (!detail.is_list) return quoted(join_list(detail.texts));
    std::string list;
    for (const std::string& text : detail.texts) list += cat(list.empty() ? "[" : ", ", quoted(text));
    return list + "]";
  }
  void field(size_t indent, std::string_view name, const std::string& json) {
    out_ += cat(first_ ? "\n" : ",\n", std::string(indent + 2, ' '), quoted(name), ": ", json);
    first_ = false;
  }
  static std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out.push_back('\\');
      if (static_cast<unsigned char>(c) < ' ') {
        out += formatted("\\u%04x", static_cast<unsigned>(c));
      } else {
        out.push_back(c);
      }
    }
    return out + "\"";
  }

  const ExplainOptions& options_;
  std::span<const ActualRun> actual_;
  std::string out_;
  bool first_ = true;  ///< no field of the object was written yet
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

std::string explain_as_json(const ExplainNode& root, const ExplainOptions& options, std::span<const ActualRun> actual,
                            std::optional<double> execution_ms) {
  return JsonPrinter(options, actual).print(root, execution_ms);
}

}  // namespace troupe
