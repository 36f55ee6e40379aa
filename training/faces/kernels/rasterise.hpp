// Rasterising one mesh: which of its triangles each pixel sees, and how far away it is there.
//
// Corners are rounded to 1/256 pixel, coverage follows integer edge functions with the top-left rule, pixel centres
// are at integer coordinates: the same rules as face3d.renderer, without its checks and with one pass for all fields.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

namespace {                             // for raster.cpp alone: with external names drawing takes half more time

constexpr int kSub = 256;
constexpr float kFar = 60000.0f;        // corners further out take their triangles out of the picture
constexpr std::int32_t kNowhere = -(1 << 29);

struct alignas(32) Corner {
  std::int32_t x, y;
  float z;
  float nx, ny, nz;                     // sum of the normals of the triangles round it, by area
};

struct Cell {
  float depth;
  std::int32_t triangle;
};

// Rounds raster vertices (count, 3) into corners from `first` on, which grow as needed; returns the first of them.
Corner* snap(const float* raster, std::int64_t count, std::vector<Corner>& corners, std::size_t first) {
  if (corners.size() < first + count) corners.resize(first + count);
  Corner* corner = corners.data() + first;
  for (std::int64_t i = 0; i < count; ++i) {
    const float u = raster[3 * i], v = raster[3 * i + 1], z = raster[3 * i + 2];
    const bool valid = std::fabs(u) < kFar && std::fabs(v) < kFar && std::fabs(z) < 1e9f;
    corner[i] = {valid ? static_cast<std::int32_t>(std::floor(u * kSub + 0.5f)) : kNowhere,
                 valid ? static_cast<std::int32_t>(std::floor(v * kSub + 0.5f)) : kNowhere, z, 0, 0, 0};
  }
  return corner;
}

// Fills one triangle a, b, c of positive area; Int is wide enough for its edge functions.
template <class Int>
inline void fill(const Corner& a, const Corner& b, const Corner& c, Int area, int x0, int x1, int y0, int y1, int width,
                 std::int32_t number, Cell* cells) {
  // edge k lies opposite to corner k; pixels exactly on an edge belong to one of its two triangles
  const Int sub = kSub;
  const Int right0 = (b.y - c.y) * sub, right1 = (c.y - a.y) * sub, right2 = (a.y - b.y) * sub;
  const Int down0 = (c.x - b.x) * sub, down1 = (a.x - c.x) * sub, down2 = (b.x - a.x) * sub;
  const Int bias0 = c.y < b.y || (c.y == b.y && c.x > b.x) ? 0 : -1;
  const Int bias1 = a.y < c.y || (a.y == c.y && a.x > c.x) ? 0 : -1;
  const Int bias2 = b.y < a.y || (b.y == a.y && b.x > a.x) ? 0 : -1;
  const Int px = x0 * sub, py = y0 * sub;
  Int row1 = static_cast<Int>(a.x - c.x) * (py - c.y) - static_cast<Int>(a.y - c.y) * (px - c.x);
  Int row2 = static_cast<Int>(b.x - a.x) * (py - a.y) - static_cast<Int>(b.y - a.y) * (px - a.x);
  Int row0 = area - row1 - row2 + bias0;
  row1 += bias1;
  row2 += bias2;
  const float scale = 1.0f / static_cast<float>(area), slope1 = (b.z - a.z) * scale, slope2 = (c.z - a.z) * scale;
  for (int y = y0; y <= y1; ++y) {
    Int v0 = row0, v1 = row1, v2 = row2;
    Cell* cell = cells + static_cast<std::ptrdiff_t>(y) * width + x0;
    for (int x = x0; x <= x1; ++x, ++cell) {
      if ((v0 | v1 | v2) >= 0) {
        const float z = a.z + static_cast<float>(v1) * slope1 + static_cast<float>(v2) * slope2;
        if (z < cell->depth) *cell = {z, number};
      }
      v0 += right0, v1 += right1, v2 += right2;
    }
    row0 += down0, row1 += down1, row2 += down2;
  }
}

inline std::int32_t least(std::int32_t a, std::int32_t b, std::int32_t c) { return std::min(std::min(a, b), c); }
inline std::int32_t most(std::int32_t a, std::int32_t b, std::int32_t c) { return std::max(std::max(a, b), c); }

// Normals come from the triangles that face the camera, or from all without `cull`.
template <bool with_normals>
void rasterise(Corner* corner, const std::int32_t* triangles, std::int64_t count, std::int32_t first, int width,
               int height, bool cull, Cell* cells) {
  for (std::int64_t t = 0; t < count; ++t) {
    Corner& a = corner[triangles[3 * t]];
    Corner* b = corner + triangles[3 * t + 1];
    Corner* c = corner + triangles[3 * t + 2];
    const std::int32_t bx = b->x - a.x, by = b->y - a.y, cx = c->x - a.x, cy = c->y - a.y;
    const std::int64_t area = static_cast<std::int64_t>(bx) * cy - static_cast<std::int64_t>(by) * cx;
    if (area == 0 || (cull && area > 0)) continue;      // v points down: what faces the camera is negative
    const std::int32_t low_x = least(a.x, b->x, c->x), high_x = most(a.x, b->x, c->x);
    const std::int32_t low_y = least(a.y, b->y, c->y), high_y = most(a.y, b->y, c->y);
    if ((high_x < 0) | (high_y < 0) | (low_x > width * kSub) | (low_y > height * kSub) | (low_x == kNowhere)) continue;
    if (with_normals) {
      const float bz = (b->z - a.z) * kSub, cz = (c->z - a.z) * kSub;
      const float nx = static_cast<float>(by) * cz - bz * static_cast<float>(cy);
      const float ny = bz * static_cast<float>(cx) - static_cast<float>(bx) * cz, nz = static_cast<float>(area);
      a.nx += nx, a.ny += ny, a.nz += nz;
      b->nx += nx, b->ny += ny, b->nz += nz;
      c->nx += nx, c->ny += ny, c->nz += nz;
    }
    const int x0 = std::max((low_x + kSub - 1) >> 8, 0), x1 = std::min(high_x >> 8, width - 1);
    const int y0 = std::max((low_y + kSub - 1) >> 8, 0), y1 = std::min(high_y >> 8, height - 1);
    if ((x0 > x1) | (y0 > y1)) continue;
    const std::int32_t number = first + static_cast<std::int32_t>(t);
    if (area < 0) std::swap(b, c);
    if ((high_x - low_x <= 64 * kSub) & (high_y - low_y <= 64 * kSub))
      fill<std::int32_t>(a, *b, *c, static_cast<std::int32_t>(std::abs(area)), x0, x1, y0, y1, width, number, cells);
    else
      fill<std::int64_t>(a, *b, *c, std::abs(area), x0, x1, y0, y1, width, number, cells);
  }
}

}  // namespace
