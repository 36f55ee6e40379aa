// Python bindings of the face model's linear algebra. Documented in face3d/_core.pyi.
#include <cmath>
#include <memory>
#include <string>

#include "arguments.hpp"
#include "bindings.hpp"
#include "face_shape.hpp"
#include "shape.hpp"

namespace face3d {
namespace {

std::int64_t row_count(const py::object& rows, std::int64_t all) {
  const std::int64_t count = rows.is_none() ? all : rows.cast<std::int64_t>();
  if (count < 0 || count > all)
    throw py::value_error("rows: expected 0.." + std::to_string(all) + ", found " + std::to_string(count));
  return count;
}

// A basis (K, C, 3) or, the same memory, (K, 3 C): one of the pointers is null.
struct Basis {
  const float* numbers;
  const std::uint16_t* halves;
  std::int64_t terms;
};

// `terms` may be kAny; throws TypeError and ValueError.
Basis basis_of(py::handle basis, std::int64_t terms, std::int64_t control_count) {
  const py::array array = as_array(basis, "basis", "float16 or float32");
  const bool half = array.dtype().kind() == 'f' && array.dtype().itemsize() == 2;
  if (!half && !py::isinstance<py::array_t<float>>(array))
    throw py::type_error("basis: expected float16 or float32 (K, C, 3), found " + describe(array));
  const char* name = half ? "float16" : "float32";
  if (array.ndim() == 2)
    check_shape(array, "basis", name, {terms, 3 * control_count});
  else
    check_shape(array, "basis", name, {terms, control_count, 3});
  return {half ? nullptr : static_cast<const float*>(array.data()),
          half ? static_cast<const std::uint16_t*>(array.data()) : nullptr, array.shape(0)};
}

// The first `rows` rows (None: all) of a matrix of `columns` columns, checked.
Sparse sparse_of(py::handle indptr, py::handle indices, py::handle data, std::int64_t columns, py::object rows) {
  const auto p = view<std::int32_t>(indptr, "indptr", {kAny});
  const auto i = view<std::int32_t>(indices, "indices", {kAny});
  const auto d = view<float>(data, "data", {i.count});
  if (p.count < 1) throw py::value_error("indptr: expected at least one number, found int32 (0,)");
  const std::int64_t count = row_count(rows, p.count - 1);
  if (!rows_fit(p.data, count, i.count))
    throw py::value_error("indptr: expected to start at 0, never to fall and to stay within the " +
                          std::to_string(i.count) + " entries");
  const View<std::int32_t> used = {i.data, {p.data[count], 1, 1, 1}, p.data[count]};
  check_indices(used, "indices", columns, "number of control vertices");
  return {p.data, i.data, d.data, count};
}

py::object blend_shape(py::handle mean, py::handle basis, py::handle coefficients) {
  const auto m = view<float>(mean, "mean", {kAny, 3});
  const auto c = view<float>(coefficients, "coefficients", {kAny});
  const Basis b = basis_of(basis, c.count, m.shape[0]);
  auto result = make<float>({m.shape[0], 3});
  float* to = result.mutable_data();
  unlocked([&] {
    if (b.halves)
      blend(m.data, b.halves, c.data, c.count, m.count, to);
    else
      blend(m.data, b.numbers, c.data, c.count, m.count, to);
  });
  return result;
}

py::object subdivide_control(py::handle indptr, py::handle indices, py::handle data, py::handle control,
                             py::object rows) {
  const auto c = view<float>(control, "control", {kAny, 3});
  const Sparse matrix = sparse_of(indptr, indices, data, c.shape[0], rows);
  auto result = make<float>({matrix.rows, 3});
  float* to = result.mutable_data();
  unlocked([&] { subdivide(matrix, c.data, c.shape[0], to); });
  return result;
}

std::unique_ptr<FaceShape> face_shape_of(py::handle mean, py::handle basis, py::handle indptr, py::handle indices,
                                         py::handle data, std::int64_t steady) {
  const auto m = view<float>(mean, "mean", {kAny, 3});
  const Basis b = basis_of(basis, kAny, m.shape[0]);
  const Sparse matrix = sparse_of(indptr, indices, data, m.shape[0], py::none());
  for (std::int32_t k = 0; k < matrix.indptr[matrix.rows]; ++k)  // rows are sorted by weight
    if (!std::isfinite(matrix.data[k]))
      throw py::value_error("data: the weight at position " + std::to_string(k) + " is not finite");
  if (m.shape[0] > FaceShape::kMostControls)
    throw py::value_error("mean: expected at most " + std::to_string(FaceShape::kMostControls) +
                          " control vertices, found " + std::to_string(m.shape[0]));
  if (steady < 0 || steady > b.terms)
    throw py::value_error("steady: expected 0.." + std::to_string(b.terms) + ", found " + std::to_string(steady));
  return std::make_unique<FaceShape>(m.data, m.shape[0], b.numbers, b.halves, b.terms, steady, matrix);
}

py::object evaluate_shape(const FaceShape& shape, py::handle coefficients, py::object rows) {
  const auto c = view<float>(coefficients, "coefficients", {shape.terms()});
  const std::int64_t count = row_count(rows, shape.rows());
  auto result = make<float>({count, 3});
  float* to = result.mutable_data();
  unlocked([&] { shape.evaluate(c.data, count, to); });
  return result;
}

}  // namespace

void bind_shape(py::module_& module) {
  using py::literals::operator""_a;
  module.def("blend", &blend_shape, "mean"_a, "basis"_a, "coefficients"_a);
  module.def("subdivide", &subdivide_control, "indptr"_a, "indices"_a, "data"_a, "control"_a, "rows"_a = py::none());
  py::class_<FaceShape>(module, "FaceShape")
      .def(py::init(&face_shape_of), "mean"_a, "basis"_a, "indptr"_a, "indices"_a, "data"_a,
           "steady"_a = 0)
      .def("evaluate", &evaluate_shape, "coefficients"_a, "rows"_a = py::none());
}

}  // namespace face3d
