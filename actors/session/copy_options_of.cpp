#include "actors/session/copy_options_of.hpp"

#include "runtime/types/encoding.hpp"
#include "runtime/sql/ast_all.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe {
namespace {

CopyOptionText text_of(const sql::Option& option, std::string_view statement) {
  CopyOptionText text;
  text.name = std::string(option.name);
  text.position = sql::character_position(statement, option.position);
  if (option.value == nullptr) return text;
  if (const auto* list = option.value->as<sql::NameList>()) {
    for (const std::string_view name : list->names) text.columns.emplace_back(name);
  } else if (const auto* literal = option.value->as<sql::Literal>()) {
    switch (literal->type) {
      case sql::LiteralType::kBoolean: text.value = literal->integer != 0 ? "true" : "false"; break;
      case sql::LiteralType::kInt4:
      case sql::LiteralType::kInt8: text.value = std::to_string(literal->integer); break;
      default: text.value = std::string(literal->text);
    }
  } else if (option.value->is<sql::ColumnRef>()) {
    text.all_columns = true;
  }
  return text;
}

}  // namespace

absl::StatusOr<CopyOptions> copy_options_of(const sql::CopyStatement& statement, std::string_view text,
                                            const std::vector<std::string>& columns) {
  std::vector<CopyOptionText> texts;
  for (const sql::Option* option : statement.options) {
    texts.push_back(text_of(*option, text));
    CopyOptionText& given = texts.back();
    if (given.name != "encoding" || !given.value) continue;
    const auto encoding = find_encoding(*given.value);
    if (!encoding) {
      return with_position(
          error(ErrorCode::kInvalidParameterValue, "argument to option \"encoding\" must be a valid encoding name"),
          given.position);
    }
    given.value = std::string(encoding_name(*encoding));
  }
  return make_copy_options(texts, statement.from ? CopyDirection::kFrom : CopyDirection::kTo, columns);
}

}  // namespace troupe
