// From weak to full perspective; face3d/camera.py says what for.
#pragma once

#include <cstdint>

namespace face3d {

// A pinhole camera: focal lengths and principal point in pixels.
struct Lens {
  double focal[2], centre[2];
};

// Weak perspective: rotation (3, 3), pixels per metre, and where the origin lands (2).
struct WeakPose {
  const double* rotation;
  double scale;
  const double* translation;
};

// The rotation (3, 3) and translation (3), in place, that bring points (count, 3) in full perspective closest to where
// weak perspective has them: `steps` of Gauss-Newton, as far as they come closer and all points stay beyond `nearest`.
void fit_perspective(const double* points, std::int64_t count, const Lens& lens, const WeakPose& weak, int steps,
                     double nearest, double* rotation, double* translation);

}  // namespace face3d
