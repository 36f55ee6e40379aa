#include "shape.hpp"

#include <algorithm>
#include <vector>

#include "simd.hpp"

#define FACE3D_KERNEL "shape.inl"
#include "each_isa.hpp"

namespace face3d {
namespace {

// The rows that count, so that the kernel's loop has no test.
struct Terms {
  std::vector<std::int64_t> rows;
  std::vector<float> factors;

  Terms(const float* coefficients, std::int64_t count) {
    for (std::int64_t k = 0; k < count; ++k) {
      if (coefficients[k] == 0.0f) continue;
      rows.push_back(k);
      factors.push_back(coefficients[k]);
    }
  }
};

}  // namespace

void blend(const float* mean, const float* basis, const float* coefficients, std::int64_t rows, std::int64_t length,
           float* result) {
  const Terms terms(coefficients, rows);
  FACE3D_CALL(blend, mean, basis, terms.rows.data(), terms.factors.data(), terms.rows.size(), length, result);
}

void blend(const float* mean, const std::uint16_t* basis, const float* coefficients, std::int64_t rows,
           std::int64_t length, float* result) {
  const Terms terms(coefficients, rows);
  FACE3D_CALL(blend, mean, basis, terms.rows.data(), terms.factors.data(), terms.rows.size(), length, result);
}

void subdivide(const Sparse& matrix, const float* control, std::int64_t control_count, float* result) {
  thread_local std::vector<float> padded;  // four floats a vertex: one vector load each
  padded.resize(static_cast<std::size_t>(control_count) * 4);
  for (std::int64_t i = 0; i < control_count; ++i) {
    for (int k = 0; k < 3; ++k) padded[4 * i + k] = control[3 * i + k];
    padded[4 * i + 3] = 0.0f;
  }
  FACE3D_CALL(subdivide, matrix, padded.data(), result);
}

bool rows_fit(const std::int32_t* indptr, std::int64_t rows, std::int64_t entries) {
  if (indptr[0] != 0 || indptr[rows] > entries) return false;
  std::int32_t falls = 0;
  for (std::int64_t i = 0; i < rows; ++i) falls |= indptr[i + 1] < indptr[i];
  return falls == 0;
}

}  // namespace face3d
