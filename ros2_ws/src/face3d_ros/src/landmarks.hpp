// Landmarks out of a mesh: fixed vertices, and some that slide along the contour that the camera sees.
#pragma once

#include <cstdint>

namespace face3d {

// The vertices that may be landmarks. The first `sliding` landmarks are each where `choices` candidates reach furthest
// out: their mean, weighted by exp(reach / 0.4 % of the jaw's width), so that they move without leaps.
struct LandmarkPlaces {
  const std::int32_t* fixed;       // (count)
  const std::int32_t* candidates;  // (sliding, choices)
  const double* outward;           // (sliding, 2): outward in the mean face's frontal plane, right and up
  std::int64_t count, sliding, choices;
};

// result (count, 3) of vertices (.., 3); `rotation` (3 x 3) is from the model's to the camera's frame.
void pick_landmarks(const float* vertices, const LandmarkPlaces& places, const double* rotation, float* result);

}  // namespace face3d
