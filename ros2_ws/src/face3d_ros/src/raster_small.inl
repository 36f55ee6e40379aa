// The rasteriser's kernel for triangles up to 64 pixels wide and high, whose edge functions fit 32 bits; compiled once
// per instruction set (each_isa.hpp). As many as a vector has lanes are set up together, then each is drawn by blocks.

constexpr int kSmall = 64 * kSubpixels;

// A vector holds a block of kColumns x kRows pixels: meshes at this size have triangles of a few pixels, which a
// block covers in one step, where a vector along the row would mostly hold pixels beside the triangle.
constexpr int kColumns = 4;
constexpr int kRows = kWidth / kColumns;
static_assert(kRows <= Frame::kRowsBelow && kColumns <= Frame::kPixelsBeside, "the frame's padding takes a block");
constexpr Ints kLaneX = kLanes & (kColumns - 1);
constexpr Ints kLaneY = kLanes / kColumns;

// Triangles, one in each lane, oriented so that their edge functions are positive inside. The edge opposite to corner i
// is number i; its function divided by twice the area is that corner's weight.
struct Small {
  Ints fits;                // 0 where a triangle is too large or a corner cannot be drawn: the rest is undefined
  Ints turned;              // where orienting a triangle exchanged its corners 1 and 2
  Ints index;               // the triangle's number
  Ints at, across, blocks;  // where the first block of the bounding box is in the frame, blocks side by side, and all
  Ints edge1, edge2;        // edge functions at the first pixel of the first block, without their bias
  Ints right1, right2, down1, down2;  // their steps per pixel
  Ints bias1, bias2;        // -1 when pixels exactly on the edge belong to the neighbour
  Ints whole;               // the sum of the three edge functions, with the bias of edge 0
  Floats scale;             // 1 / twice the area
  Floats depth, slope1, slope2;
};

// As Edge::bias_of, 0 for an edge that runs up, or level and to the right: the sign is that of dy or, where that is 0,
// of -dx.
FACE3D_INLINE Ints bias_of(const Ints& dx, const Ints& dy) { return ~((dy * 65536 - dx) >> 31); }

FACE3D_INLINE Ints least(const Ints& a, const Ints& b, const Ints& c) {
  const Ints two = a < b ? a : b;
  return two < c ? two : c;
}

FACE3D_INLINE Ints most(const Ints& a, const Ints& b, const Ints& c) {
  const Ints two = a > b ? a : b;
  return two > c ? two : c;
}

// Sets up the first kWidth of `count` chosen triangles; where there are less, the last one again.
FACE3D_INLINE Small set_up(const Corner* corners, const Mesh& mesh, const std::int32_t* chosen, std::int64_t count,
                           const Frame& frame) {
  std::int32_t index[kWidth], x[3][kWidth], y[3][kWidth];
  float depth[3][kWidth];
  for (int i = 0; i < kWidth; ++i) {
    index[i] = chosen[std::min<std::int64_t>(i, count - 1)];
    const std::int32_t* triangle = mesh.triangles + 3 * static_cast<std::int64_t>(index[i]);
    for (int k = 0; k < 3; ++k) {
      const Corner& corner = corners[triangle[k]];
      x[k][i] = corner.x;
      y[k][i] = corner.y;
      depth[k][i] = corner.depth;
    }
  }
  const Ints x0 = load<Ints>(x[0]), xb = load<Ints>(x[1]), xc = load<Ints>(x[2]);
  const Ints y0 = load<Ints>(y[0]), yb = load<Ints>(y[1]), yc = load<Ints>(y[2]);
  const Floats depth0 = load<Floats>(depth[0]), depth_b = load<Floats>(depth[1]), depth_c = load<Floats>(depth[2]);

  Small small;
  const Ints left = least(x0, xb, xc), right = most(x0, xb, xc), top = least(y0, yb, yc), bottom = most(y0, yb, yc);
  const Ints width = right - left;  // negative when kInvalid makes it overflow
  small.fits = (width >= 0) & (width <= kSmall) & (bottom - top <= kSmall);
  const Ints area = (xb - x0) * (yc - y0) - (yb - y0) * (xc - x0);
  const Ints front = area < 0;
  const Ints x1 = front ? xc : xb, x2 = front ? xb : xc, y1 = front ? yc : yb, y2 = front ? yb : yc;
  const Ints dx0 = x2 - x1, dy0 = y2 - y1, dx1 = x0 - x2, dy1 = y0 - y2, dx2 = x1 - x0, dy2 = y1 - y0;
  const Ints positive = front ? -area : area;

  // The pixels inside the frame that a triangle may cover, as far as its corners say. Blocks are aligned across: a load
  // then finds one earlier store, not parts of two.
  const Ints none = {}, last_x = none + (frame.width - 1), last_y = none + (frame.height - 1);
  const Ints from_x = most(none, none, (left + (kSubpixels - 1)) >> 8) & -kColumns;
  const Ints from_y = most(none, none, (top + (kSubpixels - 1)) >> 8);
  const Ints to_x = least(last_x, last_x, right >> 8), to_y = least(last_y, last_y, bottom >> 8);
  const std::int32_t stride = static_cast<std::int32_t>(frame.stride);
  small.across = (to_x - from_x) / kColumns + 1;
  small.blocks = small.across * ((to_y - from_y) / kRows + 1);
  small.at = from_y * stride + from_x;

  const Ints px = from_x * kSubpixels, py = from_y * kSubpixels;
  small.turned = front;
  small.index = load<Ints>(index);
  small.edge1 = dx1 * (py - y2) - dy1 * (px - x2);
  small.edge2 = dx2 * (py - y0) - dy2 * (px - x0);
  small.right1 = dy1 * -kSubpixels;
  small.right2 = dy2 * -kSubpixels;
  small.down1 = dx1 * kSubpixels;
  small.down2 = dx2 * kSubpixels;
  small.bias1 = bias_of(dx1, dy1);
  small.bias2 = bias_of(dx2, dy2);
  small.whole = positive + bias_of(dx0, dy0);
  small.scale = 1.0f / __builtin_convertvector(positive, Floats);
  small.depth = depth0;
  small.slope1 = (front ? depth_c : depth_b) - depth0;
  small.slope2 = (front ? depth_b : depth_c) - depth0;
  return small;
}

// From a block to the next one: of the edge functions, and of the place in the frame.
struct Step {
  std::int32_t edge1, edge2, place;
};

// Draws the triangle of lane i. Inlined into the loop over triangles.
FACE3D_INLINE void draw_small(const Small& small, int i, Frame& frame) {
  const std::int32_t right1 = small.right1[i], right2 = small.right2[i], down1 = small.down1[i], down2 = small.down2[i];
  Ints edge1 = small.edge1[i] + (kLaneX * right1 + kLaneY * down1);
  Ints edge2 = small.edge2[i] + (kLaneX * right2 + kLaneY * down2);
  const Ints whole = Ints{} + small.whole[i], bias1 = Ints{} + small.bias1[i], bias2 = Ints{} + small.bias2[i];
  const Ints index = Ints{} + small.index[i];
  const float scale = small.scale[i], depth0 = small.depth[i], slope1 = small.slope1[i], slope2 = small.slope2[i];
  float *second = frame.second.data(), *third = frame.third.data();  // where the weights of corners 1 and 2 go
  if (small.turned[i]) std::swap(second, third);
  float* const depths = frame.depth.data();
  float* const indices = reinterpret_cast<float*>(frame.index.data());  // moved as bits, never read as numbers
  const std::ptrdiff_t stride = frame.stride;
  std::ptrdiff_t at = small.at[i];

  // All blocks in one loop, and no test inside of it: how many there are and what they hide is a matter of chance, and
  // wrong guesses of the processor took a third of the time.
  const int across = small.across[i], back = (across - 1) * kColumns;
  const Step steps[2] = {{right1 * kColumns, right2 * kColumns, kColumns},
                         {down1 * kRows - right1 * back, down2 * kRows - right2 * back,
                          static_cast<std::int32_t>(kRows * stride) - back}};
  for (int left = small.blocks[i], until = across;;) {
    const Ints outside = (whole - edge1 - edge2) | (edge1 + bias1) | (edge2 + bias2);  // where negative
    const Floats weight1 = __builtin_convertvector(edge1, Floats) * scale;
    const Floats weight2 = __builtin_convertvector(edge2, Floats) * scale;
    const Floats depth = depth0 + (weight1 * slope1 + weight2 * slope2);
    const Floats old = load_block(depths + at, stride);
    // Pixels of the block beyond the bounding box are outside the triangle, or in the frame's padding.
    const Ints visible = (outside >= 0) & (depth < old);
    store_block(depths + at, stride, visible ? depth : old);
    store_block(indices + at, stride, visible ? (Floats)index : load_block(indices + at, stride));
    store_block(second + at, stride, visible ? weight1 : load_block(second + at, stride));
    store_block(third + at, stride, visible ? weight2 : load_block(third + at, stride));
    if (--left == 0) break;
    const bool ends = --until == 0;
    until = ends ? across : until;
    edge1 += steps[ends].edge1;
    edge2 += steps[ends].edge2;
    at += steps[ends].place;
  }
}
