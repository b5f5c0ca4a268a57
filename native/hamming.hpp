// Range search over fingerprints by comparing with every one: exact, and fast up to some 100,000.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace safehold {

struct Nearby {
    std::vector<std::int64_t> rows;        // row numbers, ascending
    std::vector<std::uint16_t> distances;  // differing bits, one for each row number
};

// Every row of `table` (count x width bytes) that differs from `query` (width bytes) in at most
// max_distance bits. width is at most 8191, so that a distance fits 16 bits.
Nearby rows_within(const std::uint8_t* query, const std::uint8_t* table, std::size_t count, std::size_t width,
                   unsigned max_distance);

}  // namespace safehold
