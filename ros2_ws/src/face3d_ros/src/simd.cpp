#include "simd.hpp"

#include <atomic>

namespace face3d {
namespace {

InstructionSet best() {
#if FACE3D_HAS_AVX2
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c")) return InstructionSet::avx2;
#endif
  return InstructionSet::baseline;
}

std::atomic<InstructionSet> chosen{best()};

}  // namespace

InstructionSet instruction_set() { return chosen.load(std::memory_order_relaxed); }

bool supported(InstructionSet set) {
  return set == InstructionSet::baseline || best() == InstructionSet::avx2;
}

void select(InstructionSet set) { chosen.store(set, std::memory_order_relaxed); }

}  // namespace face3d
