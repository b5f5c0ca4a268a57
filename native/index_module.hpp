// The Python face of search over 256-bit rows.
#pragma once

#include <nanobind/nanobind.h>

namespace safehold {

void add_index_functions(nanobind::module_& module);

}  // namespace safehold
