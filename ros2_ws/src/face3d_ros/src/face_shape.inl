// Blend and subdivision of the prepared model; compiled once per instruction set (each_isa.hpp).

#include "half.inl"

// One block's sums: `kVectors` registers, in as many parts as it takes. Adds to `from` the steady rows or the others.
template <class Number>
FACE3D_INLINE void blend_packed(const PackedBasis<Number>& basis, bool steady, const float* from,
                                const float* coefficients, float* result) {
  constexpr int kVectors = 8;
  constexpr std::int64_t kAhead = 2048;  // numbers: two of the pages at whose ends the processor stops reading ahead
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
        __builtin_prefetch(numbers + kAhead);
        __builtin_prefetch(numbers + kAhead + kNumbers / 2);
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
    store_three(result + 3 * static_cast<std::int64_t>(group.rows[i]), sum);
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

// The sum along a patch's rows at one place, of two rows at once; what weighs nothing is not read.
template <int place>
FACE3D_INLINE Float8 sum_along(const Float8* points) {
  constexpr std::array<float, 4> weights = Patches::kWeights[place];
  Float8 sum = weights[1] * points[1] + weights[2] * points[2];
  if (weights[0] != 0.0f) sum += weights[0] * points[0];
  if (weights[3] != 0.0f) sum += weights[3] * points[3];
  return sum;
}

// The patches' vertices below `rows`; control vertices are four floats apart.
static void sum_patches(const Patches& patches, std::int64_t rows, const float* control, float* result) {
  Float8 weights[Patches::kPlaces][2];  // rows 0 and 2, rows 1 and 3
  for (int place = 0; place < Patches::kPlaces; ++place)
    for (int k = 0; k < 8; ++k)
      for (int i = 0; i < 2; ++i) weights[place][i][k] = Patches::kWeights[place][2 * (k / 4) + i];
  const std::uint32_t* vertex = patches.vertices.data();
  for (const Patches::Patch& patch : patches.patches) {
    Float8 points[2][4], sums[Patches::kPlaces][2];
    const auto point = [&](int slot) { return control + 4 * static_cast<std::size_t>(patch.columns[slot]); };
    for (int i = 0; i < 2; ++i)
      for (int k = 0; k < 4; ++k) points[i][k] = both(point(4 * i + k), point(4 * i + k + 8));
    for (int i = 0; i < 2; ++i) {
      sums[0][i] = sum_along<0>(points[i]);
      sums[2][i] = sum_along<2>(points[i]);
      sums[4][i] = sum_along<4>(points[i]);
      if (!patch.quarters) continue;
      sums[1][i] = sum_along<1>(points[i]);
      sums[3][i] = sum_along<3>(points[i]);
    }
    for (const std::uint32_t* end = patches.vertices.data() + patch.end; vertex != end; ++vertex) {
      const std::int64_t row = *vertex >> 6;
      if (row >= rows) continue;
      const Float8 *along = sums[*vertex >> 3 & 7], *down = weights[*vertex & 7];
      store_three(result + 3 * row, sum_of_halves(down[0] * along[0] + down[1] * along[1]));
    }
  }
}
