// Exact range search over 256-bit rows by multi-index hashing. The bits are cut into parts; a row within
// max_distance of a query must be near it in at least one part, so it is enough to look, part by part,
// into the few buckets whose key is near the query's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "rows256.hpp"

namespace safehold {

// With fewer parts than 11 or more bits than 43 a part would have to be searched more than three bits wide.
// Lists reach to 31 bits.
inline constexpr std::uint32_t kFewestParts = 11;
inline constexpr std::uint32_t kMostParts = 16;
inline constexpr std::uint32_t kFarthest = 43;

struct Part {
    std::uint32_t first;  // number of its first bit; bit k of a row is bit k % 64 of word k / 64
    std::uint32_t bits;
    std::size_t buckets() const { return std::size_t{1} << bits; }
};

// Parts of one length, or of two that differ by one bit, the shorter ones first.
Part part_at(std::uint32_t index, std::uint32_t parts);

// Groups the rows by their key in one part: bucket b is rows[offsets[b]] to before rows[offsets[b + 1]],
// ascending. offsets: buckets() + 1 numbers; rows: count numbers.
void fill_part(const std::uint64_t* table, std::uint32_t count, Part part, std::uint32_t* offsets,
               std::uint32_t* rows);

// How many numbers the tables of all parts take: for each its offsets, then its rows.
std::size_t tables_length(std::uint32_t count, std::uint32_t parts);

// A search with room of its own: one for each thread. It reads nothing outside `table` and `tables`, whatever
// numbers those hold.
class MultiIndex {
  public:
    // tables: tables_length(count, parts) numbers as fill_part leaves them. max_distance: at most kFarthest.
    // beyond: of the rows that lie so many bits farther, those are reported that the search comes across: of
    // unrelated changes it sees 99 in 100 with 8 bits beyond 31, at a third of the time of searching so far.
    MultiIndex(const std::uint64_t* table, std::uint32_t count, const std::uint32_t* tables, std::uint32_t parts,
               std::uint32_t max_distance, RowKernel kernel, std::uint32_t beyond = 0);

    // Appends every row within max_distance of the query, each once, in no particular order.
    void search(const std::uint64_t* query, std::vector<Near>& found);

  private:
    struct Probed {
        Part part;
        std::uint32_t radius;
        const std::uint32_t* offsets;
        const std::uint32_t* rows;
    };
    struct Bucket {
        std::uint32_t first, last;
    };

    void find_buckets(const Probed& probed, const std::uint64_t* query);
    void verify(std::size_t part, const std::uint64_t* query, std::vector<Near>& found);
    bool found_earlier(std::size_t part, const std::uint64_t* query, std::uint32_t row) const;

    const std::uint64_t* table_;
    std::uint32_t count_, reported_;
    RowKernel kernel_;
    std::vector<Probed> probed_;
    std::vector<Bucket> buckets_;
    std::vector<std::uint32_t> candidates_, seats_;
};

}  // namespace safehold
