// The network's view of the previous geometry: PNCC and normals, as bytes.
#pragma once

#include <cstdint>

#include "mesh.hpp"

namespace face3d {

// Renders a mesh, back faces left out, into six size x size planes: three of the vertex codes (V, 3), then the
// vertex normal n of the camera frame (x right, y down, z away) as ((n_x, -n_y, -n_z) * 0.5 + 0.5) * 255. Both are
// vertex colours, interpolated and rounded. Empty pixels are 0.
void render_prior(const Mesh& mesh, const std::uint8_t* codes, int size, std::uint8_t* planes);

}  // namespace face3d
