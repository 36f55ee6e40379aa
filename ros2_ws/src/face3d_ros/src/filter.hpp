// Smoothing over time of vectors and of rotations; face3d/smoothing.py says what it is for.
//
// A filter's rule says how far an estimate goes on by itself with the speed it had, and the gain with which it then
// follows the measurement:
//   predicted = estimate + trust * speed * dt,   estimate = predicted + gain * (measurement - predicted).
#pragma once

#include <cstdint>

namespace face3d {

// One Euro (Casiez, Roussel, Vogel, CHI 2012) that looks ahead, or, with a weight above 0, the exponential mean.
struct Rule {
  double min_cutoff, beta, speed_cutoff;  // Hz, Hz per unit of speed, Hz
  double lead;                            // speed from which the estimate goes on with its own speed
  double slack;                           // error up to which a measurement may be noise
  double weight;                          // of the new measurement; 0: One Euro

  double trust(double speed) const;
  double gain(double speed, double error, double dt) const;
  double speed_gain(double dt) const;
};

// What a filter remembers: the smoothed value and its smoothed speed per second. A vector has `count` of both.
struct Moving {
  double *value, *speed;
};

// Where the estimate goes by itself in `dt` seconds. `unit` 0: every element has its own trust and gain; otherwise the
// vector is a position, with one trust and gain for all elements from its speed in multiples of `unit`.
void step(const Rule& rule, const double* speed, std::int64_t count, double dt, double unit, double* ahead);

// One step of a filter on a vector, in place.
void follow(const Rule& rule, const double* measured, std::int64_t count, double dt, double unit, Moving memory);

// One step on a rotation (3 x 3) with its speed (3, rad/s), in place: along the geodesics to the prediction and to the
// measurement.
void follow_rotation(const Rule& rule, const double* measured, double dt, Moving memory);

}  // namespace face3d
