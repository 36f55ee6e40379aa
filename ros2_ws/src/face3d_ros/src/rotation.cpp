#include "rotation.hpp"

#include <algorithm>
#include <cmath>

namespace face3d {

void rotation_exp(const double* vector, double* matrix) {
  const double x = vector[0], y = vector[1], z = vector[2];
  const double square = x * x + y * y + z * z;
  double a, b;
  if (square < 1e-8) {  // Taylor series: sin(a)/a and (1-cos(a))/a^2 lose all digits near zero
    a = 1.0 - square / 6.0;
    b = 0.5 - square / 24.0;
  } else {
    const double angle = std::sqrt(square);
    a = std::sin(angle) / angle;
    b = (1.0 - std::cos(angle)) / square;
  }
  // 1 + a hat + b hat^2, written out
  const double rows[9] = {1.0 - b * (y * y + z * z), b * x * y - a * z, b * x * z + a * y,
                          b * x * y + a * z, 1.0 - b * (x * x + z * z), b * y * z - a * x,
                          b * x * z - a * y, b * y * z + a * x, 1.0 - b * (x * x + y * y)};
  std::copy_n(rows, 9, matrix);
}

void rotation_log(const double* matrix, double* vector) {
  const double* m = matrix;
  const double trace = m[0] + m[4] + m[8];
  double quaternion[3], w;
  if (trace >= std::max({m[0], m[4], m[8]})) {
    quaternion[0] = m[7] - m[5];
    quaternion[1] = m[2] - m[6];
    quaternion[2] = m[3] - m[1];
    w = 1.0 + trace;
  } else {
    const int i = m[0] >= m[4] ? (m[0] >= m[8] ? 0 : 2) : (m[4] >= m[8] ? 1 : 2);
    const int j = (i + 1) % 3, k = (i + 2) % 3;
    quaternion[i] = 1.0 - trace + 2.0 * m[4 * i];
    quaternion[j] = m[3 * j + i] + m[3 * i + j];
    quaternion[k] = m[3 * k + i] + m[3 * i + k];
    w = m[3 * k + j] - m[3 * j + k];
    if (w < 0.0) {
      w = -w;
      for (double& part : quaternion) part = -part;
    }
  }
  const double sine = std::sqrt(quaternion[0] * quaternion[0] + quaternion[1] * quaternion[1] +
                                quaternion[2] * quaternion[2]);
  const double factor = sine < 1e-12 * w ? 2.0 / w : 2.0 * std::atan2(sine, w) / sine;
  for (int i = 0; i < 3; ++i) vector[i] = factor * quaternion[i];
}

void orthonormal(const double* matrix, double* result) {
  // One Newton step of the polar decomposition, matrix * (1.5 - 0.5 matrix^T matrix); the error of a product in double
  // precision is far inside its basin.
  double step[9], rotation[9];
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      const double square = matrix[i] * matrix[j] + matrix[3 + i] * matrix[3 + j] + matrix[6 + i] * matrix[6 + j];
      step[3 * i + j] = (i == j ? 1.5 : 0.0) - 0.5 * square;
    }
  product(matrix, step, rotation);
  std::copy_n(rotation, 9, result);
}

void product(const double* a, const double* b, double* result) {
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      result[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
}

void product_transposed(const double* a, const double* b, double* result) {
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      result[3 * i + j] = a[3 * i] * b[3 * j] + a[3 * i + 1] * b[3 * j + 1] + a[3 * i + 2] * b[3 * j + 2];
}

}  // namespace face3d
