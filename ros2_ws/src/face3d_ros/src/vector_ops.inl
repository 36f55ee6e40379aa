// Unaligned loads and stores and lane selection; compiled once per instruction set (each_isa.hpp).

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

// Whether any lane of a comparison's result is set.
FACE3D_INLINE bool any(const Int8& mask) {
#if FACE3D_F16C
  return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#else
  std::int64_t parts[4];
  std::memcpy(parts, &mask, sizeof(parts));
  return (parts[0] | parts[1] | parts[2] | parts[3]) != 0;
#endif
}
