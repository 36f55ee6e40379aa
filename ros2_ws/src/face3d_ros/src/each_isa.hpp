// Compiles the kernel file FACE3D_KERNEL once per instruction set, in namespaces face3d::baseline and
// face3d::avx2. No include guard: every kernel includes it once. Standard headers must be included before,
// so that no code shared with other translation units is compiled for the wider set.
#define FACE3D_WIDE 0
namespace face3d::baseline {
#include "vector_ops.inl"
#include FACE3D_KERNEL
}  // namespace face3d::baseline

#if FACE3D_HAS_AVX2
#undef FACE3D_WIDE
#define FACE3D_WIDE 1
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,f16c")
#endif
namespace face3d::avx2 {
#include "vector_ops.inl"
#include FACE3D_KERNEL
}  // namespace face3d::avx2
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

#undef FACE3D_WIDE
#undef FACE3D_KERNEL
