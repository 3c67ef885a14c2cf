// Sanitizers take many times as long: where a test says so, a part of its cases stands for all there.
#pragma once

namespace xent::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace xent::testing
