#pragma once
/// CRC-32C (Castagnoli, RFC 3720), by the SSE 4.2 instruction where the processor has it.
#include <cstdint>
#include <string_view>

namespace troupe {

uint32_t crc32c(std::string_view data, uint32_t seed = 0);

}  // namespace troupe
