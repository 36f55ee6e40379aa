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
// The edge opposite to corner i is number i; its function divided by `area` is that corner's weight.
struct Setup {
  const Corner* corner[3];
  std::int64_t area;          // twice the area, in (1/256 pixel)^2
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

  FACE3D_INLINE Int bias_of(const Corner& a, const Corner& b) {
    return b.y < a.y || (b.y == a.y && b.x > a.x) ? 0 : -1;
  }

  FACE3D_INLINE Edge from(const Corner& a, const Corner& b, int x, int y) {
    const Int dx = static_cast<Int>(b.x) - a.x, dy = static_cast<Int>(b.y) - a.y;
    Edge edge;
    edge.bias = bias_of(a, b);
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

// Triangles up to 64 pixels wide and high: a block at a time, 32-bit integers. Inlined into the loop over triangles.
FACE3D_INLINE void draw_small(const Setup& setup, Frame& frame) {
  const Corner &p0 = *setup.corner[0], &p1 = *setup.corner[1], &p2 = *setup.corner[2];
  const int x0 = setup.x0 / kColumns * kColumns;  // aligned: a load then finds one earlier store, not parts of two
  const Ints px = Ints{} + x0 * kSubpixels + kLaneX * kSubpixels;
  const Ints py = Ints{} + setup.y0 * kSubpixels + kLaneY * kSubpixels;
  const std::int32_t bias0 = Edge<std::int32_t>::bias_of(p1, p2), bias1 = Edge<std::int32_t>::bias_of(p2, p0),
                     bias2 = Edge<std::int32_t>::bias_of(p0, p1);
  // The weights of corners 1 and 2 times the area, and the rest for corner 0.
  Ints row1 = (p0.x - p2.x) * (py - p2.y) - (p0.y - p2.y) * (px - p2.x);
  Ints row2 = (p1.x - p0.x) * (py - p0.y) - (p1.y - p0.y) * (px - p0.x);
  Ints row0 = static_cast<std::int32_t>(setup.area) - row1 - row2 + bias0;
  row1 += bias1;
  row2 += bias2;
  const float scale = 1.0f / static_cast<float>(setup.area);
  const float slope1 = p1.depth - p0.depth, slope2 = p2.depth - p0.depth;

  std::ptrdiff_t row = setup.y0 * frame.stride + x0;
  for (int y = setup.y0;;) {
    Ints value0 = row0, value1 = row1, value2 = row2;
    for (std::ptrdiff_t at = row, last = row + (setup.x1 - x0);;) {
      const Ints inside = (value0 | value1 | value2) >= 0;
      const Floats weight1 = __builtin_convertvector(value1 - bias1, Floats) * scale;
      const Floats weight2 = __builtin_convertvector(value2 - bias2, Floats) * scale;
      const Floats depth = p0.depth + (weight1 * slope1 + weight2 * slope2);
      const Floats old = load_block(&frame.depth[at], frame.stride);
      // Pixels of the block beyond the bounding box are outside the triangle, or in the frame's padding.
      const Ints visible = inside & (depth < old);
      if (any(visible)) {
        float* index = reinterpret_cast<float*>(&frame.index[at]);  // moved as bits, never read as a number
        store_block(&frame.depth[at], frame.stride, visible ? depth : old);
        store_block(index, frame.stride,
                    visible ? (Floats)(Ints{} + setup.index) : load_block(index, frame.stride));
        store_block(setup.second + at, frame.stride,
                    visible ? weight1 : load_block(setup.second + at, frame.stride));
        store_block(setup.third + at, frame.stride, visible ? weight2 : load_block(setup.third + at, frame.stride));
      }
      at += kColumns;
      if (at > last) break;
      value0 += (p1.y - p2.y) * (kSubpixels * kColumns);
      value1 += (p2.y - p0.y) * (kSubpixels * kColumns);
      value2 += (p0.y - p1.y) * (kSubpixels * kColumns);
    }
    y += kRows;
    if (y > setup.y1) break;
    row0 += (p2.x - p1.x) * (kSubpixels * kRows);
    row1 += (p0.x - p2.x) * (kSubpixels * kRows);
    row2 += (p1.x - p0.x) * (kSubpixels * kRows);
    row += kRows * frame.stride;
  }
}

// Any triangle, one pixel at a time, 64-bit integers; the same arithmetic.
static void draw_large(const Setup& setup, Frame& frame) {
  const Corner *p0 = setup.corner[0], *p1 = setup.corner[1], *p2 = setup.corner[2];
  auto edge0 = Edge<std::int64_t>::from(*p1, *p2, setup.x0, setup.y0);
  auto edge1 = Edge<std::int64_t>::from(*p2, *p0, setup.x0, setup.y0);
  auto edge2 = Edge<std::int64_t>::from(*p0, *p1, setup.x0, setup.y0);
  const float scale = 1.0f / static_cast<float>(setup.area);
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

static void draw(const Corner* corners, const Mesh& mesh, bool cull, Frame& frame) {
  const Int4 first = {0, 0, 0, 0}, last = {frame.width - 1, frame.height - 1, 0, 0};
  float *second = frame.second.data(), *third = frame.third.data();
  for (std::int64_t t = 0; t < mesh.triangle_count; ++t) {
    const Corner* a = corners + mesh.triangles[3 * t];
    const Corner* b = corners + mesh.triangles[3 * t + 1];
    const Corner* c = corners + mesh.triangles[3 * t + 2];
    // Lanes x and y; the others hold the depth's bits and are ignored.
    const Int4 at_a = load<Int4>(a), at_b = load<Int4>(b), at_c = load<Int4>(c);

    // A triangle that faces the camera has a negative area, because v points down.
    const Pair ab = pair(at_b - at_a), ac = pair(at_c - at_a);
    const std::int64_t area =
        static_cast<std::int64_t>(ab.x) * ac.y - static_cast<std::int64_t>(ab.y) * ac.x;
    const bool front = area < 0;
    if (area == 0 || (cull && !front)) continue;

    // The bounding box, in whole pixels inside the frame; many tiny triangles contain no pixel centre.
    const Int4 low = least(least(at_a, at_b), at_c), high = most(most(at_a, at_b), at_c);
    const Int4 from = most((low + (kSubpixels - 1)) >> 8, first), to = least(high >> 8, last);
    const Pair outside = pair(from > to);
    if (outside.x | outside.y) continue;

    Setup setup;
    setup.area = front ? -area : area;
    setup.index = static_cast<std::int32_t>(t);
    const Pair begin = pair(from), end = pair(to), extent = pair(high - low);
    setup.x0 = begin.x;
    setup.y0 = begin.y;
    setup.x1 = end.x;
    setup.y1 = end.y;
    setup.corner[0] = a;
    setup.corner[1] = front ? c : b;
    setup.corner[2] = front ? b : c;
    setup.second = front ? third : second;
    setup.third = front ? second : third;
    // As unsigned, kInvalid makes an extent large as well.
    if (static_cast<std::uint32_t>(extent.x) <= kSmall && static_cast<std::uint32_t>(extent.y) <= kSmall)
      draw_small(setup, frame);
    else if (pair(low).x != kInvalid)
      draw_large(setup, frame);
  }
}

static void unpack(const Frame& frame, float* depth, std::int32_t* index, float* barycentric) {
  for (int y = 0; y < frame.height; ++y) {
    const std::ptrdiff_t row = y * frame.stride;
    std::memcpy(depth, &frame.depth[row], sizeof(float) * frame.width);
    std::memcpy(index, &frame.index[row], sizeof(std::int32_t) * frame.width);
    for (int x = 0; x < frame.width; ++x) {
      const bool filled = frame.index[row + x] >= 0;
      const float second = filled ? frame.second[row + x] : 0.0f;
      const float third = filled ? frame.third[row + x] : 0.0f;
      const float first = filled ? 1.0f - second - third : 0.0f;
      barycentric[3 * x] = first > 0.0f ? first : 0.0f;
      barycentric[3 * x + 1] = second;
      barycentric[3 * x + 2] = third;
    }
    depth += frame.width;
    index += frame.width;
    barycentric += 3 * static_cast<std::ptrdiff_t>(frame.width);
  }
}

// `fixed` is the number of channels where it is known when compiling, otherwise 0.
template <int fixed>
FACE3D_INLINE void interpolate_pixels(const std::int32_t* index, const float* barycentric, std::int64_t pixels,
                                      const std::int32_t* triangles, const float* attributes, int channels,
                                      float* result) {
  const int count = fixed ? fixed : channels;
  for (std::int64_t i = 0; i < pixels; ++i, barycentric += 3, result += count) {
    if (index[i] < 0) {
      for (int k = 0; k < count; ++k) result[k] = 0.0f;
      continue;
    }
    const std::int32_t* corner = triangles + 3 * static_cast<std::int64_t>(index[i]);
    const float* a = attributes + static_cast<std::int64_t>(corner[0]) * count;
    const float* b = attributes + static_cast<std::int64_t>(corner[1]) * count;
    const float* c = attributes + static_cast<std::int64_t>(corner[2]) * count;
    for (int k = 0; k < count; ++k)
      result[k] = barycentric[0] * a[k] + barycentric[1] * b[k] + barycentric[2] * c[k];
  }
}

static void interpolate(const std::int32_t* index, const float* barycentric, std::int64_t pixels,
                        const std::int32_t* triangles, const float* attributes, int channels, float* result) {
  switch (channels) {
    case 1: return interpolate_pixels<1>(index, barycentric, pixels, triangles, attributes, channels, result);
    case 2: return interpolate_pixels<2>(index, barycentric, pixels, triangles, attributes, channels, result);
    case 3: return interpolate_pixels<3>(index, barycentric, pixels, triangles, attributes, channels, result);
    case 4: return interpolate_pixels<4>(index, barycentric, pixels, triangles, attributes, channels, result);
    default: return interpolate_pixels<0>(index, barycentric, pixels, triangles, attributes, channels, result);
  }
}
