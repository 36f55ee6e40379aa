// The two passes of the crop; compiled once per instruction set (each_isa.hpp). All of it is whole numbers: pixels of
// eight bits, weights of 2^-15, and between the passes 2^-7 of a grey level, so that 255 has 15 bits.

typedef std::int16_t Words __attribute__((vector_size(sizeof(Ints))));  // twice as many as Ints
constexpr int kWords = 2 * kWidth, kTogether = kWidth / 4;              // pixels that a vector holds
constexpr int kBetween = 8, kEnd = 22;                                  // bits that the passes take off

#if FACE3D_WIDE

FACE3D_INLINE Words widen(const std::uint8_t* bytes) { return (Words)_mm256_cvtepu8_epi16(load<__m128i>(bytes)); }

// Products of the words, two neighbouring ones added.
FACE3D_INLINE Ints products(const Words& a, const Words& b) {
  return (Ints)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}

// Word by word of `a` and `b` in turn, half of them; `narrow` brings the halves back into order.
FACE3D_INLINE Words low_pairs(const Words& a, const Words& b) {
  return (Words)_mm256_unpacklo_epi16((__m256i)a, (__m256i)b);
}

FACE3D_INLINE Words high_pairs(const Words& a, const Words& b) {
  return (Words)_mm256_unpackhi_epi16((__m256i)a, (__m256i)b);
}

FACE3D_INLINE Words narrow(const Ints& low, const Ints& high) {
  return (Words)_mm256_packs_epi32((__m256i)low, (__m256i)high);
}

// Red of two neighbouring pixels, then their green and blue, at `one` place and at the `other`.
FACE3D_INLINE Words neighbours(const std::int16_t* one, const std::int16_t* other) {
  const __m256i order = _mm256_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 12, 13, 14, 15,  //
                                         0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 12, 13, 14, 15);
  const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(load<__m128i>(one)), load<__m128i>(other), 1);
  return (Words)_mm256_shuffle_epi8(both, order);
}

// Eight pixels, four numbers from 0 to 255 each, as eight bytes of each channel.
FACE3D_INLINE void separate(const Ints* pixels, std::uint64_t* planes) {
  const __m256i first = (__m256i)narrow(pixels[0], pixels[1]), rest = (__m256i)narrow(pixels[2], pixels[3]);
  const __m256i order = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,  //
                                         0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  // Of pixels 0, 2, 4 and 6, and of the others between them.
  const __m256i channels = _mm256_shuffle_epi8(_mm256_packus_epi16(first, rest), order);
  const __m128i even = _mm256_castsi256_si128(channels), odd = _mm256_extracti128_si256(channels, 1);
  const __m128i two = _mm_unpacklo_epi8(even, odd);
  planes[0] = static_cast<std::uint64_t>(_mm_cvtsi128_si64(two));
  planes[1] = static_cast<std::uint64_t>(_mm_extract_epi64(two, 1));
  planes[2] = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi8(even, odd)));
}

#else

FACE3D_INLINE Words widen(const std::uint8_t* bytes) {
  typedef std::uint8_t Byte8 __attribute__((vector_size(8)));
  return __builtin_convertvector(load<Byte8>(bytes), Words);
}

FACE3D_INLINE Ints products(const Words& a, const Words& b) {
#if defined(__SSE2__)
  return (Ints)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
  Ints sums;
  for (int i = 0; i < kWidth; ++i) sums[i] = a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
  return sums;
#endif
}

#if defined(__clang__)
#define FACE3D_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define FACE3D_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, Words{__VA_ARGS__})
#endif

FACE3D_INLINE Words low_pairs(const Words& a, const Words& b) {
  return FACE3D_SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

FACE3D_INLINE Words high_pairs(const Words& a, const Words& b) {
  return FACE3D_SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

FACE3D_INLINE Words narrow(const Ints& low, const Ints& high) {
  return FACE3D_SHUFFLE((Words)low, (Words)high, 0, 2, 4, 6, 8, 10, 12, 14);
}

#undef FACE3D_SHUFFLE

FACE3D_INLINE Words neighbours(const std::int16_t* one, const std::int16_t*) {
  return low_pairs(load<Words>(one), load<Words>(one + 3));
}

FACE3D_INLINE void separate(const Ints* pixels, std::uint64_t* planes) {
  std::uint64_t bytes[8];  // three of a pixel, and others after them
  for (int i = 0; i < 8; i += 2) {
    bytes[i] = to_bytes(pixels[i], pixels[i + 1]);
    bytes[i + 1] = bytes[i] >> 32;
  }
  transpose(bytes);
  std::memcpy(planes, bytes, 3 * sizeof(std::uint64_t));
}

#endif

// `kVectors` vectors of the sum, which stay in registers while the rows pass. `rows` may end before what is prefetched.
template <int kVectors>
FACE3D_INLINE void weigh_block(const std::uint8_t* rows, std::ptrdiff_t stride, const std::int16_t* weights, int count,
                               std::int16_t* result) {
  Ints low[kVectors], high[kVectors];
  for (int i = 0; i < kVectors; ++i) low[i] = high[i] = Ints{} + (1 << (kBetween - 1));
  for (int k = 0; k < count; k += 2, rows += 2 * stride) {
    const Words pair = (Words)(Ints{} + load<std::int32_t>(weights + k));
    const std::uint8_t* next = k + 1 < count ? rows + stride : rows;  // the last one weighs nothing
    for (int i = 0; i < kVectors; ++i) {
      const Words above = widen(rows + i * kWords), below = widen(next + i * kWords);
      low[i] -= products(low_pairs(above, below), pair);
      high[i] -= products(high_pairs(above, below), pair);
    }
  }
  // The next output's new rows, a cache line of each: the processor does not foresee where a row of the square begins.
  if (kVectors * kWords >= 64)
    for (int k = 0; 2 * k < count; ++k) __builtin_prefetch(rows + k * stride);
  for (int i = 0; i < kVectors; ++i) store(result + i * kWords, narrow(low[i] >> kBetween, high[i] >> kBetween));
}

// result[i] = -2^-8 times the sum of weights[k] * rows[k * stride + i], k < count
static void weigh_rows(const std::uint8_t* rows, std::ptrdiff_t stride, const std::int16_t* weights, int count,
                       std::ptrdiff_t length, std::int16_t* result) {
  constexpr int kVectors = 64 / kWords;
  std::ptrdiff_t i = 0;
  for (; i + kVectors * kWords <= length; i += kVectors * kWords)
    weigh_block<kVectors>(rows + i, stride, weights, count, result + i);
  for (; i + kWords <= length; i += kWords) weigh_block<1>(rows + i, stride, weights, count, result + i);
  if (i == length) return;
  if (length >= kWords) {  // the last vector, some of it again: nothing beyond the image is touched
    weigh_block<1>(rows + length - kWords, stride, weights, count, result + length - kWords);
    return;
  }
  for (; i < length; ++i) {
    std::int32_t sum = 1 << (kBetween - 1);
    for (int k = 0; k < count; ++k) sum -= weights[k] * rows[k * stride + i];
    result[i] = static_cast<std::int16_t>(sum >> kBetween);
  }
}

// Weighs the pixels of one interleaved row and writes one row of the target; `fixed` is the number of pairs where it is
// known when compiling, otherwise 0.
template <int fixed>
FACE3D_INLINE void weigh_pairs(const std::int16_t* row, const Couples::View& taps, int out, const Target& target) {
  const Couples::Couple* couple = taps.couples;
  for (int x0 = 0; x0 < out; x0 += 8) {
    Ints pixels[8 / kTogether];
    for (int i = 0; i < 8; ++couple) {
      const std::int64_t pairs = fixed ? fixed : couple->pairs;
      for (int j = 0; j < 2; j += kTogether, i += kTogether) {
        const std::int16_t *one = row + couple->first[j], *other = row + couple->first[1];
        const std::int16_t* weights = taps.weights + couple->start + 8 * j;
        Ints sum = Ints{} + (1 << (kEnd - 1));
        for (std::int64_t p = 0; p < pairs; ++p)
          sum -= products(neighbours(one + 6 * p, other + 6 * p), load<Words>(weights + 16 * p));
        pixels[i / kTogether] = sum >> kEnd;
      }
    }
    std::uint64_t planes[3];
    separate(pixels, planes);
    const int count = std::min(8, out - x0);
    std::uint8_t* to = target.bytes + x0 * target.pixel;
    if (target.pixel == 1) {
      for (int k = 0; k < 3; ++k) put_bytes(to + k * target.channel, planes[k], count);
      continue;
    }
    std::uint64_t bytes[8] = {planes[0], planes[1], planes[2]};
    transpose(bytes);
    for (int i = 0; i < count; ++i) std::memcpy(to + i * target.pixel, &bytes[i], 3);
  }
}

static void weigh_couples(const std::int16_t* row, const Couples::View& taps, int out, const Target& target) {
  switch (taps.most) {
    case 1: return weigh_pairs<1>(row, taps, out, target);
    case 2: return weigh_pairs<2>(row, taps, out, target);
    case 3: return weigh_pairs<3>(row, taps, out, target);
    case 4: return weigh_pairs<4>(row, taps, out, target);
    default: return weigh_pairs<0>(row, taps, out, target);
  }
}
