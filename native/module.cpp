// The Python face of the core. The work itself runs without the interpreter's lock and keeps no Python object.
#include <algorithm>
#include <utility>

#include <nanobind/nanobind.h>

#include "arrays.hpp"
#include "hamming.hpp"
#include "index_module.hpp"
#include "pdq.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using safehold::AnyArray, safehold::as_array, safehold::bytes_of, safehold::need;

constexpr std::size_t kWidestRow = 8191;  // bytes; 65,528 bits still fit a 16-bit distance
constexpr std::size_t kLargestFactor = 16;

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
    safehold::add_index_functions(module);
}
