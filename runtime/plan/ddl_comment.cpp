/// COMMENT ON.
#include <algorithm>

#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_policy.hpp"
#include "runtime/plan/ddl_publication.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_stream.hpp"

namespace troupe {

namespace {

absl::Status comment_on_column(const sql::Name& name, const std::string& text, DdlBuilder& ddl) {
  const auto part = [&](size_t from_end) {
    return name.size() >= from_end ? name[name.size() - from_end] : std::string_view();
  };
  const ObjectDef* object = ddl.find_named(part(3), part(2));
  if (object == nullptr) return error(ErrorCode::kUndefinedTable, "relation \"", part(2), "\" does not exist");
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  auto relation = copy_object(*object);
  std::vector<ColumnDef>* columns = edit_columns(relation.get());
  if (columns == nullptr) return error(ErrorCode::kWrongObjectType, "cannot set comment on relation \"", part(2), "\"");
  const auto column = std::find_if(columns->begin(), columns->end(),
                                   [&](const ColumnDef& c) { return !c.dropped && c.name == name.back(); });
  if (column == columns->end()) {
    return error(ErrorCode::kUndefinedColumn, "column \"", name.back(), "\" of relation \"", relation->name,
                 "\" does not exist");
  }
  column->comment = text;
  ddl.put(std::move(relation));
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_comment(const sql::CommentStatement& comment, DdlBuilder& ddl) {
  const sql::ObjectRef& target = *comment.target;
  const std::string text = comment.is_null ? std::string() : std::string(comment.text);
  const auto& name = target.name;
  const auto part = [&](size_t from_end) {
    return name.size() >= from_end ? name[name.size() - from_end] : std::string_view();
  };
  if (target.object == sql::ObjectKind::kColumn) return comment_on_column(name, text, ddl);
  if (target.object == sql::ObjectKind::kPolicy) return ddl_comment_on_policy(target, text, ddl);
  const ObjectDef* object = nullptr;
  switch (target.object) {
    case sql::ObjectKind::kMaterializedView: {
      TROUPE_ASSIGN_OR_RETURN(object, ddl.require_materialized_view(part(2), part(1), false));
      break;
    }
    case sql::ObjectKind::kTable:
    case sql::ObjectKind::kView:
    case sql::ObjectKind::kIndex:
    case sql::ObjectKind::kSequence: {
      const ObjectKind kind = target.object == sql::ObjectKind::kTable   ? ObjectKind::table
                              : target.object == sql::ObjectKind::kView  ? ObjectKind::view
                              : target.object == sql::ObjectKind::kIndex ? ObjectKind::index
                                                                         : ObjectKind::sequence;
      TROUPE_ASSIGN_OR_RETURN(object, ddl.require_relation(part(2), part(1), kind, false));
      break;
    }
    case sql::ObjectKind::kType:
    case sql::ObjectKind::kDomain: {
      const TypeDef* type = ddl.binder().find_own_type(name);
      if (type == nullptr) return error(ErrorCode::kUndefinedObject, "type \"", dotted(name), "\" does not exist");
      if (target.object == sql::ObjectKind::kDomain && type->type_kind != TypeKind::domain) {
        return error(ErrorCode::kWrongObjectType, "\"", type->name, "\" is not a domain");
      }
      object = type;
      break;
    }
    case sql::ObjectKind::kFunction:
    case sql::ObjectKind::kAggregate:
    case sql::ObjectKind::kProcedure:
    case sql::ObjectKind::kRoutine: {
      TROUPE_ASSIGN_OR_RETURN(object, ddl_find_function(target, false, ddl));
      break;
    }
    case sql::ObjectKind::kSchema: object = ddl.catalog().find_schema(name.back()); break;
    case sql::ObjectKind::kRole: object = ddl.catalog().find(NameClass::role, kNoOid, name.back()); break;
    case sql::ObjectKind::kDatabase: object = ddl.catalog().find(NameClass::database, kNoOid, name.back()); break;
    case sql::ObjectKind::kPublication: {
      TROUPE_ASSIGN_OR_RETURN(object, ddl_publication(name.back(), ddl));
      break;
    }
    case sql::ObjectKind::kStream: {
      TROUPE_ASSIGN_OR_RETURN(object, ddl_stream(name, ddl));
      break;
    }
    default: return ddl.refuse(comment, "COMMENT ON this kind of object");
  }
  if (object == nullptr) {
    return error(ErrorCode::kUndefinedObject, "\"", name.back(), "\" does not exist");
  }
  if (object->kind != ObjectKind::role) {
    TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  } else if (!is_superuser(ddl.catalog(), ddl.context().role)) {
    const RoleDef& self = role_or_nobody(ddl.catalog(), ddl.context().role);
    if (!self.create_role || static_cast<const RoleDef&>(*object).superuser) {
      return error(ErrorCode::kInsufficientPrivilege, "must be member of role \"", object->name, "\"");
    }
  }
  auto changed = copy_object(*object);
  changed->comment = text;
  ddl.put(std::move(changed));
  return absl::OkStatus();
}

}  // namespace troupe
