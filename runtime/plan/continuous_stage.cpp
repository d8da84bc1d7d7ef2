/// A stage read: what it reads, its types, and what its rows are told by. The texts are in continuous_texts.
#include "runtime/plan/continuous_stage.hpp"

#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/continuous_scope.hpp"
#include "runtime/plan/continuous_text.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

using Kind = ContinuousShape::Kind;

/// Each place where a query reads a table doubles what a batch may have to ask.
constexpr size_t kPlacesMax = 6;
/// Changes are few, so that what they join with is looked up rather than read whole.
constexpr double kChangedRows = 10;

/// What makes an expression depend on more than its row; empty: nothing.
std::string unsteady_part(const Expr& expr) {
  std::string part;
  visit_expr(expr, [&](const Expr& inner) {
    if (!part.empty() || volatility_of(inner) == Volatility::kImmutable) return;
    const bool call = inner.kind == ExprKind::kCall && inner.call.function != nullptr;
    if (call && inner.call.function->volatility != Volatility::kImmutable) part = cat(inner.call.function->name, "()");
  });
  return part.empty() ? std::string("an expression whose value may change though the rows stay the same")
                      : cat(part, ", whose value may change though the rows stay the same");
}

bool is_summable(Type type) {
  return type.oid == oid::kInt2 || type.oid == oid::kInt4 || type.oid == oid::kInt8 || type.oid == oid::kNumeric;
}

/// The tables that no join of the item leaves out.
void find_anchors(const sql::FromItem& item, std::vector<const sql::TableRef*>* out) {
  if (const auto* table = item.as<sql::TableRef>()) out->push_back(table);
  const auto* join = item.as<sql::JoinExpr>();
  if (join == nullptr) return;
  if (join->type != sql::JoinType::kRight) find_anchors(*join->left, out);
  if (join->type != sql::JoinType::kLeft) find_anchors(*join->right, out);
}

}  // namespace

absl::StatusOr<std::vector<ContinuousStage::Column>> continuous_columns(std::string_view text, Oid owner,
                                                                        const PlanContext& context) {
  Binder binder(context);
  TROUPE_ASSIGN_OR_RETURN(const QueryPtr query, binder.bind_stored_query(text, owner));
  std::vector<ContinuousStage::Column> columns;
  for (const BoundTarget& target : query->targets) columns.push_back({target.name, target.value->type});
  return columns;
}

absl::StatusOr<std::shared_ptr<ContinuousStage>> ContinuousStage::make(const std::string& query,
                                                                       const Setting& setting) {
  std::shared_ptr<ContinuousStage> stage(new ContinuousStage());
  stage->text_ = query;
  stage->rows_name_ = setting.rows;
  stage->number_ = setting.number;
  stage->inputs_ = setting.inputs;
  TROUPE_RETURN_IF_ERROR(stage->read(setting));
  TROUPE_RETURN_IF_ERROR(stage->check_query(setting));
  TROUPE_RETURN_IF_ERROR(stage->find_keys(setting));
  TROUPE_RETURN_IF_ERROR(stage->find_types(setting));
  TROUPE_RETURN_IF_ERROR(stage->check_keys());
  stage->write_statements();
  TROUPE_RETURN_IF_ERROR(stage->check_statements(setting));
  return stage;
}

void ContinuousStage::keep_in(std::string rows) {
  rows_name_ = std::move(rows);
  steps_.clear();
  write_statements();
}

absl::Status ContinuousStage::read(const Setting& setting) {
  TROUPE_ASSIGN_OR_RETURN(parsed_, sql::parse_statement(text_));
  const auto* query = parsed_->statements()[0].node->as<sql::SelectStatement>();
  if (query == nullptr) return cannot_be_continuous("what is no SELECT");
  TROUPE_ASSIGN_OR_RETURN(shape_, continuous_shape(*query));
  for (size_t part = 0; part < shape_.parts.size(); ++part) {
    const ContinuousPart& read = shape_.parts[part];
    if (read.tables.size() > kPlacesMax) return cannot_be_continuous(cat("joins of more than ", kPlacesMax, " tables"));
    for (size_t i = 0; i < read.tables.size(); ++i) {
      TROUPE_ASSIGN_OR_RETURN(const uint32_t input, setting.input(*read.tables[i]));
      places_.push_back({read.tables[i], input, part, i < read.in_from, false});
    }
  }
  if (places_.size() > 48) return cannot_be_continuous("unions of more than 48 tables");
  return absl::OkStatus();
}

/// The query is bound once as it is: its columns' types, and whether it depends on anything but its tables.
absl::Status ContinuousStage::check_query(const Setting& setting) {
  const auto& query = parsed_->statements()[0].node->to<sql::SelectStatement>();
  Binder binder(*setting.context);
  TROUPE_ASSIGN_OR_RETURN(const QueryPtr bound,
                          binder.bind_stored_query(sql::to_sql(query, names_with(0)), setting.owner));
  absl::Status status;
  visit_query(*bound, [&](const ExprPtr& expr) {
    if (!status.ok() || volatility_of(*expr) == Volatility::kImmutable) return;
    status = cannot_be_continuous(unsteady_part(*expr));
  });
  TROUPE_RETURN_IF_ERROR(status);
  if (bound->has_table_functions) return cannot_be_continuous("set-returning functions in the select list");
  for (const PlanDependency& dependency : binder.dependencies) {
    const ObjectDef* object = setting.context->catalog->find(dependency.oid);
    if (object != nullptr && object->kind == ObjectKind::function) {
      return cannot_be_continuous(cat("functions of users (", object->name, ")"));
    }
  }
  for (const BoundTarget& target : bound->targets) columns_.push_back(target.value->type);
  return absl::OkStatus();
}

absl::Status ContinuousStage::find_keys(const Setting&) {
  const bool spelled = std::any_of(columns_.begin(), columns_.end(), spells_equals_differently);
  if (shape_.kind == Kind::kSums && shape_.distinct && shape_.parts.size() == 1 && spelled) {
    shape_.kind = Kind::kKeys;  // the value that is shown may be that of the row that goes
    shape_.distinct = false;
    shape_.single = true;
    for (const sql::Target* target : shape_.parts[0].query->targets) shape_.keys.push_back(target->value);
  }
  for (const sql::Expr* key : shape_.keys) keys_.push_back(cat("(", sql::to_sql(*key), ")"));
  if (!shape_.anchored || shape_.kind != Kind::kKeys) return absl::OkStatus();
  std::vector<const sql::TableRef*> anchors;
  for (const sql::FromItem* item : shape_.parts[0].query->from) find_anchors(*item, &anchors);
  if (anchors.empty()) return cannot_be_continuous("outer joins of no table");
  for (Place& place : places_) {
    place.anchor = std::find(anchors.begin(), anchors.end(), place.ref) != anchors.end();
    if (!place.anchor) continue;
    const ContinuousInput& input = (*inputs_)[place.input];
    if (input.key.empty())
      return cannot_be_continuous("outer joins and subqueries of tables without a comparable column");
    for (const size_t column : input.key) {
      keys_.push_back(column_name(place, column));
      key_types_.push_back(input.columns[column].type);
    }
  }
  return absl::OkStatus();
}

absl::Status ContinuousStage::find_types(const Setting& setting) {
  if (shape_.distinct) key_types_ = columns_;
  if (shape_.distinct || shape_.kind == Kind::kRows || shape_.anchored) return absl::OkStatus();
  const std::vector<std::string> columns = source_columns(shape_.parts[0]);
  if (columns.empty()) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(const auto types, continuous_columns(part_source(0, 0, false, continuous_list(columns)),
                                                               setting.owner, *setting.context));
  for (size_t i = 0; i < types.size(); ++i) (i < keys_.size() ? key_types_ : sum_types_).push_back(types[i].type);
  if (shape_.kind != Kind::kSums) return absl::OkStatus();
  // Sums of floating point numbers, say, cannot be taken back; nor can the looks of a group whose row is gone.
  bool adds = std::none_of(key_types_.begin(), key_types_.end(), spells_equals_differently);
  for (size_t i = 0; i < shape_.sums.size(); ++i) {
    adds = adds && (shape_.sums[i].kind == ContinuousAggregate::Kind::kCount || is_summable(sum_types_[i]));
  }
  if (!adds) {
    shape_.kind = Kind::kKeys;
    shape_.sums.clear();
  }
  return absl::OkStatus();
}

absl::Status ContinuousStage::check_keys() const {
  for (const Type& type : key_types_) {
    if (is_continuous_key(type)) continue;
    return cannot_be_continuous(cat(shape_.anchored ? "outer joins and subqueries by keys of type " : "groups of type ",
                                    format_type(type.oid)));
  }
  return absl::OkStatus();
}

/// Binds what can be bound before the view's tables are there: it tells the types, and nothing is found out only when
/// changes come.
absl::Status ContinuousStage::check_statements(const Setting& setting) {
  SystemTables known = *setting.context->system_tables;
  add_relations(&known);
  PlanContext inner = *setting.context;
  inner.system_tables = &known;
  const auto bind = [&](const std::string& text) { return continuous_columns(text, setting.owner, inner); };
  TROUPE_ASSIGN_OR_RETURN(state_, bind(fill_));
  const std::string changes = change(reads());
  if (changes.empty()) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(change_, bind(changes));
  if (shape_.kind != Kind::kKeys) return absl::OkStatus();
  SystemTables all = *setting.context->system_tables;
  add_relations(&all);
  inner.system_tables = &all;
  return bind(by_keys(true, true)).status();
}

uint64_t ContinuousStage::reads() const {
  uint64_t inputs = 0;
  for (const Place& place : places_) inputs |= uint64_t{1} << place.input;
  return inputs;
}

void ContinuousStage::add_relations(SystemTables* all) const {
  const auto add = [&](std::string name, std::vector<SystemColumn> columns, std::shared_ptr<ValueRows> rows) {
    SystemTable table;
    table.oid = 2;  // of none in the catalog
    table.name = std::move(name);
    table.columns = std::move(columns);
    table.rows = kChangedRows;
    table.produce = [rows = std::move(rows)](const SystemEnvironment&, ValueRows* out) {
      *out = *rows;
      return absl::OkStatus();
    };
    all->add(std::move(table));
  };
  for (size_t place = 0; place < places_.size(); ++place) {
    const ContinuousInput& input = (*inputs_)[places_[place].input];
    std::vector<SystemColumn> columns = input.columns;
    columns.push_back({continuous_weight(place), Type{oid::kInt8}});
    add(delta_name(place), std::move(columns), input.changes);
  }
  std::vector<SystemColumn> columns;
  for (const Column& column : change_) columns.push_back({column.name, column.type});
  if (columns.empty()) columns.push_back({"k", Type{oid::kBytea}});
  add(change_name(), std::move(columns), change_rows_);
}

}  // namespace troupe
