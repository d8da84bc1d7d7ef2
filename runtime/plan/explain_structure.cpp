/// EXPLAIN's formats for programs: JSON, YAML and XML, which say the same things.
#include <cstdio>
#include <memory>

#include "runtime/plan/explain_node.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) < ' ') {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

/// Properties in groups. What is opened is closed; the members of a list have no names, but XML calls them `member`.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void open_object(std::string_view name, std::string_view member) = 0;
  virtual void close_object(std::string_view name, std::string_view member) = 0;
  virtual void open_list(std::string_view name) = 0;
  virtual void close_list(std::string_view name) = 0;
  /// `quote`: it is a text.
  virtual void property(std::string_view name, std::string_view value, bool quote) = 0;
  virtual void list(std::string_view name, const std::vector<std::string>& texts) = 0;
  virtual std::string finish() = 0;
};

class JsonWriter final : public Writer {
 public:
  JsonWriter() : out_{"["} { depth_ = 1; }
  void open_object(std::string_view name, std::string_view) override { open(name, '{'); }
  void close_object(std::string_view, std::string_view) override { close('}'); }
  void open_list(std::string_view name) override { open(name, '['); }
  void close_list(std::string_view) override { close(']'); }
  void property(std::string_view name, std::string_view value, bool quote) override {
    begin(name);
    out_ += quote ? quoted(value) : std::string(value);
  }
  void list(std::string_view name, const std::vector<std::string>& texts) override {
    begin(name);
    out_ += "[";
    for (const std::string& text : texts) out_ += cat(&text == texts.data() ? "" : ", ", quoted(text));
    out_ += "]";
  }
  std::string finish() override { return out_ + "\n]"; }

 private:
  void begin(std::string_view name) {
    out_ += cat(first_ ? "\n" : ",\n", std::string(depth_ * 2, ' '), name.empty() ? "" : cat(quoted(name), ": "));
    first_ = false;
  }
  void open(std::string_view name, char bracket) {
    begin(name);
    out_.push_back(bracket);
    first_ = true;
    ++depth_;
  }
  void close(char bracket) {
    --depth_;
    out_ += cat("\n", std::string(depth_ * 2, ' '), std::string_view(&bracket, 1));
    first_ = false;
  }

  std::string out_;
  size_t depth_ = 0;
  bool first_ = true;  ///< nothing of this group was written yet
};

class YamlWriter final : public Writer {
 public:
  void open_object(std::string_view name, std::string_view) override {
    if (name.empty()) {
      line("- ");
      continues_ = true;  // its first property stands on this line
    } else {
      line(cat(name, ": "));
    }
    ++depth_;
  }
  void close_object(std::string_view, std::string_view) override { --depth_; }
  void open_list(std::string_view name) override {
    line(cat(name, ": "));
    ++depth_;
  }
  void close_list(std::string_view) override { --depth_; }
  void property(std::string_view name, std::string_view value, bool quote) override {
    line(cat(name, ": ", quote ? quoted(value) : std::string(value)));
  }
  void list(std::string_view name, const std::vector<std::string>& texts) override {
    open_list(name);
    for (const std::string& text : texts) line(cat("- ", quoted(text)));
    close_list(name);
  }
  std::string finish() override { return std::move(out_); }

 private:
  void line(std::string_view text) {
    if (!continues_ && !out_.empty()) out_ += cat("\n", std::string(depth_ * 2, ' '));
    continues_ = false;
    out_ += text;
  }

  std::string out_;
  size_t depth_ = 0;
  bool continues_ = false;
};

class XmlWriter final : public Writer {
 public:
  XmlWriter() : out_{"<explain xmlns=\"http://www.postgresql.org/2009/explain\">"} { depth_ = 1; }
  void open_object(std::string_view name, std::string_view member) override { open(name.empty() ? member : name); }
  void close_object(std::string_view name, std::string_view member) override { close(name.empty() ? member : name); }
  void open_list(std::string_view name) override { open(name); }
  void close_list(std::string_view name) override { close(name); }
  void property(std::string_view name, std::string_view value, bool) override {
    const std::string tag = tag_of(name);
    line(cat("<", tag, ">", escaped(value), "</", tag, ">"));
  }
  void list(std::string_view name, const std::vector<std::string>& texts) override {
    open(name);
    for (const std::string& text : texts) property("Item", text, true);
    close(name);
  }
  std::string finish() override { return out_ + "\n</explain>"; }

 private:
  static std::string tag_of(std::string_view name) {
    std::string tag(name);
    for (char& c : tag) c = c == ' ' || c == '/' ? '-' : c;
    return tag;
  }
  static std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '&') out += "&amp;";
      else if (c == '<') out += "&lt;";
      else if (c == '>') out += "&gt;";
      else out.push_back(c);
    }
    return out;
  }
  void line(std::string_view text) { out_ += cat("\n", std::string(depth_ * 2, ' '), text); }
  void open(std::string_view name) {
    line(cat("<", tag_of(name), ">"));
    ++depth_;
  }
  void close(std::string_view name) {
    --depth_;
    line(cat("</", tag_of(name), ">"));
  }

  std::string out_;
  size_t depth_ = 0;
};

std::unique_ptr<Writer> make_writer(ExplainOptions::Format format) {
  switch (format) {
    case ExplainOptions::Format::kXml: return std::make_unique<XmlWriter>();
    case ExplainOptions::Format::kYaml: return std::make_unique<YamlWriter>();
    default: return std::make_unique<JsonWriter>();
  }
}

class StructurePrinter {
 public:
  StructurePrinter(const ExplainOptions& options, std::span<const ActualRun> actual)
      : options_{options}, actual_{actual}, out_{make_writer(options.format)} {}

  std::string print(const ExplainNode& root, std::optional<double> execution_ms) {
    out_->open_object({}, "Query");
    print(root, "Plan");
    if (execution_ms) out_->property("Execution Time", fixed(*execution_ms, 3), false);
    out_->close_object({}, "Query");
    return out_->finish();
  }

 private:
  void print(const ExplainNode& node, std::string_view name) {
    out_->open_object(name, "Plan");
    out_->property("Node Type", node.type, true);
    if (!node.relationship.empty()) out_->property("Parent Relationship", node.relationship, true);
    if (!node.name.empty()) out_->property("Subplan Name", node.name, true);
    out_->property("Parallel Aware", "false", false);
    out_->property("Async Capable", "false", false);
    for (const auto& [fact, value] : node.facts) out_->property(fact, value, true);
    if (node.plan != nullptr) numbers(*node.plan);
    for (const ExplainDetail& detail : node.details) print(detail);
    if (!node.inputs.empty()) {
      out_->open_list("Plans");
      for (const ExplainNode& input : node.inputs) print(input, std::string_view());
      out_->close_list("Plans");
    }
    out_->close_object(name, "Plan");
  }
  void print(const ExplainDetail& detail) {
    if (detail.is_list) return out_->list(detail.label, detail.texts);
    std::string joined;
    for (const std::string& text : detail.texts) joined += cat(joined.empty() ? "" : ", ", text);
    out_->property(detail.label, joined, true);
  }
  void numbers(const PlanNode& node) {
    if (options_.costs) {
      out_->property("Startup Cost", fixed(node.cost.startup, 2), false);
      out_->property("Total Cost", fixed(node.cost.total, 2), false);
      out_->property("Plan Rows", fixed(node.cost.rows, 0), false);
      out_->property("Plan Width", fixed(node.cost.width, 0), false);
    }
    if (node.id >= actual_.size()) return;
    const ActualRun& run = actual_[node.id];
    const double loops = run.loops == 0 ? 1 : static_cast<double>(run.loops);
    if (options_.timing) {
      out_->property("Actual Startup Time", fixed(run.startup_ms / loops, 3), false);
      out_->property("Actual Total Time", fixed(run.total_ms / loops, 3), false);
    }
    out_->property("Actual Rows", fixed(run.rows / loops, 0), false);
    out_->property("Actual Loops", cat(run.loops), false);
  }

  const ExplainOptions& options_;
  std::span<const ActualRun> actual_;
  std::unique_ptr<Writer> out_;
};

}  // namespace

std::string explain_as_structure(const ExplainNode& root, const ExplainOptions& options,
                                 std::span<const ActualRun> actual, std::optional<double> execution_ms) {
  return StructurePrinter(options, actual).print(root, execution_ms);
}

}  // namespace troupe
