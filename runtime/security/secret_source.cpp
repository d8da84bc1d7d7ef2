#include "runtime/security/secret_source.hpp"

#include <openssl/rand.h>

#include "storage/base/check.hpp"

namespace troupe {

std::string random_secret(size_t size) {
  std::string bytes(size, '\0');
  TROUPE_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) == 1);
  return bytes;
}

}  // namespace troupe
