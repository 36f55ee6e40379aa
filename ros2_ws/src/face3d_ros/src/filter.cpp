#include "filter.hpp"

#include <algorithm>
#include <cmath>

#include "rotation.hpp"

namespace face3d {
namespace {

constexpr double kSurprise = 3.0;  // how much faster than speed a surprise raises the cutoff
constexpr double kTurn = 6.283185307179586;

// Gain of a first-order low pass of `cutoff` Hz at the step `dt` seconds.
double low_pass_gain(double cutoff, double dt) { return 1.0 / (1.0 + 1.0 / (kTurn * cutoff * dt)); }

double length(const double* vector, std::int64_t count) {
  double square = 0.0;
  for (std::int64_t i = 0; i < count; ++i) square += vector[i] * vector[i];
  return std::sqrt(square);
}

}  // namespace

double Rule::trust(double speed) const {
  if (weight > 0.0) return 0.0;
  const double square = speed * speed;
  return square / (square + lead * lead);
}

double Rule::gain(double speed, double error, double dt) const {
  if (weight > 0.0) return weight;
  return low_pass_gain(min_cutoff + beta * std::max(speed, kSurprise / dt * (error - slack)), dt);
}

double Rule::speed_gain(double dt) const { return weight > 0.0 ? weight : low_pass_gain(speed_cutoff, dt); }

void step(const Rule& rule, const double* speed, std::int64_t count, double dt, double unit, double* ahead) {
  const double shared = unit > 0.0 ? rule.trust(length(speed, count) / unit) : 0.0;
  for (std::int64_t i = 0; i < count; ++i)
    ahead[i] = (unit > 0.0 ? shared : rule.trust(std::fabs(speed[i]))) * dt * speed[i];
}

void follow(const Rule& rule, const double* measured, std::int64_t count, double dt, double unit, Moving memory) {
  const bool together = unit > 0.0;
  const double speed_gain = rule.speed_gain(dt), trust = together ? rule.trust(length(memory.speed, count) / unit) : 0;
  double squares = 0.0;  // of the errors
  for (std::int64_t i = 0; i < count; ++i) {
    double &value = memory.value[i], &speed = memory.speed[i];
    const double ahead = (together ? trust : rule.trust(std::fabs(speed))) * dt * speed;
    const double change = measured[i] - value, error = change - ahead;
    speed += speed_gain * (change / dt - speed);
    value += ahead;
    if (together)
      squares += error * error;
    else
      value += rule.gain(std::fabs(speed), std::fabs(error), dt) * error;
  }
  if (!together) return;
  const double gain = rule.gain(length(memory.speed, count) / unit, std::sqrt(squares) / unit, dt);
  for (std::int64_t i = 0; i < count; ++i) memory.value[i] += gain * (measured[i] - memory.value[i]);
}

void follow_rotation(const Rule& rule, const double* measured, double dt, Moving memory) {
  double ahead[3], turn[9], predicted[9], away[9], error[3];
  step(rule, memory.speed, 3, dt, 1.0, ahead);
  rotation_exp(ahead, turn);
  product(turn, memory.value, predicted);
  product_transposed(measured, predicted, away);
  rotation_log(away, error);
  // Two turns about different axes do not add up exactly; for the speed, which is smoothed, it is near enough.
  const double speed_gain = rule.speed_gain(dt);
  for (int i = 0; i < 3; ++i) memory.speed[i] += speed_gain * ((ahead[i] + error[i]) / dt - memory.speed[i]);
  const double gain = rule.gain(length(memory.speed, 3), length(error, 3), dt);
  for (double& part : error) part *= gain;
  rotation_exp(error, turn);
  product(turn, predicted, memory.value);
  orthonormal(memory.value, memory.value);
}

}  // namespace face3d
