// Shaded colour: the picture of a lit mesh.
#pragma once

#include <cstdint>

#include "mesh.hpp"

namespace face3d {

struct Material {
  const float* colours;   // (V, 3) linear RGB
  const float* normals;   // (V, 3) camera frame, or null: computed from the mesh
  const float* specular;  // (V,) strength of the highlight, or null: none
  int shininess;          // exponent of the highlight, >= 1
};

struct Light {
  float direction[3];  // to the light, camera frame, unit length
  float colour[3];     // linear RGB
};

struct Lighting {
  const Light* lights;
  int count;
  float ambient[3];
};

// Renders colour * (ambient + sum of light * max(0, n.l)) + specular * sum of light * max(0, n.h)^shininess, with n
// the interpolated, normalised normal and h halfway between the light and the viewer at (0, 0, -1). Without culling
// the normals of back faces are turned towards the camera. Writes rgb (height, width, 3), 0 where empty, and depth
// (height, width), +inf where empty.
void shade(const Mesh& mesh, const Material& material, const Lighting& lighting, bool cull, int width, int height,
           float* rgb, float* depth);

}  // namespace face3d
