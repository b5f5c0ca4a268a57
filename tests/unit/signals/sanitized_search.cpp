// Runs the search over 256-bit rows under sanitizers: true tables against brute force, and tables of any numbers.
// Compiled and run by its test; anything wrong ends it with another exit code than 0.
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "checksum.hpp"
#include "multi_index.hpp"

using namespace safehold;

namespace {

using Words = std::vector<std::uint64_t>;

Words random_rows(std::mt19937_64& random, std::size_t count) {
    Words rows(count * kRowWords);
    for (auto& word : rows) word = random();
    return rows;
}

// Every second row is the one before with up to 40 bits changed.
Words neighbours(std::mt19937_64& random, std::size_t count) {
    Words rows = random_rows(random, count);
    for (std::size_t row = 1; row < count; row += 2) {
        for (std::size_t k = 0; k < kRowWords; ++k) rows[row * kRowWords + k] = rows[(row - 1) * kRowWords + k];
        for (std::uint64_t flips = random() % 41; flips > 0; --flips) {
            const std::uint64_t bit = random() % kRowBits;
            rows[row * kRowWords + bit / 64] ^= std::uint64_t{1} << (bit % 64);
        }
    }
    return rows;
}

std::vector<std::uint32_t> true_tables(const Words& rows, std::uint32_t count, std::uint32_t parts) {
    std::vector<std::uint32_t> tables(tables_length(count, parts));
    std::uint32_t* at = tables.data();
    for (std::uint32_t index = 0; index < parts; ++index) {
        const Part part = part_at(index, parts);
        fill_part(rows.data(), count, part, at, at + part.buckets() + 1);
        at += part.buckets() + 1 + count;
    }
    return tables;
}

bool equal_to_a_scan(const Words& rows, std::uint32_t count, std::uint32_t parts, RowKernel kernel) {
    const auto tables = true_tables(rows, count, parts);
    std::vector<Near> by_parts, by_scan;
    for (const std::uint32_t farthest : {0U, 5U, 15U, 31U, kFarthest}) {
        MultiIndex index(rows.data(), count, tables.data(), parts, farthest, kernel);
        for (std::uint32_t row = 0; row < count; ++row) {
            index.search(rows.data() + row * kRowWords, by_parts);
            kernel.scan(rows.data(), 0, count, rows.data() + row * kRowWords, farthest, by_scan);
        }
    }
    return by_parts.size() == by_scan.size();
}

void search_any_numbers(std::mt19937_64& random, const Words& rows, std::uint32_t count, RowKernel kernel) {
    std::vector<std::uint32_t> tables(tables_length(count, kMostParts));
    for (auto& number : tables) {
        number = static_cast<std::uint32_t>(random() % 3 == 0 ? random() : random() % (2 * count + 1));
    }
    std::vector<Near> found;
    MultiIndex index(rows.data(), count, tables.data(), kMostParts, kFarthest, kernel, kRowBits);
    for (std::uint32_t row = 0; row < count; row += 7) index.search(rows.data() + row * kRowWords, found);
}

}  // namespace

int main() {
    std::mt19937_64 random(1);
    for (const Instructions instructions : available_instructions()) {
        const RowKernel kernel = row_kernel(instructions);
        for (const std::uint32_t count : {0U, 1U, 9U, 230U}) {
            const Words rows = neighbours(random, count);
            for (std::uint32_t parts = kMostParts - 1; parts <= kMostParts; ++parts) {
                if (!equal_to_a_scan(rows, count, parts, kernel)) return 1;
            }
            search_any_numbers(random, rows, count, kernel);
        }
    }
    const Words words = random_rows(random, 100);
    std::printf("%d\n", checksum(words.data(), words.size(), 0) != 0);
    return 0;
}
