#include "prior.hpp"

#include <algorithm>
#include <vector>

#include "raster.hpp"
#include "simd.hpp"

#define FACE3D_KERNEL "prior.inl"
#include "each_isa.hpp"

namespace face3d {

void render_prior(const Mesh& mesh, const std::uint8_t* codes, int size, std::uint8_t* planes) {
  Frame& frame = Frame::of_thread(size, size);
  rasterize(mesh, true, frame);

  // Eight floats a vertex, one vector: code (3), an unused lane, coded normal (3), an unused lane.
  thread_local std::vector<float> colours;
  colours.resize(static_cast<std::size_t>(mesh.vertex_count) * 8);
  vertex_normals(mesh, colours.data() + 4, 8);
  FACE3D_CALL(code_vertices, codes, mesh.vertex_count, colours.data());
  FACE3D_CALL(colour_pixels, frame, mesh.triangles, colours.data(), planes);
}

}  // namespace face3d
