#include "actors/http/query_exchange.hpp"

#include <nlohmann/json.hpp>

#include "actors/http/query_refusal.hpp"
#include "runtime/types/type.hpp"
#include "storage/base/text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

/// A statement and its parameters as texts. nullopt: the body is something else.
struct Question {
  std::string sql;
  std::vector<std::optional<std::string>> parameters;

  static std::optional<Question> parse(const std::string& body) {
    const nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
    if (json.is_discarded() || !json.is_object()) return std::nullopt;
    const auto sql = json.find("sql");
    if (sql == json.end() || !sql->is_string()) return std::nullopt;
    Question question{sql->get<std::string>(), {}};
    if (question.sql.find('\0') != std::string::npos) return std::nullopt;
    const auto parameters = json.find("params");
    if (parameters == json.end()) return question;
    if (!parameters->is_array() || parameters->size() > UINT16_MAX) return std::nullopt;
    for (const nlohmann::json& value : *parameters) {
      question.parameters.push_back(value.is_null()     ? std::optional<std::string>()
                                    : value.is_string() ? value.get<std::string>()
                                                        : value.dump());
    }
    return question;
  }
};

/// Numbers, truth and JSON as such, everything else as text.
void append_value(Oid type, std::string_view text, std::string* out) {
  switch (type) {
    case oid::kBool: *out += text == "t" ? "true" : "false"; return;
    case oid::kJson:
    case oid::kJsonb: *out += text; return;
    case oid::kInt2:
    case oid::kInt4:
    case oid::kInt8:
    case oid::kFloat4:
    case oid::kFloat8:
    case oid::kNumeric:
      if (text.find_first_not_of("0123456789.eE+-") == std::string_view::npos) {
        *out += text;
        return;
      }
      break;  // NaN, Infinity
    default: break;
  }
  append_json_string(text, out);
}

}  // namespace

QueryExchange::QueryExchange(HttpScene& scene, const LocalLogin& login) : scene_{scene}, client_{*this, scene.wake} {
  const std::string_view type = scene.request.header("Content-Type").value_or("");
  if (!type.starts_with("application/json")) {
    // Also so that no page of others gets here without a browser's asking first.
    scene_.respond_error(415, "08P01", "the body must be application/json");
    done_ = true;
    return;
  }
  const auto question = Question::parse(scene.request.body);
  if (!question) {
    scene_.respond_error(400, "22023", "the body must be {\"sql\": \"...\", \"params\": [...]}");
    done_ = true;
    return;
  }
  if (const auto refusal = query_refusal(question->sql)) {
    scene_.respond_error(400, "0A000", refusal->message, refusal->hint);
    done_ = true;
    return;
  }
  std::vector<TextValue> parameters;
  for (const auto& value : question->parameters) parameters.push_back(value ? TextValue(*value) : TextValue());
  client_.connect(scene.node, scene.unit, login);
  client_.execute(question->sql, parameters);
}

void QueryExchange::on_columns(std::span<const ColumnDescriptor> columns) {
  for (const ColumnDescriptor& column : columns) {
    columns_ += columns_.empty() ? "{\"name\": " : ", {\"name\": ";
    append_json_string(column.name, &columns_);
    columns_ += cat(", \"type\": ", column.type, "}");
    types_.push_back(column.type);
  }
}

void QueryExchange::on_row(const DataRow& row) {
  if (done_) return;
  size_t size = rows_.size();
  for (const auto value : row) size += value ? value->size() : 0;
  if (size > scene_.config().http_result_bytes_max) {
    done_ = true;
    return scene_.respond_error(400, "54000", "the result is larger than http.result_bytes_max", "Ask for less.");
  }
  rows_ += rows_.empty() ? "[" : ",\n[";
  size_t at = 0;
  for (const auto value : row) {
    if (at > 0) rows_ += ", ";
    if (value) {
      append_value(types_[at], *value, &rows_);
    } else {
      rows_ += "null";
    }
    ++at;
  }
  rows_ += "]";
}

void QueryExchange::on_ready(char) {
  if (!std::exchange(logged_in_, true) || std::exchange(done_, true)) return;
  std::string body = cat("{\"columns\": [", columns_, "], \"rows\": [", rows_, "], \"command\": ");
  append_json_string(tag_, &body);
  scene_.respond_json(200, body + "}\n");
}

void QueryExchange::on_error(const ServerReport& report) {
  if (!std::exchange(done_, true)) scene_.respond_error(report);
}

void QueryExchange::on_closed() {
  if (!std::exchange(done_, true)) scene_.respond_error(503, "08006", "the session has ended");
}

}  // namespace troupe
