// Soft look-up of points by their codes; compiled once per instruction set (each_isa.hpp). Sums have eight lanes with every
// one of them, so that they have the same bits.

FACE3D_INLINE bool any_of_eight(const Int8& mask) {
#if FACE3D_WIDE
  return any(mask);
#else
  Int4 halves[2];
  std::memcpy(halves, &mask, sizeof(halves));
  return any(halves[0] | halves[1]);
#endif
}

// e^x for x in [-80, 0], to 2e-7 of it: 2^n times a polynomial of what is left (Cephes, expf).
FACE3D_INLINE Float8 exp_of(const Float8& x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves no fraction
  const Float8 shifted = x * 1.44269504f + kRound;
  const Float8 whole = shifted - kRound;
  const Float8 rest = x - whole * 0.693359375f + whole * 2.12194440e-4f;
  Float8 sum = rest * 1.9875691500e-4f + 1.3981999507e-3f;
  sum = sum * rest + 8.3334519073e-3f;
  sum = sum * rest + 4.1665795894e-2f;
  sum = sum * rest + 1.6666665459e-1f;
  sum = sum * rest + 5.0000001201e-1f;
  const Float8 fraction = sum * rest * rest + rest + 1.0f;
  const Int8 exponent = load<Int8>(&shifted) << 23;  // the shift drops what kRound put above n
  const Int8 bits = load<Int8>(&fraction) + exponent;
  return load<Float8>(&bits);
}

// The largest of eight, and their sum.
FACE3D_INLINE float largest_of(const Float8& vector) {
  float lanes[8];
  store(lanes, vector);
  return *std::max_element(lanes, lanes + 8);
}

FACE3D_INLINE float sum_of(const Float8& vector) {
  float lanes[8];
  store(lanes, vector);
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static void locate(const Cells& cells, const float* weights, std::int64_t points, float* found) {
  constexpr float kFar = -24.0f;  // what weighs less than e^-24 of the nearest cell is below the sums' last bit
  for (std::int64_t p = 0; p < points; ++p, weights += 4, found += 2) {
    Float8 most = Float8{} - std::numeric_limits<float>::max();
    for (std::int64_t i = 0; i < cells.count; i += 8) {
      Float8 near = weights[0] * load<Float8>(cells.code[0] + i) + weights[1] * load<Float8>(cells.code[1] + i);
      near += weights[2] * load<Float8>(cells.code[2] + i) + weights[3] * load<Float8>(cells.code[3] + i);
      store(cells.near + i, near);
      most = near > most ? near : most;
    }
    const float nearest = largest_of(most);
    Float8 total = {}, x = {}, y = {};
    for (std::int64_t i = 0; i < cells.count; i += 8) {
      const Float8 less = load<Float8>(cells.near + i) - nearest;
      const Int8 counts = less > kFar;
      if (!any_of_eight(counts)) continue;
      const Float8 weight = counts ? exp_of(less) : Float8{};
      total += weight;
      x += weight * load<Float8>(cells.place[0] + i);
      y += weight * load<Float8>(cells.place[1] + i);
    }
    const float whole = sum_of(total);
    found[0] = sum_of(x) / whole;
    found[1] = sum_of(y) / whole;
  }
}
