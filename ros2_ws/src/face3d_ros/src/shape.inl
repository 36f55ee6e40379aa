// Blend and subdivision; compiled once per instruction set (each_isa.hpp).

#include "half.inl"

constexpr std::int64_t kBlock = 2048;  // floats of the result that stay in the first-level cache

template <class Number>
FACE3D_INLINE void blend_block(const Number* basis, const std::int64_t* rows, const float* factors,
                               std::int64_t terms, std::int64_t stride, std::int64_t length, float* result) {
  std::int64_t t = 0;
  // Four rows at a time: the result is loaded and stored once for them.
  for (; t + 4 <= terms; t += 4) {
    const Number* row[4];
    for (int j = 0; j < 4; ++j) row[j] = basis + rows[t + j] * stride;
    for (std::int64_t i = 0; i < length; i += kWidth) {
      Floats sum = load<Floats>(result + i);
      for (int j = 0; j < 4; ++j) sum += factors[t + j] * widen(row[j] + i);
      store(result + i, sum);
    }
  }
  for (; t < terms; ++t) {
    const Number* row = basis + rows[t] * stride;
    for (std::int64_t i = 0; i < length; i += kWidth)
      store(result + i, load<Floats>(result + i) + factors[t] * widen(row + i));
  }
}

template <class Number>
FACE3D_INLINE void blend_rows(const float* mean, const Number* basis, const std::int64_t* rows, const float* factors,
                              std::int64_t terms, std::int64_t length, float* result) {
  std::memcpy(result, mean, sizeof(float) * length);
  const std::int64_t whole = length / kWidth * kWidth;
  for (std::int64_t at = 0; at < whole; at += kBlock)
    blend_block(basis + at, rows, factors, terms, length, std::min(kBlock, whole - at), result + at);
  if (whole == length) return;
  // The last, partial vector: through copies, so that nothing beyond the arrays is touched.
  const std::size_t rest = length - whole;
  float sum[kWidth] = {};
  std::memcpy(sum, result + whole, sizeof(float) * rest);
  for (std::int64_t t = 0; t < terms; ++t) {
    Number row[kWidth] = {};
    std::memcpy(row, basis + rows[t] * length + whole, sizeof(Number) * rest);
    store(sum, load<Floats>(sum) + factors[t] * widen(row));
  }
  std::memcpy(result + whole, sum, sizeof(float) * rest);
}

static void blend(const float* mean, const float* basis, const std::int64_t* rows, const float* factors,
                  std::int64_t terms, std::int64_t length, float* result) {
  blend_rows(mean, basis, rows, factors, terms, length, result);
}

static void blend(const float* mean, const std::uint16_t* basis, const std::int64_t* rows, const float* factors,
                  std::int64_t terms, std::int64_t length, float* result) {
  blend_rows(mean, basis, rows, factors, terms, length, result);
}

static void subdivide(const Sparse& matrix, const float* control, float* result) {
  for (std::int64_t i = 0; i < matrix.rows; ++i) {
    Float4 sum = {};
    for (std::int32_t k = matrix.indptr[i], end = matrix.indptr[i + 1]; k < end; ++k)
      sum += matrix.data[k] * load<Float4>(control + 4 * static_cast<std::int64_t>(matrix.indices[k]));
    std::memcpy(result + 3 * i, &sum, 12);
  }
}
