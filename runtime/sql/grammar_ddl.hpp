#pragma once
/// The productions of data definition and utility statements that more than one file needs; see grammar.hpp.
#include "runtime/sql/grammar.hpp"

namespace troupe::sql {

// -- parse_option.cpp
Option* make_option(TokenStream& in, std::string_view name, const Node* value, uint32_t position);
const NameList* make_name_list(TokenStream& in, Name names, uint32_t position);
List<const Option*> parse_relation_options(TokenStream& in);      ///< (a = 1, toast.b, …)
List<const Option*> parse_with_options(TokenStream& in);          ///< [WITH (…)]
List<const Option*> parse_definition(TokenStream& in);            ///< (a = def_arg, …) of CREATE OPERATOR & co.
List<const Option*> parse_utility_options(TokenStream& in);       ///< (ANALYZE, FORMAT json, …)
List<const Option*> parse_foreign_options(TokenStream& in);       ///< OPTIONS ([ADD|SET|DROP] name 'value', …)
List<const Option*> parse_optional_foreign_options(TokenStream& in);
List<const Option*> parse_sequence_options(TokenStream& in);      ///< any number, maybe none
const Option* parse_sequence_option(TokenStream& in);
bool at_sequence_option(TokenStream& in);
const Expr* parse_boolean_or_string(TokenStream& in);

// -- parse_table.cpp, parse_constraint.cpp, parse_alter_table.cpp, parse_index.cpp
Persistence parse_persistence(TokenStream& in);                   ///< [TEMP | UNLOGGED | …]
Statement* parse_create_table(TokenStream& in, Persistence persistence, uint32_t position);
Statement* parse_create_foreign_table(TokenStream& in, uint32_t position);
const ColumnDefinition* parse_column_definition(TokenStream& in);
const ColumnDefinition* parse_table_function_column(TokenStream& in);  ///< name type [COLLATE c]
const Constraint* parse_table_constraint(TokenStream& in);
const Constraint* parse_column_constraint(TokenStream& in);
bool at_column_constraint(TokenStream& in);
bool at_table_constraint(TokenStream& in);
void parse_deferrability(TokenStream& in, Constraint* constraint);
const PartitionBound* parse_partition_bound(TokenStream& in);
const PartitionBy* parse_partition_by(TokenStream& in);
std::string_view parse_optional_tablespace(TokenStream& in);
std::string_view parse_optional_access_method(TokenStream& in);   ///< [USING name]
OnCommit parse_on_commit(TokenStream& in);
bool parse_with_data(TokenStream& in);
const IndexElement* parse_index_element(TokenStream& in);
Statement* parse_create_index(TokenStream& in, uint32_t position);
Statement* parse_create_view(TokenStream& in, bool replace, Persistence persistence, uint32_t position);
Statement* parse_create_materialized_view(TokenStream& in, Persistence persistence, uint32_t position);
Statement* parse_create_statistics(TokenStream& in, uint32_t position);
Statement* parse_refresh(TokenStream& in);
/// The actions of ALTER TABLE t …, or (composite) of ALTER TYPE t ….
List<const AlterTableAction*> parse_alter_table_actions(TokenStream& in, bool composite);
Statement* parse_alter_all_in_tablespace(TokenStream& in, ObjectKind object, uint32_t position);

// -- parse_object_ref.cpp
/// The words that name a kind of object: TABLE, MATERIALIZED VIEW, TEXT SEARCH PARSER, …
bool parse_object_kind(TokenStream& in, ObjectKind* kind);
const ObjectRef* parse_object_ref(TokenStream& in, ObjectKind kind);
ObjectRef* make_object_ref(TokenStream& in, ObjectKind kind, Name name, uint32_t position);
const ObjectRef* parse_routine_ref(TokenStream& in, ObjectKind kind);   ///< f [(types)]
const ObjectRef* parse_operator_ref(TokenStream& in);                   ///< op (left, right)
bool is_relation(ObjectKind kind);

// -- parse_routine.cpp
Statement* parse_create_function(TokenStream& in, bool replace, uint32_t position);
Statement* parse_alter_function(TokenStream& in, const ObjectRef* target, uint32_t position);
Statement* parse_do(TokenStream& in);
Statement* parse_call_statement(TokenStream& in);
List<const FunctionParameter*> parse_parameters(TokenStream& in);       ///< (…)
/// (*), (a, b), (a ORDER BY b)
void parse_aggregate_arguments(TokenStream& in, bool* star, List<const FunctionParameter*>* direct,
                               List<const FunctionParameter*>* ordered);

// -- parse_create.cpp, parse_alter.cpp, parse_drop.cpp and what they dispatch to
Statement* parse_create(TokenStream& in);
Statement* parse_alter(TokenStream& in);
Statement* parse_drop(TokenStream& in);
Statement* parse_create_type(TokenStream& in, uint32_t position);
Statement* parse_alter_type(TokenStream& in, uint32_t position);
Statement* parse_create_domain(TokenStream& in, uint32_t position);
Statement* parse_alter_domain(TokenStream& in, uint32_t position);
Statement* parse_create_sequence(TokenStream& in, Persistence persistence, uint32_t position);
Statement* parse_create_schema(TokenStream& in, uint32_t position);
Statement* parse_define(TokenStream& in, ObjectKind kind, bool replace, uint32_t position);
Statement* parse_create_trigger(TokenStream& in, bool replace, bool constraint, uint32_t position);
Statement* parse_create_event_trigger(TokenStream& in, uint32_t position);
Statement* parse_create_rule(TokenStream& in, bool replace, uint32_t position);
Statement* parse_create_policy(TokenStream& in, uint32_t position);
Statement* parse_alter_policy(TokenStream& in, uint32_t position);
Statement* parse_create_extension(TokenStream& in, uint32_t position);
Statement* parse_alter_extension(TokenStream& in, uint32_t position);
Statement* parse_create_publication(TokenStream& in, uint32_t position);
Statement* parse_alter_publication(TokenStream& in, uint32_t position);
// -- parse_stream.cpp
bool at_consumer_group(TokenStream& in);
Statement* parse_create_stream(TokenStream& in, uint32_t position);
Statement* parse_alter_stream(TokenStream& in, uint32_t position);
Statement* parse_create_consumer_group(TokenStream& in, uint32_t position);
Statement* parse_alter_consumer_group(TokenStream& in, uint32_t position);
Statement* parse_drop_consumer_group(TokenStream& in, uint32_t position);
Statement* parse_subscribe_stream(TokenStream& in, uint32_t position);
Statement* parse_consume(TokenStream& in);
Statement* parse_acknowledge(TokenStream& in);  ///< and REJECT
// -- parse_pattern.cpp
Statement* parse_create_pattern(TokenStream& in, uint32_t position);
Statement* parse_create_subscription(TokenStream& in, uint32_t position);
Statement* parse_alter_subscription(TokenStream& in, uint32_t position);
Statement* parse_create_database(TokenStream& in, uint32_t position);
Statement* parse_alter_database(TokenStream& in, uint32_t position);
Statement* parse_drop_database(TokenStream& in, uint32_t position);
Statement* parse_create_tablespace(TokenStream& in, uint32_t position);
Statement* parse_create_cast(TokenStream& in, uint32_t position);
Statement* parse_create_transform(TokenStream& in, bool replace, uint32_t position);
Statement* parse_create_language(TokenStream& in, bool replace, bool trusted, uint32_t position);
Statement* parse_create_conversion(TokenStream& in, bool is_default, uint32_t position);
Statement* parse_create_access_method(TokenStream& in, uint32_t position);
Statement* parse_create_operator_class(TokenStream& in, uint32_t position);
Statement* parse_create_operator_family(TokenStream& in, uint32_t position);
Statement* parse_alter_operator_family(TokenStream& in, const ObjectRef* family, uint32_t position);
Statement* parse_alter_text_search(TokenStream& in, const ObjectRef* target, uint32_t position);
Statement* parse_foreign_wrapper(TokenStream& in, ForeignStatement::Verb verb, uint32_t position);
Statement* parse_foreign_server(TokenStream& in, ForeignStatement::Verb verb, uint32_t position);
Statement* parse_user_mapping(TokenStream& in, ForeignStatement::Verb verb, uint32_t position);
Statement* parse_import_foreign(TokenStream& in);
Statement* parse_comment(TokenStream& in);
Statement* parse_security_label(TokenStream& in);

// -- parse_role.cpp, parse_grant.cpp
const RoleName* parse_role(TokenStream& in);
List<const RoleName*> parse_roles(TokenStream& in);
Statement* parse_create_role(TokenStream& in, RoleKind kind, uint32_t position);
Statement* parse_alter_role(TokenStream& in, bool group, uint32_t position);
Statement* parse_grant(TokenStream& in);
Statement* parse_revoke(TokenStream& in);
Statement* parse_alter_default_privileges(TokenStream& in, uint32_t position);
Statement* parse_reassign_owned(TokenStream& in);
Statement* parse_drop_owned(TokenStream& in, uint32_t position);

// -- parse_set.cpp, parse_transaction.cpp, parse_utility.cpp
Statement* parse_set(TokenStream& in);
const SetStatement* parse_set_or_reset(TokenStream& in);   ///< SET … or RESET … of ALTER ROLE, ALTER FUNCTION, …
Statement* parse_reset(TokenStream& in);
Statement* parse_show(TokenStream& in);
List<const Option*> parse_transaction_modes(TokenStream& in);
Statement* parse_transaction(TokenStream& in);
Statement* parse_utility(TokenStream& in);                 ///< null: not one of them
Statement* parse_explain(TokenStream& in);
Statement* parse_maintenance(TokenStream& in);             ///< VACUUM, ANALYZE, REINDEX, CLUSTER
Statement* parse_cursor_statement(TokenStream& in);        ///< DECLARE, FETCH, MOVE, CLOSE
Statement* parse_statement_node(TokenStream& in);          ///< any statement

}  // namespace troupe::sql
