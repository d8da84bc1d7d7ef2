#pragma once
/// ROW(...) as it was written, not (yet) of a composite type: it is compared field by field.
#include "runtime/plan/expr.hpp"

namespace troupe {

inline bool is_untyped_row(const Expr& expr) { return expr.kind == ExprKind::kRow && expr.type.oid == oid::kRecord; }

}  // namespace troupe
