#include "landmarks.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace face3d {
namespace {

// Of the jaw's width: candidates that reach as far out as the outermost one but for this share it with it.
constexpr double kSoftness = 0.004;

double dot(const double* a, const float* b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

double distance(const float* a, const float* b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

}  // namespace

void pick_landmarks(const float* vertices, const LandmarkPlaces& places, const double* rotation, float* result) {
  const auto vertex = [&](std::int32_t index) { return vertices + 3 * static_cast<std::int64_t>(index); };
  for (std::int64_t i = 0; i < places.count; ++i) std::memcpy(result + 3 * i, vertex(places.fixed[i]), 12);
  // The face's up in the image, and its right beside it whatever the roll; u right and v down.
  const double length = std::max(std::hypot(rotation[1], rotation[4]), 1e-6);
  const double up[2] = {rotation[1] / length, rotation[4] / length}, right[2] = {-up[1], up[0]};
  if (places.sliding == 0) return;
  const double width = distance(vertex(places.fixed[0]), vertex(places.fixed[places.sliding - 1]));
  const double softness = std::max(kSoftness * width, 1e-12);
  for (std::int64_t j = 0; j < places.sliding; ++j) {
    const double* outward = places.outward + 2 * j;
    const double u = outward[0] * right[0] + outward[1] * up[0], v = outward[0] * right[1] + outward[1] * up[1];
    const double way[3] = {u * rotation[0] + v * rotation[3], u * rotation[1] + v * rotation[4],
                           u * rotation[2] + v * rotation[5]};  // in the model's axes
    const std::int32_t* candidates = places.candidates + j * places.choices;
    double outermost = dot(way, vertex(candidates[0]));
    for (std::int64_t k = 1; k < places.choices; ++k) outermost = std::max(outermost, dot(way, vertex(candidates[k])));
    double sum[4] = {};  // a hard choice would make the point leap from vertex to vertex
    for (std::int64_t k = 0; k < places.choices; ++k) {
      const float* candidate = vertex(candidates[k]);
      const double weight = std::exp((dot(way, candidate) - outermost) / softness);
      for (int axis = 0; axis < 3; ++axis) sum[axis] += weight * candidate[axis];
      sum[3] += weight;
    }
    for (int axis = 0; axis < 3; ++axis) result[3 * j + axis] = static_cast<float>(sum[axis] / sum[3]);
  }
}

}  // namespace face3d
