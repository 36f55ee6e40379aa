// Rotations as 3 x 3 matrices by rows, in double precision, and rotation vectors: axis times angle in radians.
#pragma once

namespace face3d {

// The matrix that turns by a rotation vector (Rodrigues' formula).
void rotation_exp(const double* vector, double* matrix);

// The rotation vector of a matrix, with an angle in [0, pi]. Goes through the quaternion with its largest component as
// the pivot, so that angles near 0 and near pi keep full precision.
void rotation_log(const double* matrix, double* vector);

// The nearest rotation to a nearly orthonormal matrix: products of thousands of increments drift.
void orthonormal(const double* matrix, double* result);

// a * b, and a * b transposed.
void product(const double* a, const double* b, double* result);
void product_transposed(const double* a, const double* b, double* result);

}  // namespace face3d
