#include "raster.hpp"
#include "simd.hpp"

#define FACE3D_KERNEL "interpolate.inl"
#include "each_isa.hpp"

namespace face3d {

void unpack(const Frame& frame, float* depth, std::int32_t* index, float* barycentric) {
  FACE3D_CALL(unpack, frame, depth, index, barycentric);
}

void interpolate(const std::int32_t* index, const float* barycentric, std::int64_t pixels,
                 const std::int32_t* triangles, const float* attributes, int channels, float* result) {
  FACE3D_CALL(interpolate, index, barycentric, pixels, triangles, attributes, channels, result);
}

}  // namespace face3d
