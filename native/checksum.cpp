#include "checksum.hpp"

// Whole numbers only, so both versions give the same sum. The processor picks at load time.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define SAFEHOLD_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define SAFEHOLD_WIDE
#endif

namespace safehold {

// Each step can be undone, so that different words in one place never look alike; multiplying twice with a
// shift between spreads a flipped top bit, or two such flips would cancel each other out.
SAFEHOLD_WIDE std::uint64_t checksum(const std::uint64_t* words, std::size_t count, std::uint64_t position) {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k < count; ++k) {
        std::uint64_t word = (words[k] ^ ((position + k) * kOdd)) * kOdd;
        word = (word ^ (word >> 32U)) * kOdd;
        sum += word ^ (word >> 29U);
    }
    return sum;
}

}  // namespace safehold
