#pragma once
/// Bytes that nobody can guess: nonces, salts, keys to cancel by. A simulation passes a source of its own.
#include <cstddef>
#include <functional>
#include <string>

namespace troupe {

/// Safe to call from any thread.
using SecretSource = std::function<std::string(size_t size)>;

/// OpenSSL's.
std::string random_secret(size_t size);

}  // namespace troupe
