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

// Eight numbers from 0 to 255, fractions cut off, as eight bytes.
FACE3D_INLINE std::uint64_t to_bytes(const Float8& numbers) {
  std::uint64_t bytes;
#if FACE3D_WIDE
  const __m256i whole = _mm256_cvttps_epi32((__m256)numbers);
  const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(&bytes), _mm_packus_epi16(words, words));
#elif defined(__SSE2__)
  Float4 halves[2];
  std::memcpy(halves, &numbers, sizeof(halves));
  const __m128i words = _mm_packs_epi32(_mm_cvttps_epi32((__m128)halves[0]), _mm_cvttps_epi32((__m128)halves[1]));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(&bytes), _mm_packus_epi16(words, words));
#else
  const Byte8 narrow = __builtin_convertvector(__builtin_convertvector(numbers, Int8), Byte8);
  std::memcpy(&bytes, &narrow, sizeof(bytes));
#endif
  return bytes;
}
