// The face model's linear algebra: coefficients to control vertices, control vertices to the fine mesh.
#pragma once

#include <cstdint>

namespace face3d {

// result = mean + sum over k of coefficients[k] * basis[k], rows of `length` numbers. Rows whose coefficient is 0
// are not read. The 16-bit basis holds IEEE half-precision numbers.
void blend(const float* mean, const float* basis, const float* coefficients, std::int64_t rows, std::int64_t length,
           float* result);
void blend(const float* mean, const std::uint16_t* basis, const float* coefficients, std::int64_t rows,
           std::int64_t length, float* result);

// A sparse matrix by rows; row i holds entries indptr[i] to indptr[i + 1].
struct Sparse {
  const std::int32_t* indptr;
  const std::int32_t* indices;
  const float* data;
  std::int64_t rows;
};

// result (rows, 3) = matrix * control (control_count, 3)
void subdivide(const Sparse& matrix, const float* control, std::int64_t control_count, float* result);

// Whether indptr starts at 0, never falls, and stays within `entries`.
bool rows_fit(const std::int32_t* indptr, std::int64_t rows, std::int64_t entries);

}  // namespace face3d
