// The one place that checks what Python passes in. Every message says what was expected and what was found.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <initializer_list>
#include <string>

#include "mesh.hpp"

namespace face3d {

namespace py = pybind11;

constexpr std::int64_t kAny = -1;

template <class T>
constexpr const char* dtype_name();
template <>
constexpr const char* dtype_name<float>() { return "float32"; }
template <>
constexpr const char* dtype_name<double>() { return "float64"; }
template <>
constexpr const char* dtype_name<std::int32_t>() { return "int32"; }
template <>
constexpr const char* dtype_name<std::uint8_t>() { return "uint8"; }

inline std::string shape_text(const std::int64_t* shape, std::size_t dimensions) {
  std::string text = "(";
  for (std::size_t i = 0; i < dimensions; ++i) {
    if (i) text += ", ";
    text += shape[i] == kAny ? "any" : std::to_string(shape[i]);
  }
  return text + (dimensions == 1 ? ",)" : ")");
}

inline std::string describe(const py::array& array) {
  std::int64_t shape[32];
  for (py::ssize_t i = 0; i < array.ndim() && i < 32; ++i) shape[i] = array.shape(i);
  return py::str(array.dtype()).cast<std::string>() + " " + shape_text(shape, static_cast<std::size_t>(array.ndim()));
}

// A dense, read-only view of an argument.
template <class T>
struct View {
  const T* data;
  std::int64_t shape[4];
  std::int64_t count;
};

inline py::array as_array(const py::handle& value, const char* name, const char* dtype) {
  if (!py::isinstance<py::array>(value))
    throw py::type_error(std::string(name) + ": expected a numpy array of " + dtype + ", found " +
                         py::str(py::type::handle_of(value).attr("__name__")).cast<std::string>());
  return py::reinterpret_borrow<py::array>(value);
}

inline void check_shape(const py::array& array, const char* name, const char* dtype,
                        std::initializer_list<std::int64_t> shape) {
  bool fits = array.ndim() == static_cast<py::ssize_t>(shape.size());
  py::ssize_t i = 0;
  for (auto expected = shape.begin(); fits && expected != shape.end(); ++expected, ++i)
    fits = *expected == kAny || *expected == array.shape(i);
  if (!fits)
    throw py::value_error(std::string(name) + ": expected " + dtype + " " + shape_text(shape.begin(), shape.size()) +
                          ", found " + describe(array));
  if (!(array.flags() & py::array::c_style))
    throw py::value_error(std::string(name) + ": expected a C-contiguous array, found " + describe(array) +
                          " with other strides; pass numpy.ascontiguousarray(" + name + ")");
}

// Throws TypeError for a wrong type or dtype, ValueError for a wrong shape or memory layout.
template <class T>
View<T> view(const py::handle& value, const char* name, std::initializer_list<std::int64_t> shape) {
  const py::array array = as_array(value, name, dtype_name<T>());
  if (!py::isinstance<py::array_t<T>>(array))
    throw py::type_error(std::string(name) + ": expected " + dtype_name<T>() + " " +
                         shape_text(shape.begin(), shape.size()) + ", found " + describe(array) +
                         "; convert with .astype(numpy." + dtype_name<T>() + ")");
  check_shape(array, name, dtype_name<T>(), shape);
  View<T> result = {static_cast<const T*>(array.data()), {1, 1, 1, 1}, array.size()};
  for (py::ssize_t i = 0; i < array.ndim() && i < 4; ++i) result.shape[i] = array.shape(i);
  return result;
}

inline void check_indices(const View<std::int32_t>& indices, const char* name, std::int64_t limit,
                          const char* of_what) {
  if (indices_fit(indices.data, indices.count, limit)) return;
  for (std::int64_t i = 0; i < indices.count; ++i)
    if (indices.data[i] < 0 || indices.data[i] >= limit)
      throw py::value_error(std::string(name) + ": index " + std::to_string(indices.data[i]) + " at flat position " +
                            std::to_string(i) + " is outside 0.." + std::to_string(limit - 1) + " (" + of_what +
                            ": " + std::to_string(limit) + ")");
}

inline Mesh mesh_of(const py::handle& vertices, const py::handle& triangles) {
  const auto v = view<float>(vertices, "vertices", {kAny, 3});
  const auto t = view<std::int32_t>(triangles, "triangles", {kAny, 3});
  check_indices(t, "triangles", v.shape[0], "number of vertices");
  if (t.shape[0] > INT32_MAX) throw py::value_error("triangles: more than 2147483647 of them");
  return {v.data, v.shape[0], t.data, t.shape[0]};
}

inline int side_of(std::int64_t value, const char* name, int largest) {
  if (value < 1 || value > largest)
    throw py::value_error(std::string(name) + ": expected 1.." + std::to_string(largest) + " pixels, found " +
                          std::to_string(value));
  return static_cast<int>(value);
}

inline const double* rotation_of(const py::handle& value, const char* name) {
  return view<double>(value, name, {3, 3}).data;
}

}  // namespace face3d
