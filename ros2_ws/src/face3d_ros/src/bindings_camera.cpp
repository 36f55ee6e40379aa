// Python bindings of what a camera sees. Documented in face3d/_core.pyi.
#include <algorithm>

#include "arguments.hpp"
#include "bindings.hpp"
#include "perspective.hpp"

namespace face3d {
namespace {

py::object projection_of(py::handle rotation, double scale, double u, double v) {
  const double* turn = rotation_of(rotation, "rotation");
  const double shift[3] = {u, v, 0.0};
  auto matrix = make<float>({3, 4});
  float* to = matrix.mutable_data();
  for (int row = 0; row < 3; ++row) {
    for (int k = 0; k < 3; ++k) to[4 * row + k] = static_cast<float>(scale * turn[3 * row + k]);
    to[4 * row + 3] = static_cast<float>(shift[row]);
  }
  return matrix;
}

py::tuple perspective_of(py::handle points, py::handle lens, py::handle weak_rotation, double scale,
                         py::handle weak_translation, py::handle rotation, py::handle translation, int steps,
                         double nearest) {
  const auto some = view<double>(points, "points", {kAny, 3});
  const double* numbers = view<double>(lens, "lens", {4}).data;
  const double* origin = view<double>(weak_translation, "weak_translation", {2}).data;
  const WeakPose weak = {rotation_of(weak_rotation, "weak_rotation"), scale, origin};
  auto turn = make<double>({3, 3}), shift = make<double>({3});
  std::copy_n(rotation_of(rotation, "rotation"), 9, turn.mutable_data());
  std::copy_n(view<double>(translation, "translation", {3}).data, 3, shift.mutable_data());
  fit_perspective(some.data, some.shape[0], {{numbers[0], numbers[1]}, {numbers[2], numbers[3]}}, weak, steps, nearest,
                  turn.mutable_data(), shift.mutable_data());
  return py::make_tuple(turn, shift);
}

}  // namespace

void bind_camera(py::module_& module) {
  using py::literals::operator""_a;
  module.def("projection", &projection_of, "rotation"_a, "scale"_a, "u"_a, "v"_a);
  module.def("perspective", &perspective_of, "points"_a, "lens"_a, "weak_rotation"_a, "scale"_a, "weak_translation"_a,
             "rotation"_a, "translation"_a, "steps"_a, "nearest"_a);
}

}  // namespace face3d
