/// CREATE and ALTER SEQUENCE.
#include <algorithm>

#include "runtime/plan/ddl_rights.hpp"

namespace troupe {
namespace {

struct Range {
  int64_t low, high;
};
Range range_of(Oid type) {
  if (type == oid::kInt2) return {INT16_MIN, INT16_MAX};
  if (type == oid::kInt4) return {INT32_MIN, INT32_MAX};
  return {INT64_MIN, INT64_MAX};
}

absl::StatusOr<int64_t> integer(const sql::Option& option) {
  const auto* literal = option.value != nullptr ? option.value->as<sql::Literal>() : nullptr;
  if (literal != nullptr && (literal->type == sql::LiteralType::kInt4 || literal->type == sql::LiteralType::kInt8)) {
    return literal->integer;
  }
  if (literal != nullptr && literal->type == sql::LiteralType::kNumeric) {
    return error(ErrorCode::kInvalidTextRepresentation, "value \"", literal->text,
                    "\" is out of range for type bigint");
  }
  return error(ErrorCode::kSyntaxError, option.name, " requires an integer value");
}

absl::Status set_type(const sql::Option& option, bool is_new, SequenceDef* sequence, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const Type type, ddl.binder().bind_type(option.value->to<sql::TypeName>()));
  if (type.oid != oid::kInt2 && type.oid != oid::kInt4 && type.oid != oid::kInt8) {
    return error(ErrorCode::kInvalidParameterValue,
                    "sequence type must be smallint, integer, or bigint");
  }
  // Bounds that were the old type's follow the new one.
  const Range before = range_of(sequence->type), after = range_of(type.oid);
  if (is_new || sequence->maximum == before.high) {
    sequence->maximum = sequence->increment > 0 ? after.high : -1;
  }
  if (!is_new && sequence->minimum == before.low) sequence->minimum = after.low;
  sequence->type = type.oid;
  return absl::OkStatus();
}

/// Errors: 0A000 of an identity column's, which is the column's for good.
absl::Status check_not_identity(const SequenceDef& sequence, const DdlBuilder& ddl) {
  const auto* table = static_cast<const TableDef*>(ddl.find(sequence.owner_table));
  if (table == nullptr) return absl::OkStatus();
  const bool identity = std::ranges::any_of(table->columns, [&](const ColumnDef& column) {
    return column.identity != IdentityKind::none && column.owned_sequence == sequence.oid;
  });
  if (!identity) return absl::OkStatus();
  return with_detail(error(ErrorCode::kFeatureNotSupported, "cannot change ownership of identity sequence"),
                     cat("Sequence \"", sequence.name, "\" is linked to table \"", table->name, "\"."));
}

absl::Status set_owner(const sql::Option& option, SequenceDef* sequence, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(check_not_identity(*sequence, ddl));
  const auto& names = option.value->to<sql::NameList>().names;
  if (names.size() == 1 && names[0] == "none") {
    sequence->owner_table = kNoOid;
    sequence->owner_column = 0;
    return absl::OkStatus();
  }
  if (names.size() < 2) {
    return with_hint(error(ErrorCode::kSyntaxError, "invalid OWNED BY option"),
                     "Specify OWNED BY table.column or OWNED BY NONE.");
  }
  const std::string_view schema = names.size() > 2 ? names[names.size() - 3] : std::string_view();
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(schema, names[names.size() - 2],
                                                                        ObjectKind::table, false));
  const auto& table = static_cast<const TableDef&>(*object);
  if (table.owner != sequence->owner) {
    return error(ErrorCode::kObjectNotInPrerequisiteState, "sequence must have same owner as table it is linked to");
  }
  if (table.schema != sequence->schema) {
    return error(ErrorCode::kObjectNotInPrerequisiteState, "sequence must be in same schema as table it is linked to");
  }
  const ColumnDef* column = table.find_column(names.back());
  if (column == nullptr) {
    return error(ErrorCode::kUndefinedColumn, "column \"", names.back(), "\" of relation \"", table.name,
                 "\" does not exist");
  }
  sequence->owner_table = table.oid;
  sequence->owner_column = column->attnum;
  return absl::OkStatus();
}

absl::Status check_sequence(const SequenceDef& s) {
  const auto invalid = [](const auto&... pieces) { return error(ErrorCode::kInvalidParameterValue, pieces...); };
  const Range range = range_of(s.type);
  if (s.increment == 0) return invalid("INCREMENT must not be zero");
  if (s.maximum > range.high || s.maximum < range.low) {
    return invalid("MAXVALUE (", s.maximum, ") is out of range for sequence data type ", format_type(s.type));
  }
  if (s.minimum > range.high || s.minimum < range.low) {
    return invalid("MINVALUE (", s.minimum, ") is out of range for sequence data type ", format_type(s.type));
  }
  if (s.minimum >= s.maximum) return invalid("MINVALUE (", s.minimum, ") must be less than MAXVALUE (", s.maximum, ")");
  if (s.start < s.minimum) return invalid("START value (", s.start, ") cannot be less than MINVALUE (", s.minimum, ")");
  if (s.start > s.maximum) {
    return invalid("START value (", s.start, ") cannot be greater than MAXVALUE (", s.maximum, ")");
  }
  if (s.cache < 1) return invalid("CACHE (", s.cache, ") must be greater than zero");
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_sequence_options(sql::List<const sql::Option*> options, bool is_new, SequenceDef* sequence,
                                  DdlBuilder& ddl, std::optional<int64_t>* restart) {
  const auto find = [&](std::string_view name) -> const sql::Option* {
    for (const sql::Option* option : options) {
      if (option->name == name) return option;
    }
    return nullptr;
  };
  if (const auto* option = find("increment")) {
    TROUPE_ASSIGN_OR_RETURN(sequence->increment, integer(*option));
  }
  if (const auto* option = find("as")) TROUPE_RETURN_IF_ERROR(set_type(*option, is_new, sequence, ddl));
  const Range range = range_of(sequence->type);
  const bool up = sequence->increment > 0;
  if (is_new && !find("as")) sequence->maximum = up ? range.high : -1;
  if (is_new) sequence->minimum = up ? 1 : range.low;
  if (const auto* option = find("maxvalue")) {
    sequence->maximum = up ? range.high : -1;
    if (option->value != nullptr) {
      TROUPE_ASSIGN_OR_RETURN(sequence->maximum, integer(*option));
    }
  }
  if (const auto* option = find("minvalue")) {
    sequence->minimum = up ? 1 : range.low;
    if (option->value != nullptr) {
      TROUPE_ASSIGN_OR_RETURN(sequence->minimum, integer(*option));
    }
  }
  if (is_new) sequence->start = up ? sequence->minimum : sequence->maximum;
  if (const auto* option = find("start")) {
    TROUPE_ASSIGN_OR_RETURN(sequence->start, integer(*option));
  }
  if (const auto* option = find("cache")) {
    TROUPE_ASSIGN_OR_RETURN(sequence->cache, integer(*option));
  }
  if (const auto* option = find("cycle")) {
    const auto* literal = option->value != nullptr ? option->value->as<sql::Literal>() : nullptr;
    sequence->cycle = literal == nullptr || literal->integer != 0;
  }
  if (const auto* option = find("restart")) {
    *restart = sequence->start;
    if (option->value != nullptr) {
      TROUPE_ASSIGN_OR_RETURN(*restart, integer(*option));
    }
    if (**restart < sequence->minimum || **restart > sequence->maximum) {
      const bool low = **restart < sequence->minimum;
      return error(ErrorCode::kInvalidParameterValue, "RESTART value (", **restart, ") cannot be ",
                   low ? "less than MINVALUE (" : "greater than MAXVALUE (",
                   low ? sequence->minimum : sequence->maximum, ")");
    }
  }
  if (const auto* option = find("owned_by")) TROUPE_RETURN_IF_ERROR(set_owner(*option, sequence, ddl));
  return check_sequence(*sequence);
}

std::shared_ptr<SequenceDef> ddl_owned_sequence(const TableDef& table, const ColumnDef& column, DdlBuilder& ddl) {
  auto sequence = std::make_shared<SequenceDef>();
  sequence->oid = ddl.new_oid();
  sequence->schema = table.schema;
  sequence->owner = table.owner;
  sequence->name = ddl.free_name(table.schema, table.name, column.name, "seq");
  sequence->type = column.type;
  sequence->maximum = range_of(column.type).high;
  sequence->owner_table = table.oid;
  sequence->owner_column = column.attnum;
  return sequence;
}

const std::vector<Oid>& DdlBuilder::sequences_owned_by(Oid table) const {
  if (!owned_sequences_) {
    owned_sequences_.emplace();
    for (const ObjectPtr& object : catalog().objects(ObjectKind::sequence)) {
      const Oid owner = static_cast<const SequenceDef&>(*object).owner_table;
      if (owner != kNoOid) (*owned_sequences_)[owner].push_back(object->oid);
    }
  }
  static const std::vector<Oid> none;
  const auto owned = owned_sequences_->find(table);
  return owned == owned_sequences_->end() ? none : owned->second;
}

std::vector<Oid> ddl_sequences_of(const TableDef& table, int16_t attnum, const DdlBuilder& ddl) {
  std::vector<Oid> owned;
  for (const Oid oid : ddl.sequences_owned_by(table.oid)) {
    const auto* sequence = static_cast<const SequenceDef*>(ddl.find(oid));
    if (sequence == nullptr || sequence->owner_table != table.oid) continue;
    if (attnum == 0 || sequence->owner_column == attnum) owned.push_back(sequence->oid);
  }
  return owned;
}

void ddl_drop_sequences_of(const TableDef& table, int16_t attnum, DdlBuilder& ddl) {
  for (const Oid sequence : ddl_sequences_of(table, attnum, ddl)) {
    ddl.act(DdlAction::Kind::kDropSequence).sequence = sequence;
    ddl.drop(sequence);
  }
}

void ddl_put_sequence(std::shared_ptr<SequenceDef> sequence, DdlBuilder& ddl) {
  ddl.act(DdlAction::Kind::kSetSequence).sequence = sequence->oid;
  ddl.put(std::move(sequence));
}

absl::Status ddl_create_sequence(const sql::CreateSequenceStatement& create, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const Oid schema, ddl.schema_for(*create.sequence, create.persistence));
  if (ddl.find_relation(schema, create.sequence->name) != nullptr) {
    if (create.if_not_exists) {
      ddl.notice(ErrorCode::kDuplicateTable,
                 cat("relation \"", create.sequence->name, "\" already exists, skipping"));
      return absl::OkStatus();
    }
    return error(ErrorCode::kDuplicateTable, "relation \"", create.sequence->name,
                    "\" already exists");
  }
  auto sequence = std::make_shared<SequenceDef>();
  sequence->oid = ddl.new_oid();
  sequence->schema = schema;
  sequence->owner = ddl.context().role;
  sequence->name = create.sequence->name;
  std::optional<int64_t> restart;
  TROUPE_RETURN_IF_ERROR(ddl_sequence_options(create.options, true, sequence.get(), ddl, &restart));
  ddl_put_sequence(std::move(sequence), ddl);
  return absl::OkStatus();
}

absl::Status ddl_alter_sequence(const sql::AlterSequenceStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object,
                          ddl.require_relation(*alter.sequence, ObjectKind::sequence, alter.if_exists));
  if (object == nullptr) return absl::OkStatus();
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  return ddl_change_sequence(alter.options, std::make_shared<SequenceDef>(static_cast<const SequenceDef&>(*object)),
                             ddl);
}

absl::Status ddl_change_sequence(sql::List<const sql::Option*> options, std::shared_ptr<SequenceDef> sequence,
                                 DdlBuilder& ddl) {
  std::optional<int64_t> restart;
  TROUPE_RETURN_IF_ERROR(ddl_sequence_options(options, false, sequence.get(), ddl, &restart));
  if (restart) {
    DdlAction& action = ddl.act(DdlAction::Kind::kSetSequence);
    action.sequence = sequence->oid;
    action.restart = restart;
  }
  ddl.put(std::move(sequence));
  return absl::OkStatus();
}

}  // namespace troupe
