// The z-buffer rasteriser: which triangle each pixel sees, how deep, and where inside the triangle.
//
// Pixel centres are at integer coordinates. Corners are rounded to 1/256 pixel, then coverage is decided by
// integer edge functions with the top-left rule: triangles that share an edge leave no gap and never both
// cover a pixel, and results do not depend on the processor. Of equally deep triangles the first one wins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "mesh.hpp"

namespace face3d {

// Corners further out than this many pixels, NaN and infinite ones take their triangles out of the picture.
constexpr float kFarthest = 1048576.0f;
constexpr int kSubpixels = 256;
constexpr int kLargestSide = 8192;

// What the rasteriser writes. There is padding beside and below, so that a kernel may touch whole vectors there.
class Frame {
 public:
  static constexpr int kPixelsBeside = 8;
  static constexpr int kRowsBelow = 2;

  // A frame of this thread that is kept between calls, cleared to empty.
  static Frame& of_thread(int width, int height);

  int width = 0;
  int height = 0;
  std::ptrdiff_t stride = 0;      // elements from one row to the next
  std::vector<float> depth;       // +inf where empty
  std::vector<std::int32_t> index;  // triangle, -1 where empty
  std::vector<float> second;      // barycentric weight of the triangle's second corner
  std::vector<float> third;       // and of its third; undefined where empty

 private:
  void clear(int new_width, int new_height);
};

// A corner in 1/256 pixel; x is kInvalid when the corner cannot be drawn.
struct Corner {
  std::int32_t x, y;
  float depth;
  std::int32_t unused;
};

// Draws a mesh into a frame. `cull` leaves out the triangles that wind clockwise as seen in the image's
// (right, down) axes reversed: those whose outside faces away from the camera.
void rasterize(const Mesh& mesh, bool cull, Frame& frame);

// Copies a frame into dense arrays: depth (H, W), index (H, W), barycentric (H, W, 3).
void unpack(const Frame& frame, float* depth, std::int32_t* index, float* barycentric);

// Interpolates attributes (V, channels) at every pixel into (pixels, channels); 0 where index is -1.
void interpolate(const std::int32_t* index, const float* barycentric, std::int64_t pixels,
                 const std::int32_t* triangles, const float* attributes, int channels, float* result);

}  // namespace face3d
