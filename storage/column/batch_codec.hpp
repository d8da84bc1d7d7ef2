#pragma once
/// A batch as packed bytes: what rows travel as inside a FlatBuffer's [ubyte]. Columns lie 16-byte aligned relative to
/// the start; declare the field (force_align: 16) and fixed-width columns are read where they lie.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/error.hpp"
#include "storage/base/frame.hpp"
#include "storage/column/value.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

/// Appends to `out`, which must be empty or end 16-byte aligned for the zero-copy reading to apply.
void encode_batch(const Batch& batch, std::string* out);

/// Vectors over `bytes`, which `owner` keeps alive. Every offset is checked: kDataCorrupted for anything else.
absl::StatusOr<Batch> decode_batch(std::string_view bytes, Ref<Shared> owner);
/// The same for bytes inside a frame.
absl::StatusOr<Batch> decode_batch(std::string_view bytes, const FrameBytes& frame);

/// A list of values (a statement's parameters, a key's columns): count, then kind, null flag and payload of each.
void encode_values(std::span<const Value> values, std::string* out);
absl::StatusOr<std::vector<Value>> decode_values(std::string_view bytes);

}  // namespace troupe
