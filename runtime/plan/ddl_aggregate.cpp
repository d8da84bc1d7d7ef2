/// CREATE AGGREGATE.
#include <algorithm>
#include <cstdlib>

#include "runtime/plan/bind_function.hpp"
#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/user_aggregate.hpp"
#include "runtime/types/resolve.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

absl::Status invalid(std::string message) { return error(kInvalidFunctionDefinition, message); }
absl::Status mismatch(std::string message) { return error(ErrorCode::kDatatypeMismatch, message); }

/// Schema and name as an option's value says them; both empty when it has none.
struct NameValue {
  std::string_view schema, name;
};
NameValue name_in(const sql::Option& option) {
  if (option.value == nullptr) return {};
  if (const auto* literal = option.value->as<sql::Literal>()) return {{}, literal->text};
  const auto of = [](sql::Name name) {
    return NameValue{name.size() > 1 ? name[name.size() - 2] : std::string_view(), name.back()};
  };
  if (const auto* list = option.value->as<sql::NameList>()) return of(list->names);
  if (const auto* type = option.value->as<sql::TypeName>()) return of(type->name);
  return {};
}

bool flag_in(const sql::Option& option) {
  if (option.value == nullptr) return true;
  if (const auto* literal = option.value->as<sql::Literal>(); literal != nullptr && literal->text.empty()) {
    return literal->integer != 0;
  }
  const std::string_view word = name_in(option).name;
  return word == "true" || word == "on" || word == "1";
}

/// A value that is text however it is written: initcond = 0, '0'.
std::string text_in(const sql::Option& option) {
  const auto* literal = option.value == nullptr ? nullptr : option.value->as<sql::Literal>();
  const bool integer =
      literal != nullptr && (literal->type == sql::LiteralType::kInt4 || literal->type == sql::LiteralType::kInt8);
  return integer ? cat(literal->integer) : std::string(name_in(option).name);
}

/// A support function with what a call of it is.
struct Found {
  SupportFunction function;
  Oid result = kNoOid;
  bool strict = false;
};

std::string described(NameValue name, const std::vector<Type>& types) {
  return cat(name.schema.empty() ? "" : cat(name.schema, "."), describe_call(name.name, types));
}

class AggregateMaker {
 public:
  AggregateMaker(const sql::DefineStatement& create, DdlBuilder& ddl) : create_{create}, ddl_{ddl} {}

  absl::Status make() {
    function_->name = create_.name.back();
    const std::string_view schema = create_.name.size() > 1 ? create_.name[create_.name.size() - 2] : "";
    TROUPE_ASSIGN_OR_RETURN(function_->schema, ddl_.schema_for(schema, create_));
    if (!create_.order_by_arguments.empty()) return refuse_sets();
    TROUPE_RETURN_IF_ERROR(read_options());
    TROUPE_RETURN_IF_ERROR(create_.old_style ? take_base_type() : take_arguments());
    TROUPE_RETURN_IF_ERROR(check_state());
    TROUPE_RETURN_IF_ERROR(find_functions());
    return put();
  }

 private:
  absl::Status refuse_sets() {
    return with_hint(not_supported_yet("CREATE AGGREGATE of an ordered set"),
                     "Collect the values: array_agg(x ORDER BY x), and a function of the array.");
  }

  absl::Status read_options() {
    AggregateDef& own = function_->aggregate;
    for (const sql::Option* option : create_.options) {
      const std::string_view name = option->name;
      if (name == "sfunc" || name == "sfunc1")
        transition_ = name_in(*option);
      else if (name == "finalfunc")
        final_ = name_in(*option);
      else if (name == "combinefunc")
        combine_ = name_in(*option);
      else if (name == "serialfunc")
        serial_ = name_in(*option);
      else if (name == "deserialfunc")
        deserial_ = name_in(*option);
      else if (name == "msfunc")
        moving_ = name_in(*option);
      else if (name == "minvfunc")
        inverse_ = name_in(*option);
      else if (name == "mfinalfunc")
        moving_final_ = name_in(*option);
      else if (name == "finalfunc_extra")
        own.final_extra = flag_in(*option);
      else if (name == "mfinalfunc_extra")
        own.moving_final_extra = flag_in(*option);
      else if (name == "finalfunc_modify" || name == "mfinalfunc_modify") {
        TROUPE_ASSIGN_OR_RETURN((name[0] == 'm' ? own.moving_final_modify : own.final_modify), modify_in(*option));
      } else if (name == "sortop")
        own.sort_operator = name_in(*option).name;
      else if (name == "basetype")
        base_type_ = option;
      else if (name == "hypothetical") {
        if (flag_in(*option)) return invalid("only ordered-set aggregates can be hypothetical");
      } else if (name == "stype" || name == "stype1")
        state_ = option;
      else if (name == "mstype")
        moving_state_ = option;
      else if (name == "sspace")
        own.state_bytes = std::atoll(text_in(*option).c_str());
      else if (name == "msspace")
        own.moving_state_bytes = std::atoll(text_in(*option).c_str());
      else if (name == "initcond" || name == "initcond1") {
        own.has_initial = true;
        own.initial = text_in(*option);
      } else if (name == "minitcond") {
        own.has_moving_initial = true;
        own.moving_initial = text_in(*option);
      } else if (name == "parallel") {
        const std::string_view value = name_in(*option).name;
        if (value != "safe" && value != "restricted" && value != "unsafe") {
          return error(ErrorCode::kSyntaxError, "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE");
        }
        function_->parallel = static_cast<FunctionParallel>(value[0]);
      } else {
        ddl_.notice(ErrorCode::kSyntaxError, cat("aggregate attribute \"", name, "\" not recognized"));
      }
    }
    if (state_ == nullptr) return invalid("aggregate stype must be specified");
    if (transition_.name.empty()) return invalid("aggregate sfunc must be specified");
    return check_moving_options();
  }

  absl::StatusOr<std::string> modify_in(const sql::Option& option) {
    const std::string_view value = name_in(option).name;
    if (value == "read_only") return std::string("r");
    if (value == "shareable") return std::string("s");
    if (value == "read_write") return std::string("w");
    return error(ErrorCode::kSyntaxError, "parameter \"", option.name,
                 "\" must be READ_ONLY, SHAREABLE, or READ_WRITE");
  }

  absl::Status check_moving_options() {
    const AggregateDef& own = function_->aggregate;
    if (moving_state_ != nullptr) {
      if (moving_.name.empty()) return invalid("aggregate msfunc must be specified when mstype is specified");
      if (inverse_.name.empty()) return invalid("aggregate minvfunc must be specified when mstype is specified");
      return absl::OkStatus();
    }
    const auto needless = [](std::string_view what) {
      return invalid(cat("aggregate ", what, " must not be specified without mstype"));
    };
    if (!moving_.name.empty()) return needless("msfunc");
    if (!inverse_.name.empty()) return needless("minvfunc");
    if (!moving_final_.name.empty()) return needless("mfinalfunc");
    if (own.moving_state_bytes != 0) return needless("msspace");
    if (own.has_moving_initial) return needless("minitcond");
    return absl::OkStatus();
  }

  absl::StatusOr<Oid> type_in(const sql::Option& option) {
    const auto* name = option.value == nullptr ? nullptr : option.value->as<sql::TypeName>();
    if (name != nullptr) {
      TROUPE_ASSIGN_OR_RETURN(const Type type, ddl_usable_type(*name, ddl_));
      return type.oid;
    }
    const TypeInfo* info = find_type_by_name(text_in(option));
    if (info == nullptr) return error(ErrorCode::kUndefinedObject, "type \"", text_in(option), "\" does not exist");
    return info->oid;
  }

  absl::Status take_base_type() {
    if (base_type_ == nullptr) return invalid("aggregate input type must be specified");
    const std::string word = text_in(*base_type_);
    if (word == "any" || word == "ANY") return absl::OkStatus();
    ArgumentDef argument;
    TROUPE_ASSIGN_OR_RETURN(argument.type, type_in(*base_type_));
    function_->arguments.push_back(std::move(argument));
    return absl::OkStatus();
  }

  absl::Status take_arguments() {
    if (base_type_ != nullptr) return invalid("basetype is redundant with aggregate input type specification");
    for (const sql::FunctionParameter* parameter : create_.arguments) {
      ArgumentDef argument;
      argument.name = parameter->name;
      if (parameter->mode == sql::ParameterMode::kVariadic)
        argument.mode = ArgumentMode::variadic;
      else if (parameter->mode == sql::ParameterMode::kOut || parameter->mode == sql::ParameterMode::kInOut) {
        return invalid("aggregates cannot have output arguments");
      }
      if (parameter->type->set_of) return invalid("aggregates cannot accept set arguments");
      if (parameter->default_value != nullptr) return invalid("only input parameters can have default values");
      TROUPE_ASSIGN_OR_RETURN(const Type type, ddl_usable_type(*parameter->type, ddl_));
      argument.type = type.oid;
      if (const TypeDef* domain = ddl_.binder().domain_of(*parameter->type)) argument.domain = domain->oid;
      function_->arguments.push_back(std::move(argument));
    }
    return absl::OkStatus();
  }

  absl::Status check_state() {
    AggregateDef& own = function_->aggregate;
    TROUPE_ASSIGN_OR_RETURN(own.state, type_in(*state_));
    if (moving_state_ != nullptr) {
      TROUPE_ASSIGN_OR_RETURN(own.moving_state, type_in(*moving_state_));
    }
    if (own.state == oid::kInternal) {
      return with_hint(not_supported_yet("an aggregate whose state is of type internal"),
                       "Use a type of which values can be kept: an array, a composite type.");
    }
    if (type_info(own.state).kind == 'p' && !is_polymorphic(own.state)) {
      return invalid(cat("aggregate transition data type cannot be ", format_type(own.state)));
    }
    if (own.has_initial && !is_polymorphic(own.state)) {
      TROUPE_RETURN_IF_ERROR(parse_text(Type{own.state}, own.initial, ddl_.binder().evaluation()).status());
    }
    if (!serial_.name.empty() || !deserial_.name.empty()) {
      return invalid(
          "serialization functions may be specified only when the aggregate transition data type is internal");
    }
    if (!is_polymorphic(own.state)) return absl::OkStatus();
    const bool known = std::ranges::any_of(function_->arguments,
                                           [](const ArgumentDef& argument) { return is_polymorphic(argument.type); });
    if (known) return absl::OkStatus();
    return with_detail(invalid("cannot determine transition data type"),
                       cat("A result of type ", format_type(own.state),
                           " requires at least one input of type anyelement, anyarray, anynonarray, anyenum, anyrange, "
                           "or anymultirange."));
  }

  /// A user's along the path, or the system's. Errors: 42883.
  absl::StatusOr<Found> find(NameValue name, const std::vector<Oid>& oids) {
    std::vector<Type> types;
    for (const Oid type : oids) types.push_back(Type{type});
    TROUPE_ASSIGN_OR_RETURN(const FunctionDef* own, find_own(name, oids));
    Found found;
    if (own != nullptr) {
      if (own->returns_set) return mismatch(cat("function ", described(name, types), " returns a set"));
      TROUPE_RETURN_IF_ERROR(ddl_check_right(*own, kExecute, ddl_));
      found.function.function = own->oid;
      found.result = own->result;
      found.strict = own->strict;
      function_->depends_on.push_back(own->oid);
      return found;
    }
    const auto call = resolve_function(name.name, types);
    if (!call.ok()) {
      return error(ErrorCode::kUndefinedFunction, "function ", described(name, types), " does not exist");
    }
    found.function.name = name.name;
    found.result = call->result.oid;
    found.strict = call->function->strict;
    return found;
  }

  absl::StatusOr<const FunctionDef*> find_own(NameValue name, const std::vector<Oid>& types) {
    std::vector<Oid> schemas = ddl_.context().search_path;
    if (!name.schema.empty() && name.schema != "pg_catalog") {
      const SchemaDef* schema = ddl_.catalog().find_schema(name.schema);
      schemas = schema == nullptr ? std::vector<Oid>{} : std::vector<Oid>{schema->oid};
    }
    for (const Oid schema : schemas) {
      for (const FunctionPtr& function : ddl_.catalog().functions(schema, name.name)) {
        if (function->is_aggregate() || function->procedure) continue;
        if (fits(function->input_types(), types)) return function.get();
      }
    }
    return nullptr;
  }

  /// As they are, or by what any type may stand for. What would need a cast at run time does not fit.
  static bool fits(const std::vector<Oid>& declared, const std::vector<Oid>& given) {
    if (declared.size() != given.size()) return false;
    for (size_t i = 0; i < given.size(); ++i) {
      if (declared[i] == given[i]) continue;
      const bool array = is_array_type(given[i]) || given[i] == oid::kAnyArray || given[i] == oid::kAnyCompatibleArray;
      const bool any = is_polymorphic(declared[i]) &&
                       (array || (declared[i] != oid::kAnyArray && declared[i] != oid::kAnyCompatibleArray));
      const bool text = (declared[i] == oid::kText && given[i] == oid::kVarchar);
      if (!any && !text) return false;
    }
    return true;
  }

  std::vector<Oid> with_inputs(Oid state) const {
    std::vector<Oid> types{state};
    for (const ArgumentDef& argument : function_->arguments) types.push_back(argument.type);
    return types;
  }

  absl::Status find_functions() {
    AggregateDef& own = function_->aggregate;
    TROUPE_ASSIGN_OR_RETURN(const Found transition, find(transition_, with_inputs(own.state)));
    if (!returns(transition, own.state)) return wrong_result("transition", transition_, own.state);
    own.transition = transition.function;
    if (transition.strict && !own.has_initial) {
      const bool begins = !function_->arguments.empty() && can_begin(function_->arguments[0].type, own.state);
      if (!begins) {
        return invalid(
            "must not omit initial value when transition function is strict and transition type is not compatible with "
            "input type");
      }
    }
    function_->result = own.state;
    if (!final_.name.empty()) {
      const std::vector<Oid> types = own.final_extra ? with_inputs(own.state) : std::vector<Oid>{own.state};
      TROUPE_ASSIGN_OR_RETURN(const Found found, find(final_, types));
      if (own.final_extra && found.strict) {
        return invalid("final function with extra arguments must not be declared STRICT");
      }
      own.final_function = found.function;
      function_->result = found.result;
    }
    if (!combine_.name.empty()) {
      TROUPE_ASSIGN_OR_RETURN(const Found found, find(combine_, {own.state, own.state}));
      if (!returns(found, own.state)) return wrong_result("combine", combine_, own.state);
      own.combine = found.function;
    }
    return find_moving();
  }

  absl::Status find_moving() {
    AggregateDef& own = function_->aggregate;
    if (own.moving_state == kNoOid) return absl::OkStatus();
    TROUPE_ASSIGN_OR_RETURN(const Found forward, find(moving_, with_inputs(own.moving_state)));
    if (!returns(forward, own.moving_state)) return wrong_result("transition", moving_, own.moving_state);
    TROUPE_ASSIGN_OR_RETURN(const Found back, find(inverse_, with_inputs(own.moving_state)));
    if (!returns(back, own.moving_state)) return wrong_result("inverse transition", inverse_, own.moving_state);
    if (forward.strict != back.strict) {
      return invalid("strictness of aggregate's forward and inverse transition functions must match");
    }
    own.moving = forward.function;
    own.inverse = back.function;
    Oid result = own.moving_state;
    if (!moving_final_.name.empty()) {
      const std::vector<Oid> types =
          own.moving_final_extra ? with_inputs(own.moving_state) : std::vector<Oid>{own.moving_state};
      TROUPE_ASSIGN_OR_RETURN(const Found found, find(moving_final_, types));
      own.moving_final = found.function;
      result = found.result;
    }
    if (result == function_->result) return absl::OkStatus();
    return invalid(cat("moving-aggregate implementation returns type ", format_type(result),
                       ", but plain implementation returns type ", format_type(function_->result)));
  }

  static bool returns(const Found& found, Oid state) {
    return found.result == state || is_polymorphic(found.result) || is_polymorphic(state);
  }
  /// The first value becomes the state as it is.
  static bool can_begin(Oid input, Oid state) {
    if (input == state || is_polymorphic(input)) return true;
    return (input == oid::kVarchar && state == oid::kText) || (input == oid::kText && state == oid::kVarchar);
  }
  static absl::Status wrong_result(std::string_view what, NameValue name, Oid state) {
    return mismatch(cat("return type of ", what, " function ", name.name, " is not ", format_type(state)));
  }

  absl::Status put() {
    function_->update_signature();
    const ObjectDef* before = ddl_.catalog().find(NameClass::function, function_->schema, function_->signature);
    if (before == nullptr) {
      function_->oid = ddl_.new_oid();
      function_->owner = ddl_.context().role;
    } else {
      const auto& known = static_cast<const FunctionDef&>(*before);
      if (!create_.replace) {
        return error(ErrorCode::kDuplicateFunction, "function \"", function_->name,
                     "\" already exists with same argument types");
      }
      TROUPE_RETURN_IF_ERROR(ddl_check_owner(known, ddl_));
      if (!known.is_aggregate()) {
        return with_detail(error(ErrorCode::kWrongObjectType, "cannot change routine kind"),
                           cat("\"", known.name, "\" is a ", known.procedure ? "procedure" : "function", "."));
      }
      if (known.result != function_->result) {
        return with_hint(invalid("cannot change return type of existing function"),
                         cat("Use DROP AGGREGATE ", ddl_function_name(known), " first."));
      }
      function_->oid = known.oid;
      function_->owner = known.owner;
      function_->acl = known.acl;
      function_->comment = known.comment;
    }
    function_->volatility = FunctionVolatility::immutable;
    ddl_.put(std::move(function_));
    return absl::OkStatus();
  }

  const sql::DefineStatement& create_;
  DdlBuilder& ddl_;
  std::shared_ptr<FunctionDef> function_ = std::make_shared<FunctionDef>();
  NameValue transition_, final_, combine_, serial_, deserial_, moving_, inverse_, moving_final_;
  const sql::Option* base_type_ = nullptr;
  const sql::Option* state_ = nullptr;
  const sql::Option* moving_state_ = nullptr;
};

}  // namespace

absl::Status ddl_create_aggregate(const sql::DefineStatement& create, DdlBuilder& ddl) {
  return AggregateMaker(create, ddl).make();
}

}  // namespace troupe
