#include "hamming.hpp"

#include <bit>
#include <cstring>

namespace safehold {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

std::uint64_t word_at(const std::uint8_t* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, kWord);
    return word;
}

// Set bits of each byte, left in that byte. Portable code counts several words together this way and
// adds up the bytes once; std::popcount without a processor flag is a function call per word.
constexpr std::uint64_t bits_per_byte(std::uint64_t word) {
    word -= (word >> 1U) & 0x5555555555555555U;
    word = (word & 0x3333333333333333U) + ((word >> 2U) & 0x3333333333333333U);
    return (word + (word >> 4U)) & 0x0F0F0F0F0F0F0F0FU;
}

// bytes: eight counters of at most 31 each, so that their sum fits the top byte.
constexpr unsigned sum_of_bytes(std::uint64_t bytes) {
    return static_cast<unsigned>((bytes * 0x0101010101010101U) >> 56U);
}

unsigned differing_bits(const std::uint8_t* a, const std::uint8_t* b, std::size_t width) {
    unsigned total = 0;
    std::size_t at = 0;
    for (; at + 2 * kWord <= width; at += 2 * kWord) {
        total += sum_of_bytes(bits_per_byte(word_at(a + at) ^ word_at(b + at)) +
                              bits_per_byte(word_at(a + at + kWord) ^ word_at(b + at + kWord)));
    }
    for (; at < width; ++at) total += static_cast<unsigned>(std::popcount(static_cast<std::uint8_t>(a[at] ^ b[at])));
    return total;
}

}  // namespace

Nearby rows_within(const std::uint8_t* query, const std::uint8_t* table, std::size_t count, std::size_t width,
                   unsigned max_distance) {
    Nearby found;
    // Unrelated fingerprints already differ too much in their first half: the second is rarely read.
    const std::size_t half = width >= 4 * kWord ? 2 * kWord : width;
    for (std::size_t row = 0; row < count; ++row) {
        const std::uint8_t* candidate = table + row * width;
        unsigned distance = differing_bits(query, candidate, half);
        if (distance > max_distance) continue;
        distance += differing_bits(query + half, candidate + half, width - half);
        if (distance > max_distance) continue;
        found.rows.push_back(static_cast<std::int64_t>(row));
        found.distances.push_back(static_cast<std::uint16_t>(distance));
    }
    return found;
}

}  // namespace safehold
