#include "multi_index.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace safehold {
namespace {

// Buckets and rows lie all over the memory: each is asked for this many steps before it is needed.
constexpr std::size_t kAhead = 24;
constexpr std::size_t kTogether = 512;  // candidates on their way at once: 16 KB of rows
// Seats for rows that were looked at already: 64 KB, which stay in the second-level cache. In a quarter as many,
// a thousand near-duplicates drive one another out, and are compared anew in every part.
constexpr std::size_t kSeats = 16384;
constexpr std::uint32_t kFree = std::numeric_limits<std::uint32_t>::max();  // no row has this number

constexpr std::size_t kWidestPart = 24;  // bits: kRowBits / kFewestParts, rounded up

void ask_for(const void* place) { __builtin_prefetch(place); }

std::uint32_t key_of(const std::uint64_t* row, Part part) {
    const std::uint32_t word = part.first / 64, shift = part.first % 64;
    std::uint64_t bits = row[word] >> shift;
    if (shift + part.bits > 64) bits |= row[word + 1] << (64 - shift);
    return static_cast<std::uint32_t>(bits & (part.buckets() - 1));
}

constexpr std::size_t pairs_of(std::size_t bits) { return bits * (bits - 1) / 2; }
constexpr std::size_t triples_of(std::size_t bits) { return bits * (bits - 1) * (bits - 2) / 6; }

// All keys of kWidestPart bits with one, two or three bits set, in each group those with lower bits first: what
// a shorter part needs is the beginning of each group.
struct Flips {
    std::array<std::uint32_t, kWidestPart> ones{};
    std::array<std::uint32_t, pairs_of(kWidestPart)> pairs{};
    std::array<std::uint32_t, triples_of(kWidestPart)> triples{};
    constexpr Flips() {
        std::size_t pair = 0, triple = 0;
        for (std::size_t a = 0; a < kWidestPart; ++a) {
            ones[a] = 1U << a;
            for (std::size_t b = 0; b < a; ++b) {
                pairs[pair++] = 1U << a | 1U << b;
                for (std::size_t c = 0; c < b; ++c) triples[triple++] = 1U << a | 1U << b | 1U << c;
            }
        }
    }
};
constexpr Flips kFlips;

}  // namespace

Part part_at(std::uint32_t index, std::uint32_t parts) {
    const auto bits = static_cast<std::uint32_t>(kRowBits) / parts;
    const std::uint32_t shorter = parts - static_cast<std::uint32_t>(kRowBits) % parts;
    const std::uint32_t longer_before = index > shorter ? index - shorter : 0;
    return {index * bits + longer_before, bits + (index >= shorter ? 1U : 0U)};
}

void fill_part(const std::uint64_t* table, std::uint32_t count, Part part, std::uint32_t* offsets,
               std::uint32_t* rows) {
    std::fill_n(offsets, part.buckets() + 1, 0U);
    for (std::uint32_t row = 0; row < count; ++row) ++offsets[key_of(table + row * kRowWords, part)];
    std::uint32_t end = 0;
    for (std::size_t bucket = 0; bucket < part.buckets(); ++bucket) offsets[bucket] = end += offsets[bucket];
    offsets[part.buckets()] = count;
    // From the last row on, each bucket fills from its end; then its offset has come down to its beginning.
    for (std::uint32_t row = count; row-- > 0;) rows[--offsets[key_of(table + row * kRowWords, part)]] = row;
}

std::size_t tables_length(std::uint32_t count, std::uint32_t parts) {
    std::size_t length = 0;
    for (std::uint32_t index = 0; index < parts; ++index) length += part_at(index, parts).buckets() + 1 + count;
    return length;
}

// Which radius for which part: were a row farther than its radius in every part, the distances would add up
// to at least the sum of (radius + 1). That sum is made max_distance + 1, so such a row is too far. Parts for
// which nothing is left need not be looked at; the shorter ones, with fewer keys nearby, take the larger share.
MultiIndex::MultiIndex(const std::uint64_t* table, std::uint32_t count, const std::uint32_t* tables,
                       std::uint32_t parts, std::uint32_t max_distance, RowKernel kernel, std::uint32_t beyond)
    : table_(table), count_(count), reported_(max_distance + beyond), kernel_(kernel) {
    for (std::uint32_t index = 0; index < parts; ++index) {
        const Part part = part_at(index, parts);
        const std::uint32_t* rows = tables + part.buckets() + 1;
        const std::uint32_t share = (max_distance + 1) / parts + (index < (max_distance + 1) % parts ? 1U : 0U);
        if (share > 0) probed_.push_back({part, share - 1, tables, rows});
        tables = rows + count;
    }
    buckets_.reserve(1 + kWidestPart + pairs_of(kWidestPart));
    candidates_.reserve(kTogether);
    seats_.resize(kSeats);
}

void MultiIndex::search(const std::uint64_t* query, std::vector<Near>& found) {
    std::fill(seats_.begin(), seats_.end(), kFree);
    for (std::size_t part = 0; part < probed_.size(); ++part) {
        find_buckets(probed_[part], query);
        for (const Bucket bucket : buckets_) {
            for (std::uint32_t at = bucket.first; at < bucket.last; ++at) {
                const std::uint32_t row = probed_[part].rows[at];
                if (row >= count_) continue;  // a damaged table must not lead elsewhere
                // A row that resembles the query is near in most parts: it is compared in the first of them.
                std::uint32_t& seat = seats_[row % kSeats];
                if (seat == row) continue;
                seat = row;
                ask_for(table_ + row * kRowWords);
                candidates_.push_back(row);
                if (candidates_.size() == kTogether) verify(part, query, found);
            }
        }
        verify(part, query, found);
    }
}

void MultiIndex::find_buckets(const Probed& probed, const std::uint64_t* query) {
    buckets_.clear();
    const std::uint32_t key = key_of(query, probed.part);
    const auto look = [&](std::uint32_t near_key) {
        const std::uint32_t* bucket = probed.offsets + near_key;
        // Held against the count: a damaged table must not lead elsewhere.
        const std::uint32_t first = bucket[0], last = std::min(bucket[1], count_);
        if (first >= last) return;
        ask_for(probed.rows + first);
        buckets_.push_back({first, last});
    };
    const auto look_at_all = [&](const std::uint32_t* flips, std::size_t count) {
        for (std::size_t k = 0; k < count; ++k) {
            if (k + kAhead < count) ask_for(probed.offsets + (key ^ flips[k + kAhead]));
            look(key ^ flips[k]);
        }
    };
    const std::size_t bits = probed.part.bits;
    look(key);
    if (probed.radius >= 1) look_at_all(kFlips.ones.data(), bits);
    if (probed.radius >= 2) look_at_all(kFlips.pairs.data(), pairs_of(bits));
    if (probed.radius >= 3) look_at_all(kFlips.triples.data(), triples_of(bits));
}

void MultiIndex::verify(std::size_t part, const std::uint64_t* query, std::vector<Near>& found) {
    const auto before = static_cast<std::ptrdiff_t>(found.size());
    kernel_.pick(table_, candidates_.data(), candidates_.size(), query, reported_, found);
    candidates_.clear();
    const auto again = [&](const Near& near) { return found_earlier(part, query, near.row); };
    found.erase(std::remove_if(found.begin() + before, found.end(), again), found.end());
}

// A row near in several parts is reported from the first of them alone: another may have taken its seat.
bool MultiIndex::found_earlier(std::size_t part, const std::uint64_t* query, std::uint32_t row) const {
    for (std::size_t index = 0; index < part; ++index) {
        const Part earlier = probed_[index].part;
        const std::uint32_t differing = key_of(table_ + row * kRowWords, earlier) ^ key_of(query, earlier);
        if (static_cast<std::uint32_t>(std::popcount(differing)) <= probed_[index].radius) return true;
    }
    return false;
}

}  // namespace safehold
