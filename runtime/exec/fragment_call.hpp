#pragma once
/// A fragment as a plan calls it: its definition and id, and where its parameters come from. Shared by executions.
#include <atomic>
#include <string>
#include <vector>

#include "runtime/exec/fragment_spec.hpp"
#include "runtime/exec/messages.hpp"
#include "runtime/exec/operator.hpp"

namespace troupe {

class FragmentCall {
 public:
  /// Parameters and slots in the spec's expressions become the fragment's own parameters.
  explicit FragmentCall(FragmentSpec spec);
  FragmentCall(const FragmentCall&) = delete;
  FragmentCall& operator=(const FragmentCall&) = delete;

  uint64_t id() const { return id_; }
  std::string params(const Run& run) const;
  /// The definition, when `partition` has not been told it by this plan yet; else nothing.
  std::string_view definition_for(PartitionId partition) const;
  const std::string& definition() const { return definition_; }

 private:
  struct Input {
    bool is_slot = false;
    uint32_t index = 0;
  };
  ExprPtr renumber(const ExprPtr& expr);
  void renumber_all(FragmentSpec* spec);

  std::string definition_;
  uint64_t id_ = 0;
  bool needs_context_ = false;  ///< an expression looks at the clock or settings
  std::vector<Input> inputs_;
  mutable std::atomic<uint64_t> told_{0};  ///< partitions, modulo 64
};

/// What every fragment of a table says about it.
void describe_table(const TableDef& table, FragmentSpec* spec);

}  // namespace troupe
