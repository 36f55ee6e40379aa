// Python bindings of what a track needs in every frame: rotations, the network's answer, filters, landmarks, looks.
// Documented in face3d/_core.pyi.
#include <cmath>
#include <cstring>
#include <string>

#include "arguments.hpp"
#include "bindings.hpp"
#include "filter.hpp"
#include "landmarks.hpp"
#include "look.hpp"
#include "rotation.hpp"

namespace face3d {
namespace {

constexpr std::int64_t kIdentity = 200, kExpression = 84, kOutputs = kIdentity + kExpression + 6;

// Small results are immutable: what they are put into keeps them without a copy.
template <class T>
py::array_t<T> frozen(py::array_t<T> array) {
  py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return array;
}

template <class T>
py::array_t<T> copied(const T* values, std::initializer_list<std::int64_t> shape) {
  auto result = make<T>(shape);
  std::copy_n(values, result.size(), result.mutable_data());
  return frozen(result);
}

py::object exp_of(py::handle vector) {
  double matrix[9];
  rotation_exp(view<double>(vector, "vector", {3}).data, matrix);
  return copied(matrix, {3, 3});
}

py::object log_of(py::handle rotation) {
  double vector[3];
  rotation_log(rotation_of(rotation, "rotation"), vector);
  return copied(vector, {3});
}

py::object orthonormal_of(py::handle matrix) {
  double rotation[9];
  orthonormal(rotation_of(matrix, "matrix"), rotation);
  return copied(rotation, {3, 3});
}

double angle_between(py::handle a, py::handle b) {
  double between[9], vector[3];
  product_transposed(rotation_of(a, "a"), rotation_of(b, "b"), between);
  rotation_log(between, vector);
  return std::sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]);
}

py::tuple decode(py::handle output, py::handle rotation, double scale, py::handle translation, double side,
                 double most) {
  const float* from = view<float>(output, "output", {kOutputs}).data;
  const double* prior = rotation_of(rotation, "rotation");
  const double* place = view<double>(translation, "translation", {2}).data;
  float expression[kExpression];
  for (std::int64_t i = 0; i < kExpression; ++i) {
    const float value = from[kIdentity + i];
    const double clipped = value < 0.0f ? 0.0 : value > most ? most : value;
    expression[i] = std::isfinite(value) ? static_cast<float>(clipped) : NAN;
  }
  const float* pose = from + kIdentity + kExpression;
  const double vector[3] = {pose[0], pose[1], pose[2]};
  double turn[9], turned[9];
  rotation_exp(vector, turn);
  product(turn, prior, turned);
  orthonormal(turned, turned);
  const double moved[2] = {place[0] + pose[4] * side, place[1] + pose[5] * side};
  return py::make_tuple(copied(from, {kIdentity}), copied(expression, {kExpression}), copied(turned, {3, 3}),
                        scale * std::exp(static_cast<double>(pose[3])), copied(moved, {2}));
}

template <class T>
bool all_finite(py::handle array) {
  const auto values = py::reinterpret_borrow<py::array_t<T>>(array);
  const T* from = values.data();
  bool finite = true;
  for (py::ssize_t i = 0; i < values.size(); ++i) finite &= std::isfinite(from[i]);
  return finite;
}

bool is_finite(const py::args& arrays) {
  for (const py::handle array : arrays) {
    const bool dense = py::isinstance<py::array>(array) &&
                       (py::reinterpret_borrow<py::array>(array).flags() & py::array::c_style);
    if (dense && py::isinstance<py::array_t<float>>(array)) {
      if (!all_finite<float>(array)) return false;
    } else if (dense && py::isinstance<py::array_t<double>>(array)) {
      if (!all_finite<double>(array)) return false;
    } else {
      throw py::type_error("expected C-contiguous arrays of float32 or float64");
    }
  }
  return true;
}

Rule rule_of(py::handle numbers) {
  const double* n = view<double>(numbers, "rule", {6}).data;
  return {n[0], n[1], n[2], n[3], n[4], n[5]};
}

py::object step_of(py::handle rule, py::handle speed, double dt, double unit) {
  const auto from = view<double>(speed, "speed", {kAny});
  auto ahead = make<double>({from.count});
  step(rule_of(rule), from.data, from.count, dt, unit, ahead.mutable_data());
  return frozen(ahead);
}

py::tuple follow_vector(py::handle rule, py::handle value, py::handle speed, py::handle measured, double dt,
                        double unit) {
  const auto from = view<double>(value, "value", {kAny}), moving = view<double>(speed, "speed", {from.count});
  const auto seen = view<double>(measured, "measured", {from.count});
  auto values = make<double>({from.count}), speeds = make<double>({from.count});
  const Moving memory = {values.mutable_data(), speeds.mutable_data()};
  std::copy_n(from.data, from.count, memory.value);
  std::copy_n(moving.data, from.count, memory.speed);
  follow(rule_of(rule), seen.data, from.count, dt, unit, memory);
  return py::make_tuple(frozen(values), frozen(speeds));
}

py::tuple follow_turn(py::handle rule, py::handle value, py::handle speed, py::handle measured, double dt) {
  double turned[9], speeds[3];
  std::copy_n(rotation_of(value, "value"), 9, turned);
  std::copy_n(view<double>(speed, "speed", {3}).data, 3, speeds);
  follow_rotation(rule_of(rule), rotation_of(measured, "measured"), dt, {turned, speeds});
  return py::make_tuple(copied(turned, {3, 3}), copied(speeds, {3}));
}

// The numbers of a dense array, of either width.
struct Reals {
  const float* narrow;
  const double* wide;
  std::int64_t count;

  double operator[](std::int64_t i) const { return narrow ? narrow[i] : wide[i]; }
};

Reals reals_of(py::handle value, const char* name, std::int64_t count) {
  const py::array array = as_array(value, name, "float32 or float64");
  const bool narrow = py::isinstance<py::array_t<float>>(array);
  if (!narrow && !py::isinstance<py::array_t<double>>(array))
    throw py::type_error(std::string(name) + ": expected float32 or float64, found " + describe(array));
  if (!(array.flags() & py::array::c_style) || (count != kAny && array.size() != count))
    throw py::value_error(std::string(name) + ": expected a C-contiguous array of as many numbers, found " +
                          describe(array));
  return {narrow ? static_cast<const float*>(array.data()) : nullptr,
          narrow ? nullptr : static_cast<const double*>(array.data()), array.size()};
}

double distance(py::handle a, py::handle b) {
  const Reals from = reals_of(a, "a", kAny), to = reals_of(b, "b", from.count);
  double squares = 0.0;
  for (std::int64_t i = 0; i < from.count; ++i) squares += (to[i] - from[i]) * (to[i] - from[i]);
  return std::sqrt(squares);
}

double dot(py::handle a, py::handle b) {
  const Reals x = reals_of(a, "a", kAny), y = reals_of(b, "b", x.count);
  double sum = 0.0;
  for (std::int64_t i = 0; i < x.count; ++i) sum += x[i] * y[i];
  return sum;
}

py::object towards(py::handle value, py::handle measured, double gain) {
  const auto from = view<double>(value, "value", {kAny});
  const Reals to = reals_of(measured, "measured", from.count);
  auto result = make<double>({from.count});
  double* values = result.mutable_data();
  for (std::int64_t i = 0; i < from.count; ++i) values[i] = from.data[i] + gain * (to[i] - from.data[i]);
  return frozen(result);
}

py::object landmarks_of(py::handle vertices, py::handle fixed, py::handle candidates, py::handle outward,
                        py::handle rotation) {
  const auto v = view<float>(vertices, "vertices", {kAny, 3});
  const auto f = view<std::int32_t>(fixed, "fixed", {kAny});
  const auto c = view<std::int32_t>(candidates, "candidates", {kAny, kAny});
  const auto o = view<double>(outward, "outward", {c.shape[0], 2});
  check_indices(f, "fixed", v.shape[0], "number of vertices");
  check_indices(c, "candidates", v.shape[0], "number of vertices");
  if (c.shape[0] > f.count || c.shape[1] < 1)
    throw py::value_error("candidates: expected at least one for each of at most " + std::to_string(f.count) +
                          " landmarks, found int32 " + shape_text(c.shape, 2));
  auto result = make<float>({f.count, 3});
  pick_landmarks(v.data, {f.data, c.data, o.data, f.count, c.shape[0], c.shape[1]},
                 rotation_of(rotation, "rotation"), result.mutable_data());
  return result;
}

py::object look(py::handle tensor, int border, int cells, double flat) {
  const auto planes = view<std::uint8_t>(tensor, "tensor", {9, kAny, kAny});
  const std::int64_t side = planes.shape[1];
  if (planes.shape[2] != side || border < 0 || cells < 1 || 2 * border + cells > side || (side - 2 * border) % cells)
    throw py::value_error("tensor: expected square planes whose middle is a multiple of " + std::to_string(cells) +
                          " pixels, found uint8 " + shape_text(planes.shape, 3));
  auto result = make<float>({3, cells, cells});
  look_of(planes.data, static_cast<int>(side), border, cells, flat, result.mutable_data());
  return result;
}

py::object mixed_looks(py::handle look, py::handle other, double gain) {
  const auto from = view<float>(look, "look", {3, kAny, kAny});
  const auto to = view<float>(other, "other", {3, from.shape[1], from.shape[2]});
  auto result = make<float>({3, from.shape[1], from.shape[2]});
  mix_looks(from.data, to.data, from.count, gain, result.mutable_data());
  return result;
}

}  // namespace

void bind_track(py::module_& module) {
  using py::literals::operator""_a;
  module.def("rotation_exp", &exp_of, "vector"_a);
  module.def("rotation_log", &log_of, "rotation"_a);
  module.def("orthonormal", &orthonormal_of, "matrix"_a);
  module.def("angle", &angle_between, "a"_a, "b"_a);
  module.def("decode", &decode, "output"_a, "rotation"_a, "scale"_a, "translation"_a, "side"_a,
             "most"_a);
  module.def("is_finite", &is_finite);
  module.def("step", &step_of, "rule"_a, "speed"_a, "dt"_a, "unit"_a);
  module.def("follow", &follow_vector, "rule"_a, "value"_a, "speed"_a, "measured"_a, "dt"_a, "unit"_a);
  module.def("follow_rotation", &follow_turn, "rule"_a, "value"_a, "speed"_a, "measured"_a, "dt"_a);
  module.def("distance", &distance, "a"_a, "b"_a);
  module.def("dot", &dot, "a"_a, "b"_a);
  module.def("towards", &towards, "value"_a, "measured"_a, "gain"_a);
  module.def("landmarks", &landmarks_of, "vertices"_a, "fixed"_a, "candidates"_a, "outward"_a,
             "rotation"_a);
  module.def("look", &look, "tensor"_a, "border"_a, "cells"_a, "flat"_a);
  module.def("mixed_looks", &mixed_looks, "look"_a, "other"_a, "gain"_a);
}

}  // namespace face3d
