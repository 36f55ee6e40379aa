// What the files of bindings share: results, and work without the interpreter lock.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "buffers.hpp"

namespace face3d {

namespace py = pybind11;

// Add what a camera sees, the linear algebra of the face model, and what a track needs, to the module.
void bind_camera(py::module_& module);
void bind_shape(py::module_& module);
void bind_track(py::module_& module);

constexpr std::size_t kLarge = 256u << 10;  // bytes from which results live in kept buffers

// What a large result's capsule holds.
struct Loan {
  void* memory;
  std::size_t bytes;

  ~Loan() { return_buffer(memory, bytes); }
};

// A fresh, uninitialised result.
template <class T>
py::array_t<T> make(std::initializer_list<std::int64_t> shape) {
  const std::vector<py::ssize_t> dimensions(shape.begin(), shape.end());
  std::size_t bytes = sizeof(T);
  for (const std::int64_t side : shape) bytes *= static_cast<std::size_t>(side);
  if (bytes < kLarge) return py::array_t<T>(dimensions);
  auto loan = std::unique_ptr<Loan>(new Loan{take_buffer(bytes), bytes});
  T* memory = static_cast<T*>(loan->memory);
  const py::capsule owner(loan.get(), [](void* held) { delete static_cast<Loan*>(held); });
  loan.release();
  return py::array_t<T>(dimensions, memory, owner);
}

// Runs `work` without the interpreter lock.
template <class Work>
void unlocked(Work work) {
  py::gil_scoped_release release;
  work();
}

}  // namespace face3d
