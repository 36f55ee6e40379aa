// The rasteriser's kernels; compiled once per instruction set (each_isa.hpp).

constexpr std::int32_t kInvalid = std::numeric_limits<std::int32_t>::min();

#include "raster_small.inl"

static void snap(const Mesh& mesh, Corner* corners) {
  for (std::int64_t i = 0; i < mesh.vertex_count; ++i) {
    const float* vertex = mesh.vertices + 3 * i;
    Corner& corner = corners[i];
    // Written so that NaN fails.
    const bool valid = std::fabs(vertex[0]) <= kFarthest && std::fabs(vertex[1]) <= kFarthest &&
                       std::fabs(vertex[2]) <= FLT_MAX / 4;
    // Multiplying by 256 is exact, adding 0.5 in double as well: one rounding rule for all coordinates.
    const double x = valid ? static_cast<double>(vertex[0]) * kSubpixels + 0.5 : 0.0;
    const double y = valid ? static_cast<double>(vertex[1]) * kSubpixels + 0.5 : 0.0;
    const std::int32_t floor_x = static_cast<std::int32_t>(x), floor_y = static_cast<std::int32_t>(y);
    corner.x = valid ? floor_x - (x < floor_x) : kInvalid;
    corner.y = floor_y - (y < floor_y);
    corner.depth = vertex[2];
    corner.unused = 0;
  }
}

// Function, and steps per pixel, of the edge from `a` to `b`, at pixel (x, y). `bias` is -1 when pixels exactly
// on the edge belong to the neighbour.
struct Edge {
  std::int64_t value, right, down, bias;

  FACE3D_INLINE std::int64_t bias_of(const Corner& a, const Corner& b) {
    return b.y < a.y || (b.y == a.y && b.x > a.x) ? 0 : -1;
  }

  FACE3D_INLINE Edge from(const Corner& a, const Corner& b, std::int64_t x, std::int64_t y) {
    const std::int64_t dx = b.x - a.x, dy = b.y - a.y;
    Edge edge;
    edge.bias = bias_of(a, b);
    edge.right = -dy * kSubpixels;
    edge.down = dx * kSubpixels;
    edge.value = dx * (y * kSubpixels - a.y) - dy * (x * kSubpixels - a.x) + edge.bias;
    return edge;
  }
};

FACE3D_INLINE Int4 least(const Int4& a, const Int4& b) { return a < b ? a : b; }

FACE3D_INLINE Int4 most(const Int4& a, const Int4& b) { return a > b ? a : b; }

// The first two lanes, x and y.
struct Pair {
  std::int32_t x, y;
};

FACE3D_INLINE Pair pair(const Int4& lanes) {
  Pair result;
  std::memcpy(&result, &lanes, sizeof(result));
  return result;
}

// The pixels inside the frame that a triangle may cover, as far as its corners say.
struct Box {
  Int4 from, to;  // lanes x and y; the others hold the depths' bits and are ignored
};

FACE3D_INLINE Box box_of(const Corner* a, const Corner* b, const Corner* c, const Int4& last) {
  const Int4 at_a = load<Int4>(a), at_b = load<Int4>(b), at_c = load<Int4>(c);
  const Int4 low = least(least(at_a, at_b), at_c), high = most(most(at_a, at_b), at_c);
  return {most((low + (kSubpixels - 1)) >> 8, Int4{}), least(high >> 8, last)};
}

// Twice the area, negative for a triangle that faces the camera, because v points down.
FACE3D_INLINE std::int64_t area_of(const Corner* a, const Corner* b, const Corner* c) {
  return static_cast<std::int64_t>(b->x - a->x) * (c->y - a->y) - static_cast<std::int64_t>(b->y - a->y) * (c->x - a->x);
}

// Any triangle, one pixel at a time, 64-bit integers; the same arithmetic.
static void draw_large(const Corner* p0, const Corner* p1, const Corner* p2, std::int32_t index, Frame& frame) {
  const std::int64_t area = area_of(p0, p1, p2);
  const Box box = box_of(p0, p1, p2, Int4{frame.width - 1, frame.height - 1, 0, 0});
  const Pair begin = pair(box.from), end = pair(box.to);
  float *second = frame.second.data(), *third = frame.third.data();  // where the weights of corners 1 and 2 go
  if (area < 0) {  // oriented so that edge functions are positive inside
    std::swap(p1, p2);
    std::swap(second, third);
  }
  Edge edge0 = Edge::from(*p1, *p2, begin.x, begin.y), edge1 = Edge::from(*p2, *p0, begin.x, begin.y),
       edge2 = Edge::from(*p0, *p1, begin.x, begin.y);
  const float scale = 1.0f / static_cast<float>(area < 0 ? -area : area);
  const float slope1 = p1->depth - p0->depth, slope2 = p2->depth - p0->depth;
  for (int y = begin.y; y <= end.y; ++y) {
    std::int64_t value0 = edge0.value, value1 = edge1.value, value2 = edge2.value;
    const std::ptrdiff_t row = y * frame.stride;
    for (int x = begin.x; x <= end.x; ++x) {
      if ((value0 | value1 | value2) >= 0) {
        const float weight1 = static_cast<float>(value1 - edge1.bias) * scale;
        const float weight2 = static_cast<float>(value2 - edge2.bias) * scale;
        const float depth = p0->depth + (weight1 * slope1 + weight2 * slope2);
        if (depth < frame.depth[row + x]) {
          frame.depth[row + x] = depth;
          frame.index[row + x] = index;
          second[row + x] = weight1;
          third[row + x] = weight2;
        }
      }
      value0 += edge0.right;
      value1 += edge1.right;
      value2 += edge2.right;
    }
    edge0.value += edge0.down;
    edge1.value += edge1.down;
    edge2.value += edge2.down;
  }
}

// The numbers of the triangles that face the right way and may cover a pixel centre; many tiny ones contain none. No
// branch depends on a triangle: which ones are left is a matter of chance, and guessing wrong costs more than the test.
static std::int64_t choose(const Corner* corners, const Mesh& mesh, bool cull, const Frame& frame,
                           std::int32_t* chosen) {
  const Int4 last = {frame.width - 1, frame.height - 1, 0, 0};
  const std::int64_t least_area = cull ? std::numeric_limits<std::int64_t>::max() : 0;
  std::int64_t count = 0;
  for (std::int64_t t = 0; t < mesh.triangle_count; ++t) {
    const Corner* a = corners + mesh.triangles[3 * t];
    const Corner* b = corners + mesh.triangles[3 * t + 1];
    const Corner* c = corners + mesh.triangles[3 * t + 2];
    const std::int64_t area = area_of(a, b, c);
    const Box box = box_of(a, b, c, last);
    const Pair inside = pair(box.from <= box.to);  // -1 where it is
    chosen[count] = static_cast<std::int32_t>(t);
    count += ((area < 0) | (area > least_area)) & inside.x & inside.y & 1;
  }
  return count;
}

static void draw(const Corner* corners, const Mesh& mesh, const std::int32_t* chosen, std::int64_t count,
                 Frame& frame) {
  for (std::int64_t first = 0; first < count; first += kWidth) {
    const Small small = set_up(corners, mesh, chosen + first, count - first, frame);
    for (int i = 0; i < std::min<std::int64_t>(kWidth, count - first); ++i) {
      if (small.fits[i]) {
        draw_small(small, i, frame);
        continue;
      }
      const std::int32_t index = chosen[first + i], *triangle = mesh.triangles + 3 * static_cast<std::int64_t>(index);
      const Corner *a = corners + triangle[0], *b = corners + triangle[1], *c = corners + triangle[2];
      if (a->x != kInvalid && b->x != kInvalid && c->x != kInvalid) draw_large(a, b, c, index, frame);
    }
  }
}
