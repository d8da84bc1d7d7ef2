#pragma once
/// How much longer things take in this build. For times that only bound how long a test waits; what it asserts does not
/// change. tests/CMakeLists.txt has the same for whole tests.

namespace troupe {

#if defined(__SANITIZE_THREAD__)
inline constexpr int kSlowness = 8;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr int kSlowness = 4;
#else
inline constexpr int kSlowness = 1;
#endif

}  // namespace troupe
