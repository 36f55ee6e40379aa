// Vectors of this instruction set's own width, and the few operations without a portable spelling that compiles
// well; compiled once per instruction set (each_isa.hpp).

#if FACE3D_WIDE
typedef Float8 Floats;
typedef Int8 Ints;
constexpr Ints kLanes = {0, 1, 2, 3, 4, 5, 6, 7};
#else
typedef Float4 Floats;
typedef Int4 Ints;
constexpr Ints kLanes = {0, 1, 2, 3};
#endif
constexpr int kWidth = sizeof(Ints) / 4;

template <class Vector>
FACE3D_INLINE Vector load(const void* from) {
  Vector vector;
  std::memcpy(&vector, from, sizeof(Vector));
  return vector;
}

template <class Vector>
FACE3D_INLINE void store(void* to, const Vector& vector) {
  std::memcpy(to, &vector, sizeof(Vector));
}

// The first three floats.
FACE3D_INLINE void store_three(float* to, const Float4& vector) {
#if FACE3D_WIDE
  _mm_storel_pi(reinterpret_cast<__m64*>(to), (__m128)vector);
  const int third = _mm_extract_ps((__m128)vector, 2);
  std::memcpy(to + 2, &third, sizeof(third));
#else
  std::memcpy(to, &vector, 12);
#endif
}

// Four floats of each.
FACE3D_INLINE Float8 both(const float* low, const float* high) {
#if FACE3D_WIDE
  return (Float8)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
#else
  const Float4 halves[2] = {load<Float4>(low), load<Float4>(high)};
  return load<Float8>(halves);
#endif
}

FACE3D_INLINE Float4 sum_of_halves(const Float8& vector) {
#if FACE3D_WIDE
  return (Float4)_mm_add_ps(_mm256_castps256_ps128((__m256)vector), _mm256_extractf128_ps((__m256)vector, 1));
#else
  Float4 halves[2];
  std::memcpy(halves, &vector, sizeof(halves));
  return halves[0] + halves[1];
#endif
}

// A block of pixels, four wide; the rows are `stride` floats apart.
FACE3D_INLINE Floats load_block(const float* from, std::ptrdiff_t stride) {
#if FACE3D_WIDE
  return (Floats)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)), _mm_loadu_ps(from + stride), 1);
#else
  (void)stride;
  return load<Floats>(from);
#endif
}

FACE3D_INLINE void store_block(float* to, std::ptrdiff_t stride, const Floats& block) {
#if FACE3D_WIDE
  _mm_storeu_ps(to, _mm256_castps256_ps128((__m256)block));
  _mm_storeu_ps(to + stride, _mm256_extractf128_ps((__m256)block, 1));
#else
  (void)stride;
  store(to, block);
#endif
}

// Whether any lane of a comparison's result is set.
FACE3D_INLINE bool any(const Ints& mask) {
#if FACE3D_WIDE
  return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#elif defined(__SSE2__)
  return _mm_movemask_ps((__m128)mask) != 0;
#else
  std::int64_t parts[2];
  std::memcpy(parts, &mask, sizeof(parts));
  return (parts[0] | parts[1]) != 0;
#endif
}

// Eight numbers from 0 to 255 as eight bytes.
FACE3D_INLINE std::uint64_t to_bytes(const Int4& low, const Int4& high) {
  std::uint64_t bytes;
#if defined(__SSE2__)
  const __m128i words = _mm_packs_epi32((__m128i)low, (__m128i)high);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(&bytes), _mm_packus_epi16(words, words));
#else
  const Byte4 narrow[2] = {__builtin_convertvector(low, Byte4), __builtin_convertvector(high, Byte4)};
  std::memcpy(&bytes, narrow, sizeof(bytes));
#endif
  return bytes;
}

// The same, fractions cut off.
FACE3D_INLINE std::uint64_t to_bytes(const Float4& low, const Float4& high) {
#if defined(__SSE2__)
  return to_bytes((Int4)_mm_cvttps_epi32((__m128)low), (Int4)_mm_cvttps_epi32((__m128)high));
#else
  return to_bytes(__builtin_convertvector(low, Int4), __builtin_convertvector(high, Int4));
#endif
}

FACE3D_INLINE std::uint64_t to_bytes(const Float8& numbers) {
#if FACE3D_WIDE
  const __m256 wide = (__m256)numbers;
  return to_bytes((Float4)_mm256_castps256_ps128(wide), (Float4)_mm256_extractf128_ps(wide, 1));
#else
  Float4 halves[2];
  std::memcpy(halves, &numbers, sizeof(halves));
  return to_bytes(halves[0], halves[1]);
#endif
}

// The first `count` of eight bytes. The common case is spelled out: a copy of unknown length is a call.
FACE3D_INLINE void put_bytes(std::uint8_t* to, std::uint64_t bytes, int count) {
  if (count == 8)
    std::memcpy(to, &bytes, 8);
  else
    std::memcpy(to, &bytes, static_cast<std::size_t>(count));
}

FACE3D_INLINE Byte16 half_filled(std::uint64_t word) {
  typedef std::uint64_t Word2 __attribute__((vector_size(16)));
  return (Byte16)Word2{word, 0};
}

#if defined(__clang__)
#define FACE3D_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define FACE3D_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, Byte16{__VA_ARGS__})
#endif

// Transposes 8 x 8 bytes held in eight 64-bit words: byte j of word i becomes byte i of word j.
FACE3D_INLINE void transpose(std::uint64_t* words) {
  Byte16 pairs[4], fours[4];
  for (int i = 0; i < 4; ++i)
    pairs[i] = FACE3D_SHUFFLE(half_filled(words[2 * i]), half_filled(words[2 * i + 1]), 0, 16, 1, 17, 2, 18, 3, 19, 4,
                              20, 5, 21, 6, 22, 7, 23);
  for (int i = 0; i < 2; ++i) {
    const Byte16 a = pairs[2 * i], b = pairs[2 * i + 1];
    fours[2 * i] = FACE3D_SHUFFLE(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
    fours[2 * i + 1] = FACE3D_SHUFFLE(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
  }
  for (int i = 0; i < 2; ++i) {
    const Byte16 a = fours[i], b = fours[i + 2];
    store(words + 4 * i, FACE3D_SHUFFLE(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23));
    store(words + 4 * i + 2, FACE3D_SHUFFLE(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31));
  }
}

#undef FACE3D_SHUFFLE
