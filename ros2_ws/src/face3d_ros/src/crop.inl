// The two passes of the crop; compiled once per instruction set (each_isa.hpp).

// Bytes as floats.
FACE3D_INLINE Floats widen(const std::uint8_t* bytes) {
#if FACE3D_WIDE
  return (Floats)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes))));
#else
  return __builtin_convertvector(__builtin_convertvector(load<Byte4>(bytes), Ints), Floats);
#endif
}

// `kVectors` vectors of the sum, which stay in registers while the rows pass.
template <int kVectors>
FACE3D_INLINE void weigh_block(const std::uint8_t* rows, std::ptrdiff_t stride, const float* weights, int count,
                               float* result) {
  Floats sums[kVectors];
  for (int i = 0; i < kVectors; ++i) sums[i] = weights[0] * widen(rows + i * kWidth);
  for (int k = 1; k < count; ++k) {
    rows += stride;
    const float weight = weights[k];
    for (int i = 0; i < kVectors; ++i) sums[i] += weight * widen(rows + i * kWidth);
  }
  for (int i = 0; i < kVectors; ++i) store(result + i * kWidth, sums[i]);
}

// result[i] = sum of weights[k] * rows[k * stride + i]
static void weigh_rows(const std::uint8_t* rows, std::ptrdiff_t stride, const float* weights, int count,
                       std::ptrdiff_t length, float* result) {
  constexpr int kVectors = 8;
  std::ptrdiff_t i = 0;
  for (; i + kVectors * kWidth <= length; i += kVectors * kWidth)
    weigh_block<kVectors>(rows + i, stride, weights, count, result + i);
  for (; i + kWidth <= length; i += kWidth) weigh_block<1>(rows + i, stride, weights, count, result + i);
  for (; i < length; ++i) {  // nothing beyond the image is touched
    float sum = weights[0] * rows[i];
    for (int k = 1; k < count; ++k) sum += weights[k] * rows[k * stride + i];
    result[i] = sum;
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
  switch (taps.taps) {
    case 2: return weigh_taps<2>(row, taps, out, target);
    case 3: return weigh_taps<3>(row, taps, out, target);
    case 4: return weigh_taps<4>(row, taps, out, target);
    case 5: return weigh_taps<5>(row, taps, out, target);
    case 6: return weigh_taps<6>(row, taps, out, target);
    default: return weigh_taps<0>(row, taps, out, target);
  }
}
