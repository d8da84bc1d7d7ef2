#pragma once
/// Casts: pg_cast, I/O conversions, array casts and type modifiers.
#include <span>
#include <string_view>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/value.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

enum class CastContext : uint8_t { kImplicit, kAssignment, kExplicit };

/// Converts one column. The input's nulls are already null in `out`; a kernel writes the other rows only.
using CastKernel = absl::Status (*)(const Vector& in, uint32_t rows, Type from, Type to, EvalContext& context,
                                    Vector& out);

enum class CastMethod : uint8_t {
  kNone,      ///< same representation: nothing to do
  kKernel,    ///< a conversion of its own
  kTextInput, ///< from a string type through parse_text()
  kTextOutput,///< to a string type through format_text()
  kArray,     ///< element by element
};

/// How to get from one type to another, typmod included. Plan once, run on many batches.
struct CastPlan {
  Type from;
  Type to;
  CastMethod method = CastMethod::kNone;
  CastKernel kernel = nullptr;
  CastContext context = CastContext::kImplicit;
  bool applies_typmod = false;
  bool is_noop() const { return method == CastMethod::kNone && !applies_typmod; }
};

/// Whether pg_cast (with I/O conversions and arrays) allows it. unknown casts to anything.
bool can_cast(Oid from, Oid to, CastContext context);
/// Errors: 42846 `cannot cast type integer to date`. A caller that assigns words its own 42804.
absl::StatusOr<CastPlan> plan_cast(Type from, Type to, CastContext context);

absl::Status run_cast(const CastPlan& plan, const Vector& in, uint32_t rows, EvalContext& context, Vector& out);
absl::StatusOr<Value> run_cast(const CastPlan& plan, const Value& in, EvalContext& context);

/// One row of pg_cast, for the catalog and for can_cast().
struct CastInfo {
  Oid from;
  Oid to;
  CastContext context;
  CastKernel kernel;  ///< null: binary coercible, or by text
  bool by_text = false;
};
std::span<const CastInfo> all_casts();
const CastInfo* find_cast(Oid from, Oid to);

}  // namespace troupe
