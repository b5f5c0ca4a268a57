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

using Bits = std::array<std::uint8_t, 32>;  // most significant bit first, as its hex text is written

inline constexpr std::size_t kTurns = 8;

struct Fingerprint {
    // Of the picture as it is, rotated clockwise by 90, 180 and 270 degrees, mirrored left to right, mirrored
    // top to bottom, transposed, and transposed across the other diagonal. All from one transform: it mirrors
    // exactly, while the samples of step 2 lie up to a pixel off the middle, so a picture that is turned
    // before may differ in some bits.
    std::array<Bits, kTurns> turned{};
    int quality = 0;  // 0 (flat) .. 100 (full of edges); below 50 do not rely on it
};

// A picture of height x width pixels, of which a decoder has made one of each `factor` x `factor`, as JPEG
// decoders do at little cost. The bands are those of the whole picture, which keeps the bits nearly the same.
struct Size {
    std::size_t height, width, factor = 1;
    std::size_t rows() const { return (height + factor - 1) / factor; }
    std::size_t columns() const { return (width + factor - 1) / factor; }
};

// A picture with a side shorter than this has too little in it: all bits 0, quality 0.
inline constexpr std::size_t kShortestSide = 5;

// A scaled picture has at least so many rows and columns: two for each sample.
inline constexpr std::size_t kShortestScaledSide = 128;

// pixels: rows x columns x 3 bytes, red green blue, rows one after another without gaps. turns: how many of
// the eight digests to make, at least 1; the others stay 0.
Fingerprint pdq_of_rgb(const std::uint8_t* pixels, const Size& size, std::size_t turns);

// pixels: rows x columns bytes of luma, rows one after another without gaps.
Fingerprint pdq_of_luma(const std::uint8_t* pixels, const Size& size, std::size_t turns);

}  // namespace safehold
