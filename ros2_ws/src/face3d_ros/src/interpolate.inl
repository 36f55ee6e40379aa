// What the pixels of a frame show, as dense arrays; compiled once per instruction set (each_isa.hpp).

static void unpack(const Frame& frame, float* depth, std::int32_t* index, float* barycentric) {
  for (int y = 0; y < frame.height; ++y) {
    const std::ptrdiff_t row = y * frame.stride;
    std::memcpy(depth, &frame.depth[row], sizeof(float) * frame.width);
    std::memcpy(index, &frame.index[row], sizeof(std::int32_t) * frame.width);
    for (int x = 0; x < frame.width; ++x) {
      const bool filled = frame.index[row + x] >= 0;
      const float second = filled ? frame.second[row + x] : 0.0f;
      const float third = filled ? frame.third[row + x] : 0.0f;
      const float first = filled ? 1.0f - second - third : 0.0f;
      barycentric[3 * x] = first > 0.0f ? first : 0.0f;
      barycentric[3 * x + 1] = second;
      barycentric[3 * x + 2] = third;
    }
    depth += frame.width;
    index += frame.width;
    barycentric += 3 * static_cast<std::ptrdiff_t>(frame.width);
  }
}

// `fixed` is the number of channels where it is known when compiling, otherwise 0.
template <int fixed>
FACE3D_INLINE void interpolate_pixels(const std::int32_t* index, const float* barycentric, std::int64_t pixels,
                                      const std::int32_t* triangles, const float* attributes, int channels,
                                      float* result) {
  const int count = fixed ? fixed : channels;
  for (std::int64_t i = 0; i < pixels; ++i, barycentric += 3, result += count) {
    if (index[i] < 0) {
      for (int k = 0; k < count; ++k) result[k] = 0.0f;
      continue;
    }
    const std::int32_t* corner = triangles + 3 * static_cast<std::int64_t>(index[i]);
    const float* a = attributes + static_cast<std::int64_t>(corner[0]) * count;
    const float* b = attributes + static_cast<std::int64_t>(corner[1]) * count;
    const float* c = attributes + static_cast<std::int64_t>(corner[2]) * count;
    for (int k = 0; k < count; ++k)
      result[k] = barycentric[0] * a[k] + barycentric[1] * b[k] + barycentric[2] * c[k];
  }
}

static void interpolate(const std::int32_t* index, const float* barycentric, std::int64_t pixels,
                        const std::int32_t* triangles, const float* attributes, int channels, float* result) {
  switch (channels) {
    case 1: return interpolate_pixels<1>(index, barycentric, pixels, triangles, attributes, channels, result);
    case 2: return interpolate_pixels<2>(index, barycentric, pixels, triangles, attributes, channels, result);
    case 3: return interpolate_pixels<3>(index, barycentric, pixels, triangles, attributes, channels, result);
    case 4: return interpolate_pixels<4>(index, barycentric, pixels, triangles, attributes, channels, result);
    default: return interpolate_pixels<0>(index, barycentric, pixels, triangles, attributes, channels, result);
  }
}
