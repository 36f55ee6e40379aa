// Blend and subdivision of the prepared model; compiled once per instruction set (each_isa.hpp).

#include "half.inl"

// One block's sums: `kVectors` registers, in as many parts as it takes. Adds to `from` the steady rows or the others.
template <class Number>
FACE3D_INLINE void blend_packed(const PackedBasis<Number>& basis, bool steady, const float* from,
                                const float* coefficients, float* result) {
  constexpr int kVectors = 8;
  constexpr std::int64_t kNumbers = PackedBasis<Number>::kNumbers, kPart = kVectors * kWidth;
  static_assert(kNumbers % kPart == 0, "a block is whole parts");
  const std::int64_t blocks = static_cast<std::int64_t>(basis.first.size()) - 1;
  for (std::int64_t block = 0; block < blocks; ++block, from += kNumbers, result += kNumbers) {
    const std::int64_t begin = steady ? basis.first[block] : basis.moving[block];
    const std::int64_t end = steady ? basis.moving[block] : basis.first[block + 1];
    for (std::int64_t part = 0; part < kNumbers; part += kPart) {
      Floats sums[kVectors];
      for (int i = 0; i < kVectors; ++i) sums[i] = load<Floats>(from + part + i * kWidth);
      for (std::int64_t entry = begin; entry < end; ++entry) {
        const float factor = coefficients[basis.rows[entry]];
        if (factor == 0.0f) continue;
        const Number* numbers = basis.numbers.data() + entry * kNumbers + part;
        for (int i = 0; i < kVectors; ++i) sums[i] += factor * widen(numbers + i * kWidth);
      }
      for (int i = 0; i < kVectors; ++i) store(result + part + i * kWidth, sums[i]);
    }
  }
}

static void blend_packed_halves(const PackedBasis<std::uint16_t>& basis, bool steady, const float* from,
                                const float* coefficients, float* result) {
  blend_packed(basis, steady, from, coefficients, result);
}

static void blend_packed_floats(const PackedBasis<float>& basis, bool steady, const float* from,
                                const float* coefficients, float* result) {
  blend_packed(basis, steady, from, coefficients, result);
}

// Rows of `fixed` entries where the number is known when compiling, otherwise `fixed` is 0.
template <int fixed>
FACE3D_INLINE void sum_rows(const RowGroups::Group& group, std::size_t count, const float* control, float* result) {
  const std::size_t entries = fixed ? fixed : group.weights.size();
  const float* weights = group.weights.data();
  const std::uint16_t* columns = group.columns.data();
  for (std::size_t i = 0; i < count; ++i, columns += entries) {
    Float4 sum = {};
    for (std::size_t k = 0; k < entries; ++k) sum += weights[k] * load<Float4>(control + 4 * static_cast<std::size_t>(columns[k]));
    std::memcpy(result + 3 * static_cast<std::int64_t>(group.rows[i]), &sum, 12);
  }
}

// The first `count` rows of a group; control vertices are four floats apart.
static void sum_group(const RowGroups::Group& group, std::size_t count, const float* control, float* result) {
  switch (group.weights.size()) {  // inside of quads: 9, 12 and 16 control points
    case 9: return sum_rows<9>(group, count, control, result);
    case 12: return sum_rows<12>(group, count, control, result);
    case 16: return sum_rows<16>(group, count, control, result);
    default: return sum_rows<0>(group, count, control, result);
  }
}
