#include "perspective.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "rotation.hpp"

namespace face3d {
namespace {

constexpr int kFree = 6;  // a rotation vector and a shift, in the camera frame

// Sums over all pixels of the products of their derivatives, with each other and, last, with what they are off by.
struct Normal {
  double rows[kFree][kFree + 1] = {};
  double error = 0.0;

  void add(const double* row, double residual) {
    for (int i = 0; i < kFree; ++i) {
      for (int k = 0; k < kFree; ++k) rows[i][k] += row[i] * row[k];
      rows[i][kFree] += row[i] * residual;
    }
    error += residual * residual;
  }

  // Elimination with pivots. False when there is no single solution.
  bool solve(double* step) {
    for (int i = 0; i < kFree; ++i) {
      int pivot = i;
      for (int k = i + 1; k < kFree; ++k)
        if (std::fabs(rows[k][i]) > std::fabs(rows[pivot][i])) pivot = k;
      if (!(std::fabs(rows[pivot][i]) > 0.0)) return false;
      std::swap(rows[i], rows[pivot]);
      for (int k = i + 1; k < kFree; ++k) {
        const double factor = rows[k][i] / rows[i][i];
        for (int j = i; j <= kFree; ++j) rows[k][j] -= factor * rows[i][j];
      }
    }
    for (int i = kFree; i-- > 0;) {
      step[i] = rows[i][kFree];
      for (int k = i + 1; k < kFree; ++k) step[i] -= rows[i][k] * step[k];
      step[i] /= rows[i][i];
    }
    return true;
  }
};

// What a point adds; false when it is not in front of the camera.
bool add_point(const double* point, const Lens& lens, const WeakPose& weak, double nearest, const double* rotation,
               const double* translation, Normal& normal) {
  double turned[3], placed[3];
  for (int i = 0; i < 3; ++i) {
    const double* row = rotation + 3 * i;
    turned[i] = row[0] * point[0] + row[1] * point[1] + row[2] * point[2];
    placed[i] = turned[i] + translation[i];
  }
  if (!(placed[2] > nearest)) return false;
  const double x = turned[0], y = turned[1], z = turned[2];
  for (int axis = 0; axis < 2; ++axis) {
    const double* row = weak.rotation + 3 * axis;
    const double wanted =
        weak.scale * (row[0] * point[0] + row[1] * point[1] + row[2] * point[2]) + weak.translation[axis];
    const double gain = lens.focal[axis] / placed[2];
    const double slope = -gain * placed[axis] / placed[2];  // pixels per metre of depth
    double moves[kFree] = {slope * y, -slope * x, 0.0, 0.0, 0.0, slope};
    moves[3 + axis] = gain;
    moves[1 - axis] += axis == 0 ? gain * z : -gain * z;
    moves[2] = axis == 0 ? -gain * y : gain * x;
    normal.add(moves, wanted - (gain * placed[axis] + lens.centre[axis]));
  }
  return true;
}

}  // namespace

void fit_perspective(const double* points, std::int64_t count, const Lens& lens, const WeakPose& weak, int steps,
                     double nearest, double* rotation, double* translation) {
  double turn[9], shift[3], least = std::numeric_limits<double>::infinity();
  std::copy_n(rotation, 9, turn);
  std::copy_n(translation, 3, shift);
  for (int number = 0;; ++number) {
    Normal normal;
    for (std::int64_t i = 0; i < count; ++i)
      if (!add_point(points + 3 * i, lens, weak, nearest, turn, shift, normal)) return;
    if (!(normal.error < least)) return;
    least = normal.error;
    std::copy_n(turn, 9, rotation);
    std::copy_n(shift, 3, translation);
    double step[kFree], more[9];
    if (number == steps || !normal.solve(step)) return;
    rotation_exp(step, more);
    product(more, rotation, turn);
    for (int i = 0; i < 3; ++i) shift[i] += step[3 + i];
  }
}

}  // namespace face3d
