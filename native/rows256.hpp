// Distances between fingerprints of 256 bits, which is what PDQ has. Compiled for several sets of
// instructions, one of which is chosen at run time: the build needs no processor flags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace safehold {

inline constexpr std::size_t kRowBits = 256;
inline constexpr std::size_t kRowBytes = kRowBits / 8;
inline constexpr std::size_t kRowWords = kRowBytes / sizeof(std::uint64_t);

struct Near {
    std::uint32_t row;
    std::uint32_t distance;  // differing bits
};

enum class Instructions { plain, avx2, avx512 };

// The functions append to `found`. table: rows of kRowWords words each.
struct RowKernel {
    // Every row from `first` to before `last` within max_distance of the query, in ascending order.
    void (*scan)(const std::uint64_t* table, std::uint32_t first, std::uint32_t last, const std::uint64_t* query,
                 std::uint32_t max_distance, std::vector<Near>& found);
    // The same among `count` named rows, in the order in which they are named.
    void (*pick)(const std::uint64_t* table, const std::uint32_t* rows, std::size_t count,
                 const std::uint64_t* query, std::uint32_t max_distance, std::vector<Near>& found);
};

// What this processor can run, the best last.
std::vector<Instructions> available_instructions();

// instructions: one of available_instructions().
RowKernel row_kernel(Instructions instructions);

}  // namespace safehold
