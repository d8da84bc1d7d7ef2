#include "runtime/exec/messages.hpp"

namespace troupe {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;
using Bytes = flatbuffers::Offset<flatbuffers::Vector<uint8_t>>;

/// What columns need to be used where they lie.
constexpr size_t kBatchAlignment = 16;

const uint8_t* raw(std::string_view bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

Bytes add_bytes(Builder& builder, std::string_view bytes) {
  return bytes.empty() ? Bytes{} : builder.CreateVector(raw(bytes), bytes.size());
}

Bytes add_aligned(Builder& builder, std::string_view bytes) {
  if (bytes.empty()) return {};
  builder.ForceVectorAlignment(bytes.size(), 1, kBatchAlignment);
  return builder.CreateVector(raw(bytes), bytes.size());
}

}  // namespace

ReadFrame build_read(const ReadParts& parts) {
  Builder& builder = frame_builder();
  const Bytes definition = add_bytes(builder, parts.definition);
  const Bytes params = add_bytes(builder, parts.params);
  const Bytes keys = add_bytes(builder, parts.keys);
  const Bytes resume = add_bytes(builder, parts.resume);
  return finish_frame(builder, schema::CreateRead(builder, &parts.head, definition, params, keys, resume));
}

ReadResultFrame build_read_result(const ReadResultParts& parts) {
  Builder& builder = frame_builder();
  const Bytes batch = add_aligned(builder, parts.batch);
  flatbuffers::Offset<flatbuffers::Vector<uint32_t>> ordinals;
  if (!parts.ordinals.empty()) ordinals = builder.CreateVector(parts.ordinals.data(), parts.ordinals.size());
  const Bytes resume = add_bytes(builder, parts.resume);
  const Bytes keys = add_bytes(builder, parts.keys);
  const Bytes error = add_bytes(builder, parts.error);
  const Bytes rows_read = add_bytes(builder, parts.rows_read);
  return finish_frame(builder, schema::CreateReadResult(builder, &parts.head, batch, ordinals, resume, keys, error,
                                                        parts.entries, rows_read));
}

ReadResultFrame failed_read(const schema::ReadHead& question, const absl::Status& status) {
  const std::string encoded = encode_error(status);
  ReadResultParts parts;
  parts.head.mutate_request(question.request());
  parts.head.mutate_partition(question.partition());
  parts.head.mutate_status(schema::ReadStatus::failed);
  parts.error = encoded;
  return build_read_result(parts);
}

WriteFrame build_write(const WriteParts& parts) {
  Builder& builder = frame_builder();
  const Bytes definition = add_bytes(builder, parts.definition);
  const Bytes params = add_bytes(builder, parts.params);
  const Bytes keys = add_bytes(builder, parts.keys);
  const Bytes rows = add_bytes(builder, parts.rows);
  const Bytes skip = add_bytes(builder, parts.skip);
  return finish_frame(builder, schema::CreateWrite(builder, &parts.head, definition, params, keys, rows, skip,
                                                   parts.moved_scn, parts.moved_command));
}

WriteFrame with_skipped(const WriteFrame& question, std::string_view skip) {
  WriteParts parts;
  parts.head = *question->head();
  parts.definition = bytes_view(question->definition());
  parts.params = bytes_view(question->params());
  parts.keys = bytes_view(question->keys());
  parts.rows = bytes_view(question->rows());
  parts.skip = skip;
  parts.moved_scn = question->moved_scn();
  parts.moved_command = question->moved_command();
  return build_write(parts);
}

WriteResultFrame build_write_result(const WriteResultParts& parts) {
  Builder& builder = frame_builder();
  const Bytes returning = add_aligned(builder, parts.returning);
  const Bytes outcomes = add_bytes(builder, parts.outcomes);
  const Bytes unique_changes = add_bytes(builder, parts.unique_changes);
  const Bytes existing = add_bytes(builder, parts.existing);
  const Bytes redo = add_bytes(builder, parts.redo);
  const Bytes error = add_bytes(builder, parts.error);
  const Bytes moved = add_bytes(builder, parts.moved);
  return finish_frame(builder, schema::CreateWriteResult(builder, &parts.head, outcomes, returning, unique_changes,
                                                         existing, redo, error, moved));
}

WriteResultFrame failed_write(const schema::WriteHead& question, const absl::Status& status) {
  const std::string encoded = encode_error(status);
  WriteResultParts parts;
  parts.head.mutate_request(question.request());
  parts.head.mutate_partition(question.partition());
  parts.head.mutate_status(schema::WriteStatus::failed);
  parts.error = encoded;
  return build_write_result(parts);
}

void append_unique_change(const UniqueChange& change, std::string* out) {
  ByteWriter writer(out);
  writer.varint(change.key_ordinal);
  writer.varint(change.index);
  writer.u64(change.row_hash);
  writer.u8(static_cast<uint8_t>((change.has_old ? 1 : 0) | (change.has_new ? 2 : 0)));
  if (change.has_old) {
    writer.u64(change.old_hash);
    writer.bytes(change.old_key);
  }
  if (change.has_new) {
    writer.u64(change.new_hash);
    writer.bytes(change.new_key);
  }
}

bool next_unique_change(ByteReader* in, UniqueChange* change) {
  if (in->at_end()) return false;
  *change = {};
  change->key_ordinal = static_cast<uint32_t>(in->varint());
  change->index = static_cast<TreeId>(in->varint());
  change->row_hash = in->u64();
  const uint8_t present = in->u8();
  change->has_old = (present & 1) != 0;
  change->has_new = (present & 2) != 0;
  if (change->has_old) {
    change->old_hash = in->u64();
    change->old_key = in->bytes();
  }
  if (change->has_new) {
    change->new_hash = in->u64();
    change->new_key = in->bytes();
  }
  return in->ok();
}

void append_moved_key(const MovedKey& moved, std::string* out) {
  ByteWriter writer(out);
  writer.varint(moved.key_ordinal);
  writer.varint(moved.scn);
  writer.varint(moved.command);
  writer.bytes(moved.place);
}

bool next_moved_key(ByteReader* in, MovedKey* moved) {
  if (in->at_end()) return false;
  moved->key_ordinal = static_cast<uint32_t>(in->varint());
  moved->scn = in->varint();
  moved->command = static_cast<uint32_t>(in->varint());
  moved->place = in->bytes();
  return in->ok();
}

}  // namespace troupe
