// The two passes of the crop; compiled once per instruction set (each_isa.hpp).

// result[i] = sum of weights[k] * rows[k * stride + i]
static void weigh_rows(const std::uint8_t* rows, std::ptrdiff_t stride, const float* weights, int count,
                       std::ptrdiff_t length, float* __restrict result) {
  if (count == 1) {
    for (std::ptrdiff_t i = 0; i < length; ++i) result[i] = weights[0] * rows[i];
    return;
  }
  const std::uint8_t* second = rows + stride;
  for (std::ptrdiff_t i = 0; i < length; ++i) result[i] = weights[0] * rows[i] + weights[1] * second[i];
  for (int k = 2; k < count; ++k) {
    const std::uint8_t* row = rows + k * stride;
    for (std::ptrdiff_t i = 0; i < length; ++i) result[i] += weights[k] * row[i];
  }
}

// Weighs the pixels of one interleaved row and writes one row of the target; `fixed` is Taps::taps where it is known
// when compiling, otherwise 0. Every load takes four floats, a pixel and one float of its neighbour: the row has room
// for that at its end.
template <int fixed>
FACE3D_INLINE void weigh_taps(const float* row, const Taps& taps, int out, const Target& target) {
  for (int x0 = 0; x0 < out; x0 += 8) {
    const int pixels = std::min(8, out - x0);
    Float4 sums[8] = {};
    for (int i = 0; i < pixels; ++i) {
      const int x = x0 + i, count = fixed ? fixed : taps.count[x];
      const float* pixel = row + 3 * taps.first[x];
      const float* weights = taps.weights + taps.start[x];
      Float4 sum = {0.5f, 0.5f, 0.5f, 0.5f};  // for rounding
      for (int k = 0; k < count; ++k) sum += weights[k] * load<Float4>(pixel + 3 * k);
      sums[i] = sum;
    }
    std::uint64_t bytes[8];  // three of a pixel, and others after them
    for (int i = 0; i < 8; i += 2) {
      bytes[i] = to_bytes(sums[i], sums[i + 1]);
      bytes[i + 1] = bytes[i] >> 32;
    }
    std::uint8_t* to = target.bytes + x0 * target.pixel;
    if (target.pixel == 1) {
      transpose(bytes);
      for (int k = 0; k < 3; ++k) put_bytes(to + k * target.channel, bytes[k], pixels);
      continue;
    }
    for (int i = 0; i < pixels; ++i) std::memcpy(to + i * target.pixel, &bytes[i], 3);
  }
}

static void weigh_pixels(const float* row, const Taps& taps, int out, const Target& target) {
  if (taps.taps == 2) return weigh_taps<2>(row, taps, out, target);
  if (taps.taps == 3) return weigh_taps<3>(row, taps, out, target);
  return weigh_taps<0>(row, taps, out, target);
}
