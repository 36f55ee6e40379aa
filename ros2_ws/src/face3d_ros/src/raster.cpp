#include "raster.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <utility>

#include "simd.hpp"

#define FACE3D_KERNEL "raster.inl"
#include "each_isa.hpp"

namespace face3d {
namespace {

constexpr std::size_t kKept = 4u << 20;  // pixels that a thread keeps between calls (64 MB)

}  // namespace

Frame& Frame::of_thread(int width, int height) {
  thread_local Frame frame;
  frame.clear(width, height);
  return frame;
}

void Frame::clear(int new_width, int new_height) {
  width = new_width;
  height = new_height;
  stride = (width + kPixelsBeside + 7) / 8 * 8;
  const std::size_t count = static_cast<std::size_t>(stride) * static_cast<std::size_t>(height + kRowsBelow);
  if (depth.size() < count || depth.size() > std::max(count, kKept)) {
    depth = std::vector<float>(count);
    index = std::vector<std::int32_t>(count);
    second = std::vector<float>(count);
    third = std::vector<float>(count);
  }
  std::fill_n(depth.begin(), count, std::numeric_limits<float>::infinity());
  std::fill_n(index.begin(), count, -1);
}

void rasterize(const Mesh& mesh, bool cull, Frame& frame) {
  thread_local std::vector<Corner> corners;
  thread_local std::vector<std::int32_t> chosen;
  corners.resize(static_cast<std::size_t>(mesh.vertex_count));
  chosen.resize(static_cast<std::size_t>(mesh.triangle_count));
  FACE3D_CALL(snap, mesh, corners.data());
  const std::int64_t count = FACE3D_CALL(choose, corners.data(), mesh, cull, frame, chosen.data());
  FACE3D_CALL(draw, corners.data(), mesh, chosen.data(), count, frame);
}

}  // namespace face3d
