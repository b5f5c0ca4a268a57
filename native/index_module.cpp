#include "index_module.hpp"

#include <algorithm>
#include <future>
#include <limits>
#include <string>

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "checksum.hpp"
#include "multi_index.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace safehold {
namespace {

constexpr std::uint32_t kMostThreads = 256;
constexpr auto kThreadIfThereIsOne = std::launch::async | std::launch::deferred;
// Rows that stay in the second-level cache while every query of a batch passes over them: 128 KB.
constexpr std::uint32_t kRowsAtOnce = 4096;

// ---- What comes in

struct Rows {
    const std::uint64_t* words;
    std::uint32_t count;
};

Rows rows_of(const AnyArray& array) {
    need(array.ndim() == 2 && array.shape(1) == kRowBytes, "expected rows of shape (count, 32)");
    need(array.shape(0) < std::numeric_limits<std::uint32_t>::max(), "expected fewer than 2^32 - 1 rows");
    const std::uint8_t* bytes = bytes_of(array);
    need(reinterpret_cast<std::uintptr_t>(bytes) % sizeof(std::uint64_t) == 0, "expected rows on 8-byte boundaries");
    return {reinterpret_cast<const std::uint64_t*>(bytes), static_cast<std::uint32_t>(array.shape(0))};
}

struct Named {
    const char* name;
    Instructions instructions;
};
constexpr Named kNames[] = {
    {"plain", Instructions::plain}, {"avx2", Instructions::avx2}, {"avx512", Instructions::avx512}};

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const Instructions one : available_instructions()) {
        for (const Named& each : kNames) {
            if (each.instructions == one) names.emplace_back(each.name);
        }
    }
    return names;
}

// The named set, or the best for an empty name.
RowKernel kernel_named(const std::string& name) {
    const std::vector<Instructions> available = available_instructions();
    if (name.empty()) return row_kernel(available.back());
    for (const Named& each : kNames) {
        const bool runs = std::find(available.begin(), available.end(), each.instructions) != available.end();
        if (name == each.name && runs) return row_kernel(each.instructions);
    }
    throw std::invalid_argument("expected a name from instruction_sets()");
}

// Farther apart than every bit is the same as every bit.
std::uint32_t distance_of(int max_distance) {
    need(max_distance >= 0, "expected max_distance of 0 or more");
    return std::min(static_cast<std::uint32_t>(max_distance), static_cast<std::uint32_t>(kRowBits));
}

// ---- What goes out

struct Found {
    std::vector<std::int64_t> queries, rows;
    std::vector<std::uint16_t> distances;

    void take(std::uint32_t query, std::vector<Near>& near) {
        for (const Near& one : near) {
            queries.push_back(query);
            rows.push_back(one.row);
            distances.push_back(static_cast<std::uint16_t>(one.distance));
        }
        near.clear();
    }

    void append(const Found& more) {
        queries.insert(queries.end(), more.queries.begin(), more.queries.end());
        rows.insert(rows.end(), more.rows.begin(), more.rows.end());
        distances.insert(distances.end(), more.distances.begin(), more.distances.end());
    }
};

// Gives each thread a run of the queries. look: from (first, last) to Found. One thread is the caller's own; where
// the system has none left for another, the caller does its run as well, in get().
template <typename Look>
Found in_threads(std::uint32_t queries, std::uint32_t threads, const Look& look) {
    threads = std::max(1U, std::min(threads, queries));
    const auto bound = [&](std::uint32_t k) {
        return static_cast<std::uint32_t>(std::uint64_t{queries} * k / threads);
    };
    std::vector<std::future<Found>> others;
    for (std::uint32_t k = 1; k < threads; ++k) {
        others.push_back(std::async(kThreadIfThereIsOne, look, bound(k), bound(k + 1)));
    }
    Found found = look(bound(0), bound(1));
    for (auto& other : others) found.append(other.get());
    return found;
}

template <typename Look>
nb::tuple searched(const Rows& queries, std::uint32_t threads, const Look& look) {
    need(threads >= 1 && threads <= kMostThreads, "expected 1 to 256 threads");
    Found found;
    {
        const nb::gil_scoped_release unlocked;
        found = in_threads(queries.count, threads, look);
    }
    return nb::make_tuple(as_array(std::move(found.queries)), as_array(std::move(found.rows)),
                          as_array(std::move(found.distances)));
}

// ---- The functions

nb::tuple scan_rows(const AnyArray& query_array, const AnyArray& table_array, int max_distance,
                    std::uint32_t threads, const std::string& instructions) {
    const Rows queries = rows_of(query_array), table = rows_of(table_array);
    const std::uint32_t farthest = distance_of(max_distance);
    const RowKernel kernel = kernel_named(instructions);
    return searched(queries, threads, [=](std::uint32_t first, std::uint32_t last) {
        Found found;
        std::vector<Near> near;
        for (std::uint32_t begin = 0; begin < table.count; begin += std::min(kRowsAtOnce, table.count - begin)) {
            const std::uint32_t end = begin + std::min(kRowsAtOnce, table.count - begin);
            for (std::uint32_t query = first; query < last; ++query) {
                kernel.scan(table.words, begin, end, queries.words + query * kRowWords, farthest, near);
                found.take(query, near);
            }
        }
        return found;
    });
}

nb::tuple search_parts(const AnyArray& query_array, const AnyArray& table_array, const AnyArray& tables,
                       std::uint32_t parts, int max_distance, std::uint32_t threads,
                       const std::string& instructions, int beyond) {
    const Rows queries = rows_of(query_array), table = rows_of(table_array);
    const std::uint32_t farthest = distance_of(max_distance);
    const RowKernel kernel = kernel_named(instructions);
    need(beyond >= 0 && beyond <= static_cast<int>(kRowBits), "expected 0 to 256 bits beyond");
    need(parts >= kFewestParts && parts <= kMostParts, "expected 11 to 16 parts");
    need(farthest <= kFarthest, "expected max_distance of at most 43");
    need(tables.ndim() == 1 && tables.size() == tables_length(table.count, parts),
         "expected the tables of as many rows and parts");
    const auto* numbers = numbers_of<std::uint32_t>(tables, "expected unsigned 32-bit numbers (uint32)");
    return searched(queries, threads, [=](std::uint32_t first, std::uint32_t last) {
        Found found;
        std::vector<Near> near;
        MultiIndex index(table.words, table.count, numbers, parts, farthest, kernel,
                         static_cast<std::uint32_t>(beyond));
        for (std::uint32_t query = first; query < last; ++query) {
            index.search(queries.words + query * kRowWords, near);
            found.take(query, near);
        }
        return found;
    });
}

nb::tuple part_table(const AnyArray& table_array, std::uint32_t index, std::uint32_t parts) {
    const Rows table = rows_of(table_array);
    need(parts >= kFewestParts && parts <= kMostParts, "expected 11 to 16 parts");
    need(index < parts, "expected the number of a part");
    std::vector<std::uint32_t> offsets, rows;
    {
        const nb::gil_scoped_release unlocked;
        const Part part = part_at(index, parts);
        offsets.resize(part.buckets() + 1);
        rows.resize(table.count);
        fill_part(table.words, table.count, part, offsets.data(), rows.data());
    }
    return nb::make_tuple(as_array(std::move(offsets)), as_array(std::move(rows)));
}

std::uint64_t checksum_of(const AnyArray& array, std::uint64_t position) {
    need(array.ndim() == 1, "expected an array of one dimension");
    const auto* words = numbers_of<std::uint64_t>(array, "expected unsigned 64-bit numbers (uint64)");
    const nb::gil_scoped_release unlocked;
    return checksum(words, array.size(), position);
}

}  // namespace

void add_index_functions(nb::module_& module) {
    module.def("instruction_sets", &instruction_sets);
    module.def("scan_rows", &scan_rows, "queries"_a, "table"_a, "max_distance"_a, "threads"_a = 1,
               "instructions"_a = "");
    module.def("search_parts", &search_parts, "queries"_a, "table"_a, "tables"_a, "parts"_a, "max_distance"_a,
               "threads"_a = 1, "instructions"_a = "", "beyond"_a = 0);
    module.def("part_table", &part_table, "table"_a, "index"_a, "parts"_a);
    module.def("checksum", &checksum_of, "words"_a, "position"_a);
}

}  // namespace safehold
