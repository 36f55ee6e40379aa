// Memory of the large results. Arrays of megabytes that come and go with every picture make the C library return
// and fetch pages all the time, which costs more than rasterising; here they are kept for the next result.
#pragma once

#include <cstddef>

namespace face3d {

// Uninitialised memory of `bytes` bytes, aligned for vectors; throws std::bad_alloc.
void* take_buffer(std::size_t bytes);

// Gives back what take_buffer returned for that size. From any thread.
void return_buffer(void* buffer, std::size_t bytes);

}  // namespace face3d
