// Views of the caller's arrays. Nothing is owned, nothing is copied.
#pragma once

#include <cstdint>

namespace face3d {

struct Mesh {
  const float* vertices;          // (vertex_count, 3): u, v, depth in pixels
  std::int64_t vertex_count;
  const std::int32_t* triangles;  // (triangle_count, 3), indices already checked against vertex_count
  std::int64_t triangle_count;
};

// Area-weighted unit vertex normals, `stride` floats apart. Vertices without area get (0, 0, 0); triangles with a
// NaN, infinite or overflowing corner do not count.
void vertex_normals(const Mesh& mesh, float* normals, int stride);

// Raster vertices (count, 3) of vertices (count, 3): the (3, 4) matrix by rows times (x, y, z, 1).
void project(const float* vertices, std::int64_t count, const float* matrix, float* raster);

// Whether 0 <= index < limit for every index.
bool indices_fit(const std::int32_t* indices, std::int64_t count, std::int64_t limit);

}  // namespace face3d
