// Shading of one row of pixels; compiled once per instruction set (each_isa.hpp).

constexpr Float8 kTurned = {1, 1, 1, -1, -1, -1, 1, 1};  // the normal of a back face, towards the camera

FACE3D_INLINE bool shows_back(const Mesh& mesh, const std::int32_t* corner) {
  const float* a = mesh.vertices + 3 * static_cast<std::int64_t>(corner[0]);
  const float* b = mesh.vertices + 3 * static_cast<std::int64_t>(corner[1]);
  const float* c = mesh.vertices + 3 * static_cast<std::int64_t>(corner[2]);
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0.0f;
}

// Interpolates the vertices of pixels [begin, end) into the row's fields and normalises the normals.
FACE3D_INLINE void gather(const Frame& frame, std::ptrdiff_t row, int begin, int end, const Mesh& mesh, bool cull,
                          const float* vertices, float* fields) {
  const std::ptrdiff_t width = frame.width;
  for (int x = begin; x < end; ++x) {
    Float8 pixel = {};
    const std::ptrdiff_t at = row + x;
    if (frame.index[at] >= 0) {
      const std::int32_t* corner = mesh.triangles + 3 * static_cast<std::int64_t>(frame.index[at]);
      const Float8 a = load<Float8>(vertices + kVertexFloats * static_cast<std::int64_t>(corner[0]));
      const Float8 b = load<Float8>(vertices + kVertexFloats * static_cast<std::int64_t>(corner[1]));
      const Float8 c = load<Float8>(vertices + kVertexFloats * static_cast<std::int64_t>(corner[2]));
      pixel = a + (frame.second[at] * (b - a) + frame.third[at] * (c - a));
      if (!cull && shows_back(mesh, corner)) pixel *= kTurned;
    }
    for (int k = 0; k < kFields; ++k) fields[k * width + x] = pixel[k];
  }
  float* __restrict nx = fields + kNormalX * width;
  float* __restrict ny = fields + kNormalY * width;
  float* __restrict nz = fields + kNormalZ * width;
  for (int x = begin; x < end; ++x) {
    const float square = nx[x] * nx[x] + ny[x] * ny[x] + nz[x] * nz[x];
    const float scale = 1.0f / std::sqrt(square > 1e-20f ? square : 1e-20f);
    nx[x] *= scale;
    ny[x] *= scale;
    nz[x] *= scale;
  }
}

FACE3D_INLINE void add_diffuse(const float* fields, std::ptrdiff_t width, int begin, int end, const Light& light,
                               float* __restrict sums) {
  const float* nx = fields + kNormalX * width;
  const float* ny = fields + kNormalY * width;
  const float* nz = fields + kNormalZ * width;
  const float lx = light.direction[0], ly = light.direction[1], lz = light.direction[2];
  const float red = light.colour[0], green = light.colour[1], blue = light.colour[2];
  float* __restrict r = sums + kDiffuse * width;
  float* __restrict g = r + width;
  float* __restrict b = g + width;
  for (int x = begin; x < end; ++x) {
    const float cosine = nx[x] * lx + ny[x] * ly + nz[x] * lz;
    const float lit = cosine > 0.0f ? cosine : 0.0f;
    r[x] += lit * red;
    g[x] += lit * green;
    b[x] += lit * blue;
  }
}

// Blinn-Phong; the power is by repeated squaring, so that it stays plain arithmetic.
FACE3D_INLINE void add_highlight(const float* fields, std::ptrdiff_t width, int begin, int end, const Light& light,
                                 int shininess, float* __restrict sums) {
  const float* nx = fields + kNormalX * width;
  const float* ny = fields + kNormalY * width;
  const float* nz = fields + kNormalZ * width;
  float hx = light.direction[0], hy = light.direction[1], hz = light.direction[2] - 1.0f;
  const float length = std::sqrt(hx * hx + hy * hy + hz * hz);
  if (length < 1e-6f) return;  // light from exactly behind
  hx /= length, hy /= length, hz /= length;
  float* __restrict r = sums + kHighlight * width;
  float* __restrict g = r + width;
  float* __restrict b = g + width;
  for (int x = begin; x < end; ++x) {
    const float cosine = nx[x] * hx + ny[x] * hy + nz[x] * hz;
    float base = cosine > 0.0f ? cosine : 0.0f, power = 1.0f;
    for (int rest = shininess; rest > 0; rest >>= 1) {
      power *= rest & 1 ? base : 1.0f;
      base *= base;
    }
    r[x] += power * light.colour[0];
    g[x] += power * light.colour[1];
    b[x] += power * light.colour[2];
  }
}

static void shade_row(const Frame& frame, int y, const Mesh& mesh, bool cull, const float* vertices,
                      const Material& material, const Lighting& lighting, float* fields, float* rgb) {
  const std::ptrdiff_t row = y * frame.stride, width = frame.width;
  int begin = 0, end = frame.width;
  while (begin < end && frame.index[row + begin] < 0) ++begin;
  while (begin < end && frame.index[row + end - 1] < 0) --end;
  std::fill_n(rgb, 3 * width, 0.0f);
  if (begin == end) return;

  gather(frame, row, begin, end, mesh, cull, vertices, fields);
  float* sums = fields + kFields * width;
  for (int k = 0; k < 3; ++k) {
    std::fill(sums + (kDiffuse + k) * width + begin, sums + (kDiffuse + k) * width + end, lighting.ambient[k]);
    std::fill(sums + (kHighlight + k) * width + begin, sums + (kHighlight + k) * width + end, 0.0f);
  }
  for (int i = 0; i < lighting.count; ++i) {
    add_diffuse(fields, width, begin, end, lighting.lights[i], sums);
    if (material.specular)
      add_highlight(fields, width, begin, end, lighting.lights[i], material.shininess, sums);
  }
  for (int k = 0; k < 3; ++k) {
    const float* colour = fields + (kRed + k) * width;
    const float* specular = fields + kSpecular * width;
    const float* diffuse = sums + (kDiffuse + k) * width;
    const float* highlight = sums + (kHighlight + k) * width;
    for (int x = begin; x < end; ++x) rgb[3 * x + k] = colour[x] * diffuse[x] + specular[x] * highlight[x];
  }
}
