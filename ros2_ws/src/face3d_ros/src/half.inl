// Vectors of numbers that are stored as float or as IEEE half precision; compiled once per instruction set.

FACE3D_INLINE Floats widen(const float* numbers) { return load<Floats>(numbers); }

FACE3D_INLINE Floats widen(const std::uint16_t* halves) {
#if FACE3D_WIDE
  return (Floats)_mm256_cvtph_ps(load<__m128i>(halves));
#else
  const Ints bits = __builtin_convertvector(load<Half4>(halves), Ints);
  const Ints magnitude = bits & 0x7fff;
  // Below 2^-14 a half has no hidden bit: put one in, then subtract it as a number.
  const Ints tiny = magnitude < 0x400;
  const Ints special = magnitude >= 0x7c00;  // infinity and NaN
  const Ints wide = (magnitude << 13) + (112 << 23) + (tiny & (1 << 23)) + (special & (112 << 23));
  const Floats number = (Floats)wide - (Floats)(tiny & 0x38800000);  // 2^-14
  return (Floats)((Ints)number | (bits & 0x8000) << 16);
#endif
}
