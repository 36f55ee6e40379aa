#include "mesh.hpp"

#include <cfloat>
#include <cmath>

#include "simd.hpp"

#define FACE3D_KERNEL "mesh.inl"
#include "each_isa.hpp"

namespace face3d {

void vertex_normals(const Mesh& mesh, float* normals, int stride) {
  FACE3D_CALL(vertex_normals, mesh, normals, stride);
}

void project(const float* vertices, std::int64_t count, const float* matrix, float* raster) {
  FACE3D_CALL(project, vertices, count, matrix, raster);
}

bool indices_fit(const std::int32_t* indices, std::int64_t count, std::int64_t limit) {
  return FACE3D_CALL(largest, indices, count) < limit;
}

}  // namespace face3d
