// Drawing meshes together: which triangle each pixel sees, and everything that the mesh says about it.
#include "rasterise.hpp"

#include <limits>

namespace {

constexpr int kFields = 6;              // attributes of a vertex: u, v, occlusion, lash, lip, cloth
constexpr int kLash = 3;
constexpr float kInside = -8.0f;        // covers: where their field is below this there is nothing

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
      // in whole numbers: as floats the products of a large sliver may cancel to nothing
      const std::int64_t px = x * kSub - a.x, py = y * kSub - a.y;
      const std::int64_t bx = b.x - a.x, by = b.y - a.y, cx = c.x - a.x, cy = c.y - a.y;
      const float scale = 1.0f / static_cast<float>(bx * cy - by * cx);
      const float second = static_cast<float>(px * cy - py * cx) * scale;
      const float third = static_cast<float>(bx * py - by * px) * scale;
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
