// Feeds arbitrary bytes to everything that reads a client's bytes: the message reader in pieces, COPY's readers and the
// SCRAM server. The first byte chooses which, the second the size of the pieces. Whatever comes, no reader may run past
// its input, give views that are not readable, or disagree with itself when the pieces differ.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "runtime/protocol/copy_reader.hpp"
#include "runtime/protocol/frontend_reader.hpp"
#include "runtime/security/scram.hpp"

namespace troupe {
namespace {

/// Reads every byte, so that a sanitizer sees a view that is not readable.
size_t touch(std::string_view view) {
  size_t sum = 0;
  for (const char c : view) sum = sum * 31 + static_cast<unsigned char>(c);
  return sum;
}

struct Touch {
  size_t operator()(const auto&) const { return 0; }
  size_t operator()(const StartupMessage& message) const {
    size_t sum = 0;
    message.for_each([&](std::string_view name, std::string_view value) { sum += touch(name) + touch(value); });
    return sum;
  }
  size_t operator()(const QueryMessage& message) const { return touch(message.sql); }
  size_t operator()(const ParseMessage& message) const {
    size_t sum = touch(message.statement) + touch(message.sql);
    for (uint16_t i = 0; i < message.types.size(); ++i) sum += message.types[i];
    return sum;
  }
  size_t operator()(const BindMessage& message) const {
    size_t sum = touch(message.portal) + touch(message.statement);
    size_t i = 0;
    for (const auto value : message.parameters) {
      sum += static_cast<size_t>(message.parameter_formats.of(i++)) + touch(value.value_or("null"));
    }
    for (uint16_t column = 0; column < message.result_formats.size(); ++column) {
      sum += static_cast<size_t>(message.result_formats.of(column));
    }
    return sum;
  }
  size_t operator()(const DescribeMessage& message) const { return touch(message.name); }
  size_t operator()(const CloseMessage& message) const { return touch(message.name); }
  size_t operator()(const ExecuteMessage& message) const { return touch(message.portal); }
  size_t operator()(const CopyDataMessage& message) const { return touch(message.data); }
  size_t operator()(const CopyFailMessage& message) const { return touch(message.reason); }
  size_t operator()(const PasswordMessage& message) const {
    const auto sasl = SaslInitialResponse::parse(message.body);
    return touch(message.password().value_or("")) + (sasl ? touch(sasl->response.value_or("")) : 0);
  }
};

void fuzz_messages(std::string_view data, size_t piece, bool started) {
  FrontendReader reader;
  std::string stream;
  if (started) stream = std::string("\0\0\0\x10\0\3\0\0user\0u\0\0", 16);
  stream += data;
  FrontendMessage message;
  size_t sum = 0;
  for (std::string_view rest = stream; !rest.empty();) {
    const auto room = reader.prepare();
    const size_t size = std::min({piece, rest.size(), room.size()});
    std::memcpy(room.data(), rest.data(), size);
    reader.received(size);
    rest.remove_prefix(size);
    for (;;) {
      const Received got = reader.next(&message);
      if (got == Received::kMessage) sum += std::visit(Touch{}, message);
      if (got == Received::kFatal) return;
      if (got == Received::kNeedMore) break;
    }
  }
  volatile size_t sink = sum;
  (void)sink;
}

/// Everything a COPY reader gives, as one string.
std::string copy_outcome(const CopyOptions& options, std::string_view data, size_t piece) {
  auto reader = CopyReader::make(options, {"t", {"a", "b"}});
  std::string outcome;
  for (size_t at = 0;;) {
    switch (reader->next_row()) {
      case CopyRead::kRow:
        for (const CopyField& field : reader->row()) outcome += field ? cat("[", *field, "]") : "-";
        outcome += '\n';
        break;
      case CopyRead::kNeedMore:
        if (at >= data.size()) {
          reader->finish();
        } else {
          reader->feed(data.substr(at, piece));
          at += piece;
        }
        break;
      case CopyRead::kEnd: return outcome;
      case CopyRead::kError: return outcome + std::string(reader->error().message());
    }
  }
}

void fuzz_copy(std::string_view data, size_t piece, uint8_t choice) {
  CopyOptions options;
  options.format = static_cast<CopyFormat>(choice % 3);
  options.header = static_cast<CopyHeader>(choice / 3 % 3);
  if (options.format == CopyFormat::kBinary) options.header = CopyHeader::kNo;
  if (options.format == CopyFormat::kCsv) {
    options.delimiter = ',';
    options.null_text = "";
    if (choice & 64) options.escape = '\\';
  }
  if (copy_outcome(options, data, piece) != copy_outcome(options, data, data.size() + 1)) std::abort();
}

void fuzz_scram(std::string_view data) {
  static const ScramVerifier verifier = make_scram_verifier("password", "salt", 1);
  ScramServer server(verifier, "nonce");
  const size_t half = data.size() / 2;
  (void)server.server_first(data.substr(0, half));
  (void)server.server_final(data.substr(half));
  (void)parse_scram_verifier(data);
}

}  // namespace
}  // namespace troupe

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size < 2) return 0;
  const std::string_view data(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  const size_t piece = bytes[1] == 0 ? data.size() + 1 : bytes[1];
  switch (bytes[0] & 3) {
    case 0: troupe::fuzz_messages(data, piece, false); break;
    case 1: troupe::fuzz_messages(data, piece, true); break;
    case 2: troupe::fuzz_copy(data, piece, bytes[0] >> 2); break;
    default: troupe::fuzz_scram(data); break;
  }
  return 0;
}
