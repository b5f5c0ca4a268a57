// The Python face of the core. Arguments are checked here, once; a wrong one is a ValueError and nothing
// else. The work itself runs without the interpreter's lock and keeps no Python object.
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "hamming.hpp"
#include "pdq.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using AnyArray = nb::ndarray<nb::ro, nb::device::cpu>;

constexpr std::size_t kWidestRow = 8191;  // bytes; 65,528 bits still fit a 16-bit distance
constexpr std::size_t kLargestFactor = 16;

void need(bool fits, const char* what) {
    if (!fits) throw std::invalid_argument(what);
}

// The bytes of an array of unsigned 8-bit numbers in C order. A stride along an axis of length 0 or 1 says nothing.
const std::uint8_t* bytes_of(const AnyArray& array) {
    need(array.dtype() == nb::dtype<std::uint8_t>(), "expected unsigned 8-bit numbers (uint8)");
    std::int64_t expected = 1;
    for (std::size_t axis = array.ndim(); axis-- > 0;) {
        const auto length = static_cast<std::int64_t>(array.shape(axis));
        need(length <= 1 || array.size() == 0 || array.stride(axis) == expected, "expected an array in C order");
        expected *= length;
    }
    return static_cast<const std::uint8_t*>(array.data());
}

std::size_t turns(bool turned) { return turned ? safehold::kTurns : 1; }

// The digest of the picture as it is, or all eight one after another.
nb::tuple as_tuple(const safehold::Fingerprint& found, bool turned) {
    const std::size_t length = turns(turned) * sizeof(safehold::Bits);
    return nb::make_tuple(nb::bytes(found.turned.data(), length), found.quality);
}

void need_rgb(const AnyArray& pixels) {
    need(pixels.ndim() == 3 && pixels.shape(2) == 3, "expected pixels of shape (height, width, 3)");
}

nb::tuple rgb_of_size(const AnyArray& pixels, const safehold::Size& size, bool turned) {
    const std::uint8_t* bytes = bytes_of(pixels);
    need(pixels.size() > 0, "expected at least one pixel");
    safehold::Fingerprint found;
    {
        const nb::gil_scoped_release unlocked;
        found = safehold::pdq_of_rgb(bytes, size, turns(turned));
    }
    return as_tuple(found, turned);
}

nb::tuple pdq_rgb(const AnyArray& pixels, bool turned) {
    need_rgb(pixels);
    return rgb_of_size(pixels, {pixels.shape(0), pixels.shape(1)}, turned);
}

nb::tuple pdq_luma(const AnyArray& pixels, bool turned) {
    need(pixels.ndim() == 2, "expected pixels of shape (height, width)");
    const std::uint8_t* bytes = bytes_of(pixels);
    need(pixels.size() > 0, "expected at least one pixel");
    safehold::Fingerprint found;
    {
        const nb::gil_scoped_release unlocked;
        found = safehold::pdq_of_luma(bytes, {pixels.shape(0), pixels.shape(1)}, turns(turned));
    }
    return as_tuple(found, turned);
}

nb::tuple pdq_scaled(const AnyArray& pixels, std::size_t height, std::size_t width, std::size_t factor,
                          bool turned) {
    need_rgb(pixels);
    need(factor >= 1 && factor <= kLargestFactor, "expected a factor of 1 to 16");
    const safehold::Size size{height, width, factor};
    need(pixels.shape(0) == size.rows() && pixels.shape(1) == size.columns(),
         "expected one pixel of each factor x factor");
    need(factor == 1 || std::min(size.rows(), size.columns()) >= safehold::kShortestScaledSide,
         "expected a scaled picture of at least 128 x 128 pixels");
    return rgb_of_size(pixels, size, turned);
}

template <typename Number>
nb::ndarray<nb::numpy, Number, nb::ndim<1>> as_array(std::vector<Number>&& numbers) {
    auto kept = std::make_unique<std::vector<Number>>(std::move(numbers));
    Number* data = kept->data();
    const std::size_t length = kept->size();
    nb::capsule owner(kept.get(), [](void* all) noexcept { delete static_cast<std::vector<Number>*>(all); });
    kept.release();
    return {data, {length}, owner};
}

nb::tuple hamming_scan(const nb::bytes& query, const AnyArray& table, int max_distance) {
    need(table.ndim() == 2, "expected a table of shape (count, bytes)");
    const std::uint8_t* rows = bytes_of(table);
    const std::size_t width = table.shape(1);
    need(width > 0 && width <= kWidestRow, "expected rows of 1 to 8191 bytes");
    need(query.size() == width, "expected a query as long as the rows of the table");
    need(max_distance >= 0, "expected max_distance of 0 or more");
    const auto* wanted = static_cast<const std::uint8_t*>(query.data());
    safehold::Nearby found;
    {
        const nb::gil_scoped_release unlocked;
        found = safehold::rows_within(wanted, rows, table.shape(0), width, static_cast<unsigned>(max_distance));
    }
    return nb::make_tuple(as_array(std::move(found.rows)), as_array(std::move(found.distances)));
}

const char* version() { return SAFEHOLD_VERSION; }

}  // namespace

NB_MODULE(_native, module) {
    module.doc() = "Fingerprints and their comparison, compiled.";
    module.def("pdq_rgb", &pdq_rgb, "pixels"_a, "turned"_a = false);
    module.def("pdq_luma", &pdq_luma, "pixels"_a, "turned"_a = false);
    module.def("pdq_scaled", &pdq_scaled, "pixels"_a, "height"_a, "width"_a, "factor"_a,
               "turned"_a = false);
    module.def("hamming_scan", &hamming_scan, "query"_a, "table"_a, "max_distance"_a);
    module.def("version", &version);
}
