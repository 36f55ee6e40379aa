#include "shade.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "raster.hpp"
#include "simd.hpp"

namespace face3d {
namespace {

// What one row of pixels shows, as separate arrays, so that the lighting is plain arithmetic on arrays.
enum Field { kRed, kGreen, kBlue, kNormalX, kNormalY, kNormalZ, kSpecular, kFields };
// And what is added up.
enum Sum { kDiffuse = 0, kHighlight = 3, kSums = 6 };

constexpr int kVertexFloats = 8;  // colour, normal, specular, unused

}  // namespace
}  // namespace face3d

#define FACE3D_KERNEL "shade.inl"
#include "each_isa.hpp"

namespace face3d {

void shade(const Mesh& mesh, const Material& material, const Lighting& lighting, bool cull, int width, int height,
           float* rgb, float* depth) {
  Frame& frame = Frame::of_thread(width, height);
  rasterize(mesh, cull, frame);

  thread_local std::vector<float> vertices;
  vertices.resize(static_cast<std::size_t>(mesh.vertex_count) * kVertexFloats);
  if (!material.normals) vertex_normals(mesh, vertices.data() + 3, kVertexFloats);
  for (std::int64_t i = 0; i < mesh.vertex_count; ++i) {
    float* vertex = vertices.data() + kVertexFloats * i;
    for (int k = 0; k < 3; ++k) vertex[k] = material.colours[3 * i + k];
    if (material.normals)
      for (int k = 0; k < 3; ++k) vertex[3 + k] = material.normals[3 * i + k];
    vertex[6] = material.specular ? material.specular[i] : 0.0f;
    vertex[7] = 0.0f;
  }

  thread_local std::vector<float> rows;
  rows.resize(static_cast<std::size_t>(width) * (kFields + kSums));
  for (int y = 0; y < height; ++y) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(y) * width;
    std::copy_n(&frame.depth[y * frame.stride], width, depth + at);
    FACE3D_CALL(shade_row, frame, y, mesh, cull, vertices.data(), material, lighting, rows.data(),
                rgb + 3 * at);
  }
}

}  // namespace face3d
