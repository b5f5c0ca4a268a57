#include "pdq.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <vector>

// The loops over all pixels are compiled twice and the processor picks at load time. Both versions do the
// same operations on each element, so their results are the same to the last bit.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define SAFEHOLD_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define SAFEHOLD_WIDE
#endif

namespace safehold {
namespace {

constexpr std::size_t kGrid = 64;           // samples per axis after the blur
constexpr std::size_t kFrequencies = 16;    // kept per axis
constexpr std::size_t kLanes = 8;           // independent partial sums, in a fixed order
constexpr float kLumaUnits = 1000.0F;       // luma rows hold thousandths, which floats hold exactly

using Grid = std::array<float, kGrid * kGrid>;
using Coefficients = std::array<float, kFrequencies * kFrequencies>;

// ---- Step 2: the band matrix of one axis

struct Span {
    std::size_t first, last;  // inclusive
    double share() const { return 1.0 / static_cast<double>(last - first + 1); }
};

// What one box filter averages for position `at` on an axis of `length`; cut off at the ends.
Span box_around(std::size_t at, std::size_t length, std::size_t window) {
    const std::size_t ahead = (window + 2) / 2 - 1;
    const std::size_t behind = window - ahead - 1;
    return {at > behind ? at - behind : 0, std::min(at + ahead, length - 1)};
}

struct Band {
    std::size_t first;           // index of the first pixel with a weight
    std::vector<float> weights;  // of consecutive pixels; they sum to `total`
    std::size_t last() const { return first + weights.size() - 1; }
};

// Box of boxes around the centre of sample `index`, by adding up where each inner box starts and ends:
// work grows with the width of the band, not with its square (a strip may be millions of pixels long).
// Where a decoder has made one pixel of every `factor`, their weights are added up for it.
Band make_band(std::size_t index, std::size_t length, std::size_t window, std::size_t factor, double total) {
    const auto centre = static_cast<std::size_t>((static_cast<double>(index) + 0.5) *
                                                 static_cast<double>(length) / static_cast<double>(kGrid));
    const Span outer = box_around(centre, length, window);
    const std::size_t first = box_around(outer.first, length, window).first;
    const std::size_t end = box_around(outer.last, length, window).last + 1;
    std::vector<double> steps(end - first + 1, 0.0);
    for (std::size_t at = outer.first; at <= outer.last; ++at) {
        const Span inner = box_around(at, length, window);
        const double share = total * outer.share() * inner.share();
        steps[inner.first - first] += share;
        steps[inner.last + 1 - first] -= share;
    }
    const std::size_t begin = first / factor;
    std::vector<double> shares((end - 1) / factor - begin + 1, 0.0);
    double level = 0.0;
    for (std::size_t at = first; at < end; ++at) {
        level += steps[at - first];
        shares[at / factor - begin] += level;
    }
    Band band{begin, std::vector<float>(shares.size())};
    for (std::size_t k = 0; k < shares.size(); ++k) band.weights[k] = static_cast<float>(shares[k]);
    return band;
}

std::vector<Band> make_bands(std::size_t length, std::size_t factor, double total) {
    const std::size_t window = (length + 2 * kGrid - 1) / (2 * kGrid);
    std::vector<Band> bands;
    bands.reserve(kGrid);
    for (std::size_t index = 0; index < kGrid; ++index) {
        bands.push_back(make_band(index, length, window, factor, total));
    }
    return bands;
}

// A plain loop would wait for each addition; eight partial sums let the compiler use vectors while the
// order of additions, and so the rounding, stays the same on every machine.
float weighted_sum(const float* values, const std::vector<float>& weights) {
    std::array<float, kLanes> sums{};
    const std::size_t whole = weights.size() / kLanes * kLanes;
    for (std::size_t k = 0; k < whole; k += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += weights[k + lane] * values[k + lane];
    }
    for (std::size_t k = whole; k < weights.size(); ++k) sums[k - whole] += weights[k] * values[k];
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

SAFEHOLD_WIDE void add_weighted(float* sums, float weight, const float* values, std::size_t length) {
    for (std::size_t k = 0; k < length; ++k) sums[k] += weight * values[k];
}

// luma: in thousandths, whole numbers up to 255,000.
SAFEHOLD_WIDE void luma_of_rgb(float* luma, const std::uint8_t* rgb, std::size_t pixels) {
    for (std::size_t k = 0; k < pixels; ++k) {
        luma[k] = static_cast<float>(299 * rgb[3 * k] + 587 * rgb[3 * k + 1] + 114 * rgb[3 * k + 2]);
    }
}

SAFEHOLD_WIDE void luma_of_bytes(float* luma, const std::uint8_t* bytes, std::size_t pixels) {
    for (std::size_t k = 0; k < pixels; ++k) luma[k] = static_cast<float>(bytes[k]);
}

// Takes luma rows in order and fills the 64 x 64 grid. Only bands that the current row lies in are
// open, two or three at a time, four at most; samples that share a band (short axes) share its work.
class Shrinker {
  public:
    Shrinker(const Size& size, double unit)
        : row_bands_(make_bands(size.height, size.factor, unit)),
          column_bands_(make_bands(size.width, size.factor, 1.0)) {
        for (auto& sums : open_) sums.resize(size.columns());
    }

    void take(std::size_t row, const float* luma, std::size_t columns) {
        while (opened_ < kGrid && row_bands_[opened_].first <= row) {
            if (!repeats(opened_)) std::fill(sums_of(opened_).begin(), sums_of(opened_).end(), 0.0F);
            ++opened_;
        }
        for (std::size_t index = closed_; index < opened_; ++index) {
            if (!repeats(index)) add(row, luma, columns, index);
        }
        while (closed_ < opened_ && row_bands_[closed_].last() <= row) close(closed_++);
    }

    const Grid& grid() const { return grid_; }

  private:
    // On an axis shorter than the grid neighbouring samples look at the very same pixels.
    bool repeats(std::size_t index) const {
        return index > 0 && row_bands_[index].first == row_bands_[index - 1].first &&
               row_bands_[index].last() == row_bands_[index - 1].last();
    }

    std::vector<float>& sums_of(std::size_t index) { return open_[index % open_.size()]; }

    void add(std::size_t row, const float* luma, std::size_t columns, std::size_t index) {
        const Band& band = row_bands_[index];
        add_weighted(sums_of(index).data(), band.weights[row - band.first], luma, columns);
    }

    void close(std::size_t index) {
        float* line = grid_.data() + index * kGrid;
        if (repeats(index)) {
            std::copy_n(line - kGrid, kGrid, line);
            return;
        }
        const float* sums = sums_of(index).data();
        for (std::size_t x = 0; x < kGrid; ++x) {
            line[x] = weighted_sum(sums + column_bands_[x].first, column_bands_[x].weights);
        }
    }

    std::vector<Band> row_bands_, column_bands_;
    std::array<std::vector<float>, 4> open_;
    std::size_t opened_ = 0, closed_ = 0;
    Grid grid_{};
};

// ---- Quality, and steps 3 and 4

int step_between(float a, float b) { return std::abs(static_cast<int>(((a - b) * 100) / 255)); }

// Counts the clear steps between neighbours. The constants are the algorithm's own.
int quality_of(const Grid& grid) {
    int steps = 0;
    for (std::size_t y = 0; y < kGrid; ++y) {
        for (std::size_t x = 0; x < kGrid; ++x) {
            const std::size_t at = y * kGrid + x;
            if (y + 1 < kGrid) steps += step_between(grid[at], grid[at + kGrid]);
            if (x + 1 < kGrid) steps += step_between(grid[at], grid[at + 1]);
        }
    }
    return std::min(steps / 90, 100);
}

using CosineTable = std::array<std::array<float, kGrid>, kFrequencies>;

CosineTable make_cosines() {
    CosineTable table{};
    const float scale = static_cast<float>(std::sqrt(2.0 / kGrid));
    for (std::size_t i = 0; i < kFrequencies; ++i) {
        for (std::size_t k = 0; k < kGrid; ++k) {
            const double angle = (std::numbers::pi / 2.0 / kGrid) * static_cast<double>((i + 1) * (2 * k + 1));
            table[i][k] = static_cast<float>(scale * std::cos(angle));
        }
    }
    return table;
}

Coefficients low_frequencies(const Grid& grid) {
    static const CosineTable cosines = make_cosines();
    Coefficients result{};
    for (std::size_t i = 0; i < kFrequencies; ++i) {
        std::array<float, kGrid> line{};
        for (std::size_t k = 0; k < kGrid; ++k) {
            for (std::size_t x = 0; x < kGrid; ++x) line[x] += cosines[i][k] * grid[k * kGrid + x];
        }
        for (std::size_t k = 0; k < kGrid; ++k) {
            for (std::size_t j = 0; j < kFrequencies; ++j) {
                result[i * kFrequencies + j] += line[k] * cosines[j][k];
            }
        }
    }
    return result;
}

Bits bits_above_median(const Coefficients& values) {
    Coefficients sorted = values;
    auto* const median = sorted.data() + sorted.size() / 2 - 1;
    std::nth_element(sorted.data(), median, sorted.data() + sorted.size());
    Bits bits{};
    for (std::size_t k = 0; k < values.size(); ++k) {
        const std::size_t position = values.size() - 1 - k;  // the text form begins with the last one
        if (values[k] > *median) bits[position / 8] |= static_cast<std::uint8_t>(0x80U >> (position % 8));
    }
    return bits;
}

// ---- The same picture turned: swapping the axes swaps frequencies, mirroring an axis changes the sign of
// the odd ones along it, which stand in even places, since the mean is left out.

struct Turn {
    bool swap, mirror_rows, mirror_columns;  // first swapped, then mirrored
};

constexpr std::array<Turn, kTurns> kTurnsInOrder{{
    {false, false, false},
    {true, false, true},
    {false, true, true},
    {true, true, false},
    {false, false, true},
    {false, true, false},
    {true, false, false},
    {true, true, true},
}};

Coefficients turned(const Coefficients& values, const Turn& turn) {
    Coefficients result{};
    for (std::size_t i = 0; i < kFrequencies; ++i) {
        for (std::size_t j = 0; j < kFrequencies; ++j) {
            const float value = turn.swap ? values[j * kFrequencies + i] : values[i * kFrequencies + j];
            const bool negative = (turn.mirror_rows && i % 2 == 0) != (turn.mirror_columns && j % 2 == 0);
            result[i * kFrequencies + j] = negative ? -value : value;
        }
    }
    return result;
}

template <typename FillRow>
Fingerprint pdq_of_rows(const Size& size, double unit, std::size_t turns, FillRow fill_row) {
    if (size.height < kShortestSide || size.width < kShortestSide) return {};
    Shrinker shrinker(size, unit);
    std::vector<float> luma(size.columns());
    for (std::size_t row = 0; row < size.rows(); ++row) {
        fill_row(row, luma.data());
        shrinker.take(row, luma.data(), luma.size());
    }
    const Coefficients values = low_frequencies(shrinker.grid());
    Fingerprint found;
    for (std::size_t k = 0; k < turns; ++k) found.turned[k] = bits_above_median(turned(values, kTurnsInOrder[k]));
    found.quality = quality_of(shrinker.grid());
    return found;
}

}  // namespace

Fingerprint pdq_of_rgb(const std::uint8_t* pixels, const Size& size, std::size_t turns) {
    return pdq_of_rows(size, 1.0 / kLumaUnits, turns, [=, columns = size.columns()](std::size_t row, float* luma) {
        luma_of_rgb(luma, pixels + row * columns * 3, columns);
    });
}

Fingerprint pdq_of_luma(const std::uint8_t* pixels, const Size& size, std::size_t turns) {
    return pdq_of_rows(size, 1.0, turns, [=, columns = size.columns()](std::size_t row, float* luma) {
        luma_of_bytes(luma, pixels + row * columns, columns);
    });
}

}  // namespace safehold
