// Arrays in and out of the core. Arguments are checked here, once; a wrong one is a ValueError and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace safehold {

using AnyArray = nanobind::ndarray<nanobind::ro, nanobind::device::cpu>;

inline void need(bool fits, const char* what) {
    if (!fits) throw std::invalid_argument(what);
}

// The numbers of an array in C order. A stride along an axis of length 0 or 1 says nothing.
template <typename Number>
const Number* numbers_of(const AnyArray& array, const char* kind) {
    need(array.dtype() == nanobind::dtype<Number>(), kind);
    std::int64_t expected = 1;
    for (std::size_t axis = array.ndim(); axis-- > 0;) {
        const auto length = static_cast<std::int64_t>(array.shape(axis));
        need(length <= 1 || array.size() == 0 || array.stride(axis) == expected, "expected an array in C order");
        expected *= length;
    }
    return static_cast<const Number*>(array.data());
}

inline const std::uint8_t* bytes_of(const AnyArray& array) {
    return numbers_of<std::uint8_t>(array, "expected unsigned 8-bit numbers (uint8)");
}

// Hands the numbers over to Python without copying them.
template <typename Number>
nanobind::ndarray<nanobind::numpy, Number, nanobind::ndim<1>> as_array(std::vector<Number>&& numbers) {
    auto kept = std::make_unique<std::vector<Number>>(std::move(numbers));
    Number* data = kept->data();
    const std::size_t length = kept->size();
    nanobind::capsule owner(kept.get(),
                            [](void* all) noexcept { delete static_cast<std::vector<Number>*>(all); });
    kept.release();
    return {data, {length}, owner};
}

}  // namespace safehold
