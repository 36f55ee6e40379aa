// The rasteriser's kernels; compiled once per instruction set (each_isa.hpp).

constexpr std::int32_t kInvalid = std::numeric_limits<std::int32_t>::min();
constexpr std::uint32_t kSmall = 64 * kSubpixels;  // up to this extent the edge functions fit 32 bits

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

// One triangle, oriented so that its edge functions are positive inside, and the pixels of its bounding box.
// The edge opposite to corner i is number i; its function divided by twice the area is that corner's weight.
struct Setup {
  const Corner* corner[3];
  std::int32_t index;         // the triangle's number
  int x0, x1, y0, y1;         // first and last pixel, inclusive
  float* second;              // where the weights of corners 1 and 2 go: Frame::second and third,
  float* third;               // exchanged when orienting the triangle exchanged the corners
};

// Function, and steps per pixel, of the edge from `a` to `b`, at pixel (x, y). `bias` is -1 when pixels exactly
// on the edge belong to the neighbour.
template <class Int>
struct Edge {
  Int value, right, down, bias;

  // 0 for an edge that runs up, or level and to the right: the sign is that of dy or, where that is 0, of -dx. There is
  // no branch, as which way an edge runs is a matter of chance.
  FACE3D_INLINE Int bias_of(Int dx, Int dy) {
    constexpr int bits = 8 * sizeof(Int);
    return ~((dy * (Int{1} << bits / 2) - dx) >> (bits - 1));
  }

  FACE3D_INLINE Edge from(const Corner& a, const Corner& b, int x, int y) {
    const Int dx = static_cast<Int>(b.x) - a.x, dy = static_cast<Int>(b.y) - a.y;
    Edge edge;
    edge.bias = bias_of(dx, dy);
    edge.right = -dy * kSubpixels;
    edge.down = dx * kSubpixels;
    edge.value = dx * (static_cast<Int>(y) * kSubpixels - a.y) - dy * (static_cast<Int>(x) * kSubpixels - a.x) +
                 edge.bias;
    return edge;
  }
};

// A vector holds a block of kColumns x kRows pixels: meshes at this size have triangles of a few pixels, which a
// block covers in one step, where a vector along the row would mostly hold pixels beside the triangle.
constexpr int kColumns = 4;
constexpr int kRows = kWidth / kColumns;
static_assert(kRows <= Frame::kRowsBelow && kColumns <= Frame::kPixelsBeside, "the frame's padding takes a block");
constexpr Ints kLaneX = kLanes & (kColumns - 1);
constexpr Ints kLaneY = kLanes / kColumns;

// From a block to the next one: of the edge functions, and of the place in the frame.
struct Step {
  std::int32_t edge1, edge2, place;
};

// Triangles up to 64 pixels wide and high: a block at a time, 32-bit integers. Inlined into the loop over triangles.
FACE3D_INLINE void draw_small(const Setup& setup, Frame& frame) {
  const Corner &p0 = *setup.corner[0], &p1 = *setup.corner[1], &p2 = *setup.corner[2];
  // The edges from corner 0 to 1 and from 2 to 0.
  const std::int32_t ax = p1.x - p0.x, ay = p1.y - p0.y, bx = p0.x - p2.x, by = p0.y - p2.y;
  const std::int32_t area = bx * ay - by * ax;
  const std::int32_t bias0 = Edge<std::int32_t>::bias_of(p2.x - p1.x, p2.y - p1.y),
                     bias1 = Edge<std::int32_t>::bias_of(bx, by), bias2 = Edge<std::int32_t>::bias_of(ax, ay);
  const int x0 = setup.x0 & -kColumns;  // aligned: a load then finds one earlier store, not parts of two
  const std::int32_t px = x0 * kSubpixels, py = setup.y0 * kSubpixels;
  // The weights of corners 1 and 2 times the area; corner 0 has the rest.
  const std::int32_t right1 = by * -kSubpixels, down1 = bx * kSubpixels;
  const std::int32_t right2 = ay * -kSubpixels, down2 = ax * kSubpixels;
  Ints value1 = bx * (py - p2.y) - by * (px - p2.x) + (kLaneX * right1 + kLaneY * down1);
  Ints value2 = ax * (py - p0.y) - ay * (px - p0.x) + (kLaneX * right2 + kLaneY * down2);
  const Ints whole = Ints{} + (area + bias0);
  const float scale = 1.0f / static_cast<float>(area);
  const float depth0 = p0.depth, slope1 = p1.depth - depth0, slope2 = p2.depth - depth0;

  // All blocks in one loop, and no test inside of it: how many there are and what they hide is a matter of chance, and
  // wrong guesses of the processor took a third of the time.
  const std::ptrdiff_t stride = frame.stride;
  const int across = static_cast<unsigned>(setup.x1 - x0) / kColumns + 1;
  const int down = static_cast<unsigned>(setup.y1 - setup.y0) / kRows + 1;
  const int back = (across - 1) * kColumns;
  const Step steps[2] = {{right1 * kColumns, right2 * kColumns, kColumns},
                         {down1 * kRows - right1 * back, down2 * kRows - right2 * back,
                          static_cast<std::int32_t>(kRows * stride) - back}};
  std::ptrdiff_t at = setup.y0 * stride + x0;
  float* const depths = frame.depth.data();
  float* const indices = reinterpret_cast<float*>(frame.index.data());  // moved as bits, never read as numbers
  float *const second = setup.second, *const third = setup.third;
  for (int left = across * down, until = across;;) {
    const Ints outside = (whole - value1 - value2) | (value1 + bias1) | (value2 + bias2);  // where negative
    const Floats weight1 = __builtin_convertvector(value1, Floats) * scale;
    const Floats weight2 = __builtin_convertvector(value2, Floats) * scale;
    const Floats depth = depth0 + (weight1 * slope1 + weight2 * slope2);
    const Floats old = load_block(depths + at, stride);
    // Pixels of the block beyond the bounding box are outside the triangle, or in the frame's padding.
    const Ints visible = (outside >= 0) & (depth < old);
    store_block(depths + at, stride, visible ? depth : old);
    store_block(indices + at, stride, visible ? (Floats)(Ints{} + setup.index) : load_block(indices + at, stride));
    store_block(second + at, stride, visible ? weight1 : load_block(second + at, stride));
    store_block(third + at, stride, visible ? weight2 : load_block(third + at, stride));
    if (--left == 0) break;
    const bool ends = --until == 0;
    until = ends ? across : until;
    value1 += steps[ends].edge1;
    value2 += steps[ends].edge2;
    at += steps[ends].place;
  }
}

// Twice the area, negative for a triangle that faces the camera, because v points down.
FACE3D_INLINE std::int64_t area_of(const Corner* a, const Corner* b, const Corner* c) {
  return static_cast<std::int64_t>(b->x - a->x) * (c->y - a->y) - static_cast<std::int64_t>(b->y - a->y) * (c->x - a->x);
}

// Any triangle, one pixel at a time, 64-bit integers; the same arithmetic.
static void draw_large(const Setup& setup, Frame& frame) {
  const Corner *p0 = setup.corner[0], *p1 = setup.corner[1], *p2 = setup.corner[2];
  const std::int64_t area = area_of(p0, p1, p2);
  auto edge0 = Edge<std::int64_t>::from(*p1, *p2, setup.x0, setup.y0);
  auto edge1 = Edge<std::int64_t>::from(*p2, *p0, setup.x0, setup.y0);
  auto edge2 = Edge<std::int64_t>::from(*p0, *p1, setup.x0, setup.y0);
  const float scale = 1.0f / static_cast<float>(area);
  const float slope1 = p1->depth - p0->depth, slope2 = p2->depth - p0->depth;
  for (int y = setup.y0; y <= setup.y1; ++y) {
    std::int64_t value0 = edge0.value, value1 = edge1.value, value2 = edge2.value;
    const std::ptrdiff_t row = y * frame.stride;
    for (int x = setup.x0; x <= setup.x1; ++x) {
      if ((value0 | value1 | value2) >= 0) {
        const float weight1 = static_cast<float>(value1 - edge1.bias) * scale;
        const float weight2 = static_cast<float>(value2 - edge2.bias) * scale;
        const float depth = p0->depth + (weight1 * slope1 + weight2 * slope2);
        if (depth < frame.depth[row + x]) {
          frame.depth[row + x] = depth;
          frame.index[row + x] = setup.index;
          setup.second[row + x] = weight1;
          setup.third[row + x] = weight2;
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
  Int4 from, to, extent;  // lanes x and y; the others hold the depths' bits and are ignored
};

FACE3D_INLINE Box box_of(const Corner* a, const Corner* b, const Corner* c, const Int4& last) {
  const Int4 at_a = load<Int4>(a), at_b = load<Int4>(b), at_c = load<Int4>(c);
  const Int4 low = least(least(at_a, at_b), at_c), high = most(most(at_a, at_b), at_c);
  return {most((low + (kSubpixels - 1)) >> 8, Int4{}), least(high >> 8, last), high - low};
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
  const Int4 last = {frame.width - 1, frame.height - 1, 0, 0};
  float *second = frame.second.data(), *third = frame.third.data();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t* triangle = mesh.triangles + 3 * static_cast<std::int64_t>(chosen[i]);
    const Corner *a = corners + triangle[0], *b = corners + triangle[1], *c = corners + triangle[2];
    const bool front = area_of(a, b, c) < 0;
    const Box box = box_of(a, b, c, last);
    const Pair begin = pair(box.from), end = pair(box.to), extent = pair(box.extent);
    const Setup setup = {{a, front ? c : b, front ? b : c}, chosen[i], begin.x, end.x, begin.y, end.y,
                         front ? third : second, front ? second : third};
    // As unsigned, kInvalid makes an extent large as well.
    if (static_cast<std::uint32_t>(extent.x) <= kSmall && static_cast<std::uint32_t>(extent.y) <= kSmall)
      draw_small(setup, frame);
    else if (a->x != kInvalid && b->x != kInvalid && c->x != kInvalid)
      draw_large(setup, frame);
  }
}
