// Python bindings: check, allocate, release the interpreter lock, work, return. The signatures and their
// documentation for users are in face3d/_core.pyi.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "bindings.hpp"
#include "crop.hpp"
#include "encoder.hpp"
#include "prior.hpp"
#include "prior_points.hpp"
#include "raster.hpp"
#include "shade.hpp"
#include "simd.hpp"

namespace face3d {
namespace {

py::object vertex_normals_of(py::handle vertices, py::handle triangles) {
  const Mesh mesh = mesh_of(vertices, triangles);
  auto normals = make<float>({mesh.vertex_count, 3});
  float* to = normals.mutable_data();
  unlocked([&] { vertex_normals(mesh, to, 3); });
  return normals;
}

py::object rasterize_mesh(py::handle vertices, py::handle triangles, std::int64_t width, std::int64_t height,
                          bool cull) {
  const Mesh mesh = mesh_of(vertices, triangles);
  const int w = side_of(width, "width", kLargestSide), h = side_of(height, "height", kLargestSide);
  auto depth = make<float>({h, w});
  auto index = make<std::int32_t>({h, w});
  auto barycentric = make<float>({h, w, 3});
  float *depths = depth.mutable_data(), *weights = barycentric.mutable_data();
  std::int32_t* indices = index.mutable_data();
  unlocked([&] {
    Frame& frame = Frame::of_thread(w, h);
    rasterize(mesh, cull, frame);
    unpack(frame, depths, indices, weights);
  });
  return py::make_tuple(depth, index, barycentric);
}

py::object interpolate_attributes(py::handle index, py::handle barycentric, py::handle triangles,
                                  py::handle attributes) {
  const auto i = view<std::int32_t>(index, "index", {kAny, kAny});
  const auto b = view<float>(barycentric, "barycentric", {i.shape[0], i.shape[1], 3});
  const auto t = view<std::int32_t>(triangles, "triangles", {kAny, 3});
  const auto a = view<float>(attributes, "attributes", {kAny, kAny});
  check_indices(t, "triangles", a.shape[0], "rows of attributes");
  if (a.shape[1] > 4096) throw py::value_error("attributes: expected at most 4096 channels, found " +
                                               std::to_string(a.shape[1]));
  for (std::int64_t k = 0; k < i.count; ++k)
    if (i.data[k] < -1 || i.data[k] >= t.shape[0])
      throw py::value_error("index: " + std::to_string(i.data[k]) + " at flat position " + std::to_string(k) +
                            " is neither -1 nor one of the " + std::to_string(t.shape[0]) + " triangles");
  auto result = make<float>({i.shape[0], i.shape[1], a.shape[1]});
  float* to = result.mutable_data();
  unlocked([&] {
    interpolate(i.data, b.data, i.count, t.data, a.data, static_cast<int>(a.shape[1]), to);
  });
  return result;
}

std::vector<Light> lights_of(const View<float>& array) {
  std::vector<Light> lights(static_cast<std::size_t>(array.shape[0]));
  for (std::size_t i = 0; i < lights.size(); ++i) {
    const float* from = array.data + 6 * i;
    const float length = std::sqrt(from[0] * from[0] + from[1] * from[1] + from[2] * from[2]);
    if (!(length > 0.0f && std::isfinite(length)))
      throw py::value_error("lights: the direction of light " + std::to_string(i) + " is zero or not finite");
    for (int k = 0; k < 3; ++k) {
      lights[i].direction[k] = from[k] / length;
      lights[i].colour[k] = from[3 + k];
    }
  }
  return lights;
}

py::object shade_mesh(py::handle vertices, py::handle triangles, py::handle colors, py::handle lights,
                      py::handle ambient, std::int64_t width, std::int64_t height, py::handle normals,
                      py::handle specular, int shininess, bool cull) {
  const Mesh mesh = mesh_of(vertices, triangles);
  const int w = side_of(width, "width", kLargestSide), h = side_of(height, "height", kLargestSide);
  Material material = {view<float>(colors, "colors", {mesh.vertex_count, 3}).data, nullptr, nullptr, shininess};
  if (!normals.is_none()) material.normals = view<float>(normals, "normals", {mesh.vertex_count, 3}).data;
  if (!specular.is_none()) material.specular = view<float>(specular, "specular", {mesh.vertex_count}).data;
  if (shininess < 1 || shininess > 1024)
    throw py::value_error("shininess: expected 1..1024, found " + std::to_string(shininess));
  const std::vector<Light> directed = lights_of(view<float>(lights, "lights", {kAny, 2, 3}));
  const float* around = view<float>(ambient, "ambient", {3}).data;
  const Lighting lighting = {directed.data(), static_cast<int>(directed.size()), {around[0], around[1], around[2]}};
  auto rgb = make<float>({h, w, 3});
  auto depth = make<float>({h, w});
  float *colour = rgb.mutable_data(), *depths = depth.mutable_data();
  unlocked([&] { shade(mesh, material, lighting, cull, w, h, colour, depths); });
  return py::make_tuple(rgb, depth);
}

py::object render_prior_planes(py::handle vertices, py::handle triangles, py::handle codes, std::int64_t size) {
  const Mesh mesh = mesh_of(vertices, triangles);
  const std::uint8_t* code = view<std::uint8_t>(codes, "codes", {mesh.vertex_count, 3}).data;
  const int side = side_of(size, "size", kLargestSide);
  auto planes = make<std::uint8_t>({6, side, side});
  std::uint8_t* to = planes.mutable_data();
  unlocked([&] { render_prior(mesh, code, side, to); });
  return planes;
}

py::object project_vertices(py::handle vertices, py::handle projection) {
  const auto v = view<float>(vertices, "vertices", {kAny, 3});
  const float* matrix = view<float>(projection, "projection", {3, 4}).data;
  auto raster = make<float>({v.shape[0], 3});
  float* to = raster.mutable_data();
  unlocked([&] { project(v.data, v.shape[0], matrix, to); });
  return raster;
}

Image image_of(py::handle image) {
  const auto array = view<std::uint8_t>(image, "image", {kAny, kAny, 3});
  return {array.data, array.shape[1], array.shape[0]};
}

Square square_of(double cx, double cy, double size) {
  if (!std::isfinite(cx) || !std::isfinite(cy) || !std::isfinite(size) || size <= 0)
    throw py::value_error("crop: expected a finite centre and a size > 0 in pixels, found cx = " + std::to_string(cx) +
                          ", cy = " + std::to_string(cy) + ", size = " + std::to_string(size));
  return {cx, cy, size};
}

py::object crop_image(py::handle image, double cx, double cy, double size, std::int64_t out_size) {
  const Image from = image_of(image);
  const Square square = square_of(cx, cy, size);
  const int side = side_of(out_size, "out_size", kLargestSide);
  auto result = make<std::uint8_t>({side, side, 3});
  const Target target = {result.mutable_data(), 3 * static_cast<std::ptrdiff_t>(side), 3, 1};
  unlocked([&] { crop(from, square, side, target); });
  return result;
}

std::unique_ptr<Encoder> encoder_of(py::handle triangles, py::handle codes, std::int64_t out_size) {
  const auto c = view<std::uint8_t>(codes, "codes", {kAny, 3});
  const auto t = view<std::int32_t>(triangles, "triangles", {kAny, 3});
  check_indices(t, "triangles", c.shape[0], "number of vertices");
  return std::make_unique<Encoder>(t.data, t.shape[0], c.data, c.shape[0], side_of(out_size, "out_size", kLargestSide));
}

py::object encode(const Encoder& encoder, py::handle image, double cx, double cy, double size, py::handle vertices,
                  py::handle projection) {
  const Image from = image_of(image);
  const Square square = square_of(cx, cy, size);
  const float* shape = view<float>(vertices, "vertices", {encoder.vertex_count(), 3}).data;
  KnownPriors::Projection matrix;
  std::copy_n(view<float>(projection, "projection", {3, 4}).data, matrix.size(), matrix.begin());
  auto tensor = make<std::uint8_t>({9, encoder.out(), encoder.out()});
  std::uint8_t* to = tensor.mutable_data();
  unlocked([&] { encoder.encode(from, square, shape, matrix, to); });
  return tensor;
}

std::unique_ptr<PriorPoints> prior_points_of(py::handle weights, std::int64_t side, std::int64_t step) {
  const auto w = view<float>(weights, "weights", {kAny, 4});
  for (std::int64_t i = 3; i < w.count; i += 4)
    if (!(w.data[i] < 0.0f)) throw py::value_error("weights: expected negative ones of the squares");
  const int pixels = side_of(side, "side", kLargestSide);
  return std::make_unique<PriorPoints>(w.data, w.shape[0], pixels, side_of(step, "step", pixels));
}

py::object find_points(const PriorPoints& points, py::handle batch) {
  const auto inputs = view<std::uint8_t>(batch, "batch", {kAny, 9, points.side(), points.side()});
  auto found = make<float>({inputs.shape[0], points.points(), 2});
  const std::int64_t plane = static_cast<std::int64_t>(points.side()) * points.side();
  for (std::int64_t i = 0; i < inputs.shape[0]; ++i)
    points.find(inputs.data + (9 * i + 3) * plane, found.mutable_data() + 2 * points.points() * i);
  return found;
}

void select_by_name(const std::string& name) {
  const InstructionSet set = name == "avx2" ? InstructionSet::avx2 : InstructionSet::baseline;
  if ((name != "avx2" && name != "baseline") || !supported(set))
    throw py::value_error("instruction set: expected one of instruction_sets(), found '" + name + "'");
  select(set);
}

py::tuple names() {
  if (supported(InstructionSet::avx2)) return py::make_tuple("baseline", "avx2");
  return py::make_tuple("baseline");
}

}  // namespace
}  // namespace face3d

PYBIND11_MODULE(_core, module) {
  using namespace face3d;
  namespace py = pybind11;
  using py::literals::operator""_a;
  module.doc() = "Kernels of face3d in C++: rasteriser, prior, crop, shape. Documented in _core.pyi.";
  module.def("vertex_normals", &vertex_normals_of, "vertices"_a, "triangles"_a);
  module.def("rasterize", &rasterize_mesh, "vertices"_a, "triangles"_a, "width"_a, "height"_a, "cull"_a = true);
  module.def("interpolate", &interpolate_attributes, "index"_a, "barycentric"_a, "triangles"_a, "attributes"_a);
  module.def("shade", &shade_mesh, "vertices"_a, "triangles"_a, "colors"_a, "lights"_a, "ambient"_a, "width"_a,
             "height"_a, py::kw_only(), "normals"_a = py::none(), "specular"_a = py::none(), "shininess"_a = 32,
             "cull"_a = true);
  module.def("render_prior", &render_prior_planes, "vertices"_a, "triangles"_a, "codes"_a, "size"_a = 200);
  module.def("project", &project_vertices, "vertices"_a, "projection"_a);
  module.def("crop", &crop_image, "image"_a, "cx"_a, "cy"_a, "size"_a, "out_size"_a = 200);
  py::class_<Encoder>(module, "Encoder")
      .def(py::init(&encoder_of), "triangles"_a, "codes"_a, "out_size"_a = 200)
      .def("encode", &encode, "image"_a, "cx"_a, "cy"_a, "size"_a, "vertices"_a, "projection"_a);
  py::class_<PriorPoints>(module, "PriorPoints")
      .def(py::init(&prior_points_of), "weights"_a, "side"_a, "step"_a)
      .def("find", &find_points, "batch"_a);
  bind_camera(module);
  bind_shape(module);
  bind_track(module);
  module.def("instruction_sets", &names);
  module.def("select_instruction_set", &select_by_name, "name"_a);
}
