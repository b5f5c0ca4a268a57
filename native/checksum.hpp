// A checksum of stored numbers against accidents (a flipped bit, a lost block), not against forgery.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safehold {

// Of `count` words, the first of which is number `position` of the whole. The checksum of the whole is the sum
// of those of its pieces, modulo 2^64. One changed word always changes it; words changing places do too, but
// for a chance of about 2^-32 or less.
std::uint64_t checksum(const std::uint64_t* words, std::size_t count, std::uint64_t position);

}  // namespace safehold
