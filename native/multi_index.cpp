#include "multi_index.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace safehold {
namespace {

// Buckets and rows lie all over the memory: each is asked for this many steps before it is needed.
constexpr std::size_t kAhead = 24;
constexpr std::size_t kTogether = 512;  // candidates on their way at once: 16 KB of rows

constexpr std::size_t kWidestPart = 24;  // bits: kRowBits / kFewestParts, rounded up

void ask_for(const void* place) { __builtin_prefetch(place); }

std::uint32_t key_of(const std::uint64_t* row, Part part) {
    const std::uint32_t word = part.first / 64, shift = part.first % 64;
    std::uint64_t bits = row[word] >> shift;
    if (shift + part.bits > 64) bits |= row[word + 1] << (64 - shift);
    return static_cast<std::uint32_t>(bits & (part.buckets() - 1));
}

// All keys of kWidestPart bits with at most two bits set, those with fewer and lower bits first: the ones
// that fit a shorter part or a smaller radius need no list of their own.
struct Flips {
    std::array<std::uint32_t, 1 + kWidestPart + kWidestPart * (kWidestPart - 1) / 2> keys{};
    constexpr Flips() {
        std::size_t at = 1;
        for (std::uint32_t one = 0; one < kWidestPart; ++one) keys[at++] = 1U << one;
        for (std::uint32_t one = 1; one < kWidestPart; ++one) {
            for (std::uint32_t other = 0; other < one; ++other) keys[at++] = 1U << one | 1U << other;
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
                       std::uint32_t parts, std::uint32_t max_distance, RowKernel kernel)
    : table_(table), count_(count), max_distance_(max_distance), kernel_(kernel) {
    for (std::uint32_t index = 0; index < parts; ++index) {
        const Part part = part_at(index, parts);
        const std::uint32_t* rows = tables + part.buckets() + 1;
        const std::uint32_t share = (max_distance + 1) / parts + (index < (max_distance + 1) % parts ? 1U : 0U);
        if (share > 0) probed_.push_back({part, share - 1, tables, rows});
        tables = rows + count;
    }
    buckets_.reserve(kFlips.keys.size());
    candidates_.reserve(kTogether);
}

void MultiIndex::search(const std::uint64_t* query, std::vector<Near>& found) {
    for (std::size_t part = 0; part < probed_.size(); ++part) {
        find_buckets(probed_[part], query);
        for (const Bucket bucket : buckets_) {
            for (std::uint32_t at = bucket.first; at < bucket.last; ++at) {
                const std::uint32_t row = probed_[part].rows[at];
                if (row >= count_) continue;  // a damaged table must not lead elsewhere
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
    const auto look = [&](std::size_t flip) {
        const std::uint32_t* bucket = probed.offsets + (key ^ kFlips.keys[flip]);
        const std::uint32_t first = bucket[0], last = std::min(bucket[1], count_);
        if (first >= last) return;
        ask_for(probed.rows + first);
        buckets_.push_back({first, last});
    };
    const std::size_t bits = probed.part.bits;
    const auto all = [&](std::size_t begin, std::size_t end) {
        for (std::size_t flip = begin; flip < end; ++flip) {
            if (flip + kAhead < end) ask_for(probed.offsets + (key ^ kFlips.keys[flip + kAhead]));
            look(flip);
        }
    };
    all(0, probed.radius == 0 ? 1 : 1 + bits);
    if (probed.radius == 2) all(1 + kWidestPart, 1 + kWidestPart + bits * (bits - 1) / 2);
}

void MultiIndex::verify(std::size_t part, const std::uint64_t* query, std::vector<Near>& found) {
    const auto before = static_cast<std::ptrdiff_t>(found.size());
    kernel_.pick(table_, candidates_.data(), candidates_.size(), query, max_distance_, found);
    candidates_.clear();
    const auto again = [&](const Near& near) { return found_earlier(part, query, near.row); };
    found.erase(std::remove_if(found.begin() + before, found.end(), again), found.end());
}

// A row near in several parts is reported from the first of them alone, so no set of rows seen is needed.
bool MultiIndex::found_earlier(std::size_t part, const std::uint64_t* query, std::uint32_t row) const {
    for (std::size_t index = 0; index < part; ++index) {
        const Part earlier = probed_[index].part;
        const std::uint32_t differing = key_of(table_ + row * kRowWords, earlier) ^ key_of(query, earlier);
        if (static_cast<std::uint32_t>(std::popcount(differing)) <= probed_[index].radius) return true;
    }
    return false;
}

}  // namespace safehold
