// Projection, vertex normals and the index check; compiled once per instruction set (each_isa.hpp).

// The largest index, read as unsigned, so that a negative one is beyond every limit; -1 when there is none.
static std::int64_t largest(const std::int32_t* indices, std::int64_t count) {
  if (count == 0) return -1;
  std::uint32_t most = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t index = static_cast<std::uint32_t>(indices[i]);
    most = index > most ? index : most;
  }
  return most;
}

static void project(const float* vertices, std::int64_t count, const float* matrix, float* raster) {
  for (std::int64_t i = 0; i < count; ++i, vertices += 3, raster += 3) {
    const float x = vertices[0], y = vertices[1], z = vertices[2];
    for (int k = 0; k < 3; ++k)
      raster[k] = matrix[4 * k] * x + matrix[4 * k + 1] * y + matrix[4 * k + 2] * z + matrix[4 * k + 3];
  }
}

static void vertex_normals(const Mesh& mesh, float* normals, int stride) {
  for (std::int64_t i = 0; i < mesh.vertex_count; ++i)
    for (int k = 0; k < 3; ++k) normals[i * stride + k] = 0.0f;

  // The cross product of two edges is the normal times twice the area: adding it up weights by area.
  for (std::int64_t t = 0; t < mesh.triangle_count; ++t) {
    const std::int32_t* corner = mesh.triangles + 3 * t;
    const float* a = mesh.vertices + 3 * static_cast<std::int64_t>(corner[0]);
    const float* b = mesh.vertices + 3 * static_cast<std::int64_t>(corner[1]);
    const float* c = mesh.vertices + 3 * static_cast<std::int64_t>(corner[2]);
    const float bx = b[0] - a[0], by = b[1] - a[1], bz = b[2] - a[2];
    const float cx = c[0] - a[0], cy = c[1] - a[1], cz = c[2] - a[2];
    const float nx = by * cz - bz * cy;
    const float ny = bz * cx - bx * cz;
    const float nz = bx * cy - by * cx;
    const float size = std::fabs(nx) + std::fabs(ny) + std::fabs(nz);
    if (!(size < 1e15f)) continue;  // also NaN; the square below must not overflow
    for (int k = 0; k < 3; ++k) {
      float* normal = normals + static_cast<std::int64_t>(corner[k]) * stride;
      normal[0] += nx;
      normal[1] += ny;
      normal[2] += nz;
    }
  }

  for (std::int64_t i = 0; i < mesh.vertex_count; ++i) {
    float* normal = normals + i * stride;
    const float square = normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2];
    const float scale = square > 1e-36f && square < FLT_MAX ? 1.0f / std::sqrt(square) : 0.0f;
    for (int k = 0; k < 3; ++k) normal[k] *= scale;
  }
}
