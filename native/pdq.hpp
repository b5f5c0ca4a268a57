// PDQ: a 256-bit perceptual fingerprint of a picture (Meta, 2017).
//
// The algorithm, in four steps:
//   1. luma = 0.299 R + 0.587 G + 0.114 B
//   2. blur with two box filters per axis, each 1/128 of the axis wide, and keep 64 x 64 samples
//   3. take the 16 x 16 lowest frequencies of the discrete cosine transform, without the mean
//   4. a bit is 1 where its coefficient lies above the median of the 256
//
// Step 2 is linear and separable. Two box filters and the sampling together are one sparse 64-row
// matrix per axis, whose rows ("bands") are small tents that barely overlap. So a picture is read
// once, row by row, at about two multiply-adds per pixel, and no full-size buffer is needed. The
// published implementation keeps running float sums over the whole picture instead; both round
// differently in the seventh digit, which changes no bit of any picture with enough detail
// (quality 50 and above) that the tests try. On a nearly flat picture the bits are rounding noise in
// both.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace safehold {

struct Fingerprint {
    std::array<std::uint8_t, 32> bits{};  // most significant bit first, as its hex text is written
    int quality = 0;                      // 0 (flat) .. 100 (full of edges); below 50 do not rely on it
};

// A picture with a side shorter than this has too little in it: all bits 0, quality 0.
inline constexpr std::size_t kShortestSide = 5;

// pixels: rows x columns x 3 bytes, red green blue, rows one after another without gaps.
Fingerprint pdq_of_rgb(const std::uint8_t* pixels, std::size_t rows, std::size_t columns);

// pixels: rows x columns bytes of luma, rows one after another without gaps.
Fingerprint pdq_of_luma(const std::uint8_t* pixels, std::size_t rows, std::size_t columns);

}  // namespace safehold
