// Vector types and the instruction sets the kernels are compiled for.
//
// A kernel is written once, in a file `<noun>.inl` with portable GCC/Clang vectors, and compiled once per
// instruction set by including each_isa.hpp. Floating-point contraction is off (CMakeLists.txt), so every
// instruction set gives bit-identical results.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#define FACE3D_HAS_AVX2 1
#else
#define FACE3D_HAS_AVX2 0
#endif

#define FACE3D_INLINE static inline __attribute__((always_inline))

namespace face3d {

typedef float Float4 __attribute__((vector_size(16)));
typedef float Float8 __attribute__((vector_size(32)));
typedef std::int32_t Int4 __attribute__((vector_size(16)));
typedef std::int32_t Int8 __attribute__((vector_size(32)));
typedef std::uint16_t Half4 __attribute__((vector_size(8)));
typedef std::uint8_t Byte4 __attribute__((vector_size(4)));
typedef std::uint8_t Byte16 __attribute__((vector_size(16)));

enum class InstructionSet { baseline, avx2 };

// The best set this processor has, unless a test chose another one.
InstructionSet instruction_set();
bool supported(InstructionSet set);
void select(InstructionSet set);

}  // namespace face3d

// Calls NAME of the namespace that fits this processor.
#if FACE3D_HAS_AVX2
#define FACE3D_CALL(NAME, ...) \
  (instruction_set() == InstructionSet::avx2 ? avx2::NAME(__VA_ARGS__) : baseline::NAME(__VA_ARGS__))
#else
#define FACE3D_CALL(NAME, ...) baseline::NAME(__VA_ARGS__)
#endif
