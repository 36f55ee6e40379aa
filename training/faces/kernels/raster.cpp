// Rasterising and interpolating: which triangle each pixel sees, and everything that the mesh says about it.
//
// Corners are rounded to 1/256 pixel, coverage follows integer edge functions with the top-left rule, pixel centres
// are at integer coordinates: the same rules as face3d.renderer, without its checks and with one pass for all fields.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

constexpr int kSub = 256;
constexpr int kFields = 6;              // attributes of a vertex: u, v, occlusion, lash, lip, cloth
constexpr int kLash = 3;
constexpr float kInside = -8.0f;        // covers: where their field is below this there is nothing
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

struct Hit {
  std::int32_t where, triangle;
  float second, third;
};

struct Part {
  const std::int32_t* triangles;
  const std::uint8_t* material;
  const float* attributes;
  std::int32_t first_triangle, end_triangle;
  std::size_t first_corner;
};

struct Buffers {
  std::vector<Corner> corners;
  std::vector<Cell> cells;
  std::vector<Hit> hits;
  std::vector<Part> parts;
};

Buffers& buffers() {
  thread_local Buffers kept;
  return kept;
}

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

// The pixels that a mesh may touch, first and last.
struct Window {
  int x0, x1, y0, y1;
};

Window window_of(const std::vector<Corner>& corners, std::size_t count, int width, int height) {
  std::int32_t low_x = INT32_MAX, low_y = INT32_MAX, high_x = INT32_MIN, high_y = INT32_MIN;
  for (std::size_t i = 0; i < count; ++i) {
    const Corner& corner = corners[i];
    low_x = std::min(low_x, corner.x), high_x = std::max(high_x, corner.x);
    low_y = std::min(low_y, corner.y), high_y = std::max(high_y, corner.y);
  }
  return {std::max(low_x >> 8, 0), std::min(high_x >> 8, width - 1), std::max(low_y >> 8, 0),
          std::min(high_y >> 8, height - 1)};
}

void clear(std::vector<Cell>& cells, int width, int height, const Window& window) {
  const std::size_t count = static_cast<std::size_t>(width) * height;
  if (cells.size() < count) cells.resize(count);
  for (int y = window.y0; y <= window.y1; ++y)
    if (window.x0 <= window.x1)
      std::fill_n(cells.data() + static_cast<std::ptrdiff_t>(y) * width + window.x0, window.x1 - window.x0 + 1,
                  Cell{std::numeric_limits<float>::infinity(), -1});
}

}  // namespace

// A mesh as Python hands it over: raster (vertices, 3), triangles (count, 3), material (count), attributes
// (vertices, 6); the last two may be null where only depth is wanted.
struct Mesh {
  const float* raster;
  const std::int32_t* triangles;
  const std::uint8_t* material;
  const float* attributes;
  std::int64_t vertices, count;
};

// Depth (height, width) of some meshes, +inf where empty.
extern "C" void faces_depth(const Mesh* meshes, int number, int width, int height, int cull, float* depth) {
  Buffers& kept = buffers();
  clear(kept.cells, width, height, {0, width - 1, 0, height - 1});
  for (int k = 0; k < number; ++k) {
    const Mesh& mesh = meshes[k];
    Corner* corners = snap(mesh.raster, mesh.vertices, kept.corners, 0);
    rasterise<false>(corners, mesh.triangles, mesh.count, 0, width, height, cull != 0, kept.cells.data());
  }
  const std::size_t pixels = static_cast<std::size_t>(width) * height;
  for (std::size_t i = 0; i < pixels; ++i) depth[i] = kept.cells[i].depth;
}

// Rasterises some meshes together and finds the pixels that are seen; returns their number and writes how many of them
// come before each material into starts (257). `behind` may be null. faces_resolve hands out what is known of them.
extern "C" std::int64_t faces_draw(const Mesh* meshes, int number, int width, int height, int cull, const float* behind,
                                   float* depth, std::int32_t* starts) {
  Buffers& kept = buffers();
  kept.parts.clear();
  std::size_t corners = 0;
  std::int32_t triangles = 0;
  for (int k = 0; k < number; ++k) {
    const Mesh& mesh = meshes[k];
    const auto end = triangles + static_cast<std::int32_t>(mesh.count);
    kept.parts.push_back({mesh.triangles, mesh.material, mesh.attributes, triangles, end, corners});
    snap(mesh.raster, mesh.vertices, kept.corners, corners);
    triangles = end;
    corners += static_cast<std::size_t>(mesh.vertices);
  }
  const Window window = window_of(kept.corners, corners, width, height);
  clear(kept.cells, width, height, window);
  for (const Part& part : kept.parts)
    rasterise<true>(kept.corners.data() + part.first_corner, part.triangles, part.end_triangle - part.first_triangle,
                    part.first_triangle, width, height, cull != 0, kept.cells.data());
  std::fill_n(depth, static_cast<std::size_t>(width) * height, std::numeric_limits<float>::infinity());
  std::fill_n(starts, 257, 0);
  kept.hits.clear();
  const Part* part = kept.parts.data();
  for (int y = window.y0; y <= window.y1; ++y)
    for (int x = window.x0; x <= window.x1; ++x) {
      const std::int32_t i = y * width + x;
      const Cell cell = kept.cells[i];
      depth[i] = cell.depth;
      const std::int32_t t = cell.triangle;
      if (t < 0 || (behind && !(cell.depth < behind[i] + 1.0f))) continue;
      if (t < part->first_triangle || t >= part->end_triangle)
        for (part = kept.parts.data(); t >= part->end_triangle;) ++part;
      const std::int32_t* corner = part->triangles + 3 * static_cast<std::int64_t>(t - part->first_triangle);
      const Corner* from = kept.corners.data() + part->first_corner;
      const Corner &a = from[corner[0]], &b = from[corner[1]], &c = from[corner[2]];
      const float px = static_cast<float>(x * kSub - a.x), py = static_cast<float>(y * kSub - a.y);
      const float bx = static_cast<float>(b.x - a.x), by = static_cast<float>(b.y - a.y);
      const float cx = static_cast<float>(c.x - a.x), cy = static_cast<float>(c.y - a.y);
      const float scale = 1.0f / (bx * cy - by * cx);
      const float second = (px * cy - py * cx) * scale, third = (bx * py - by * px) * scale;
      if (behind) {
        const float* field = part->attributes + kLash;
        const float la = field[kFields * corner[0]], lb = field[kFields * corner[1]], lc = field[kFields * corner[2]];
        if (la + second * (lb - la) + third * (lc - la) <= kInside) continue;
      }
      kept.hits.push_back({i, t, second, third});
      ++starts[part->material[t - part->first_triangle] + 1];
    }
  for (int k = 0; k < 256; ++k) starts[k + 1] += starts[k];
  return static_cast<std::int64_t>(kept.hits.size());
}

// The P pixels of the last faces_draw, by material, then by place: flat index where (P), unit normals (3, P), the
// attributes (6, P), material (P), depth (P). Without `cull` normals are turned to the camera.
extern "C" void faces_resolve(int cull, const float* depth, const std::int32_t* starts, std::int64_t* where,
                              float* normals, float* fields, std::uint8_t* materials, float* depths) {
  Buffers& kept = buffers();
  const std::size_t count = kept.hits.size();
  std::int32_t next[256];
  std::copy_n(starts, 256, next);
  const Part* part = kept.parts.data();
  for (const Hit& hit : kept.hits) {
    if (hit.triangle < part->first_triangle || hit.triangle >= part->end_triangle)
      for (part = kept.parts.data(); hit.triangle >= part->end_triangle;) ++part;
    const std::int32_t local = hit.triangle - part->first_triangle;
    const std::int32_t* corner = part->triangles + 3 * static_cast<std::int64_t>(local);
    const std::uint8_t kind = part->material[local];
    const std::size_t at = static_cast<std::size_t>(next[kind]++);
    const Corner* from = kept.corners.data() + part->first_corner;
    const float weight[3] = {1.0f - hit.second - hit.third, hit.second, hit.third};
    float n[3] = {0, 0, 0}, field[kFields] = {0, 0, 0, 0, 0, 0};
    for (int k = 0; k < 3; ++k) {
      const Corner& c = from[corner[k]];
      const float share = weight[k] / std::sqrt(std::max(c.nx * c.nx + c.ny * c.ny + c.nz * c.nz, 1e-12f));
      n[0] += share * c.nx, n[1] += share * c.ny, n[2] += share * c.nz;
      const float* value = part->attributes + kFields * static_cast<std::int64_t>(corner[k]);
      for (int j = 0; j < kFields; ++j) field[j] += weight[k] * value[j];
    }
    float scale = 1.0f / std::sqrt(std::max(n[0] * n[0] + n[1] * n[1] + n[2] * n[2], 1e-12f));
    if (!cull && n[2] > 0) scale = -scale;
    for (int k = 0; k < 3; ++k) normals[k * count + at] = n[k] * scale;
    for (int k = 0; k < kFields; ++k) fields[k * count + at] = field[k];
    where[at] = hit.where;
    materials[at] = kind;
    depths[at] = depth[hit.where];
  }
}
