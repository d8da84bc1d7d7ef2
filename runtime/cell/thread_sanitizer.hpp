#pragma once
/// For ThreadSanitizer (preset tsan): Debian's CAF is not instrumented, so that it is not seen to hand anything from
/// one thread to another. ActorOf says so itself. Nothing in other builds.
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace troupe {

#if defined(__SANITIZE_THREAD__)
/// All that this thread has done so far is seen by whoever takes `it` over later.
inline void hand_over(const void* it) { __tsan_release(const_cast<void*>(it)); }
inline void take_over(const void* it) { __tsan_acquire(const_cast<void*>(it)); }
#else
inline void hand_over(const void*) {}
inline void take_over(const void*) {}
#endif

}  // namespace troupe
