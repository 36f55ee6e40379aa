// Colouring of the rasterised prior; compiled once per instruction set (each_isa.hpp).

// Fills in the codes and turns the normals into colours. The 0.5 is for rounding: weights add up to 1.
static void code_vertices(const std::uint8_t* codes, std::int64_t count, float* colours) {
  for (std::int64_t i = 0; i < count; ++i, codes += 3, colours += 8) {
    for (int k = 0; k < 3; ++k) colours[k] = codes[k] + 0.5f;
    colours[3] = 0.0f;
    colours[4] = colours[4] * 127.5f + 128.0f;
    colours[5] = colours[5] * -127.5f + 128.0f;
    colours[6] = colours[6] * -127.5f + 128.0f;
    colours[7] = 0.0f;
  }
}

static void colour_pixels(const Frame& frame, const std::int32_t* triangles, const float* colours,
                          std::uint8_t* planes) {
  const int width = frame.width, height = frame.height;
  const std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(width) * height;
  for (int y = 0; y < height; ++y) {
    const std::ptrdiff_t row = y * frame.stride;
    for (int x0 = 0; x0 < width; x0 += 8) {
      const int count = std::min(8, width - x0);
      const std::int32_t* index = &frame.index[row + x0];  // also in the frame's padding
      std::uint64_t pixels[8] = {};
      if (any(load<Ints>(index) >= 0) || any(load<Ints>(index + 8 - kWidth) >= 0)) {
        for (int i = 0; i < 8; ++i) {
          if (index[i] < 0) continue;
          const std::ptrdiff_t at = row + x0 + i;
          const std::int32_t* corner = triangles + 3 * static_cast<std::int64_t>(index[i]);
          const Float8 a = load<Float8>(colours + 8 * static_cast<std::int64_t>(corner[0]));
          const Float8 b = load<Float8>(colours + 8 * static_cast<std::int64_t>(corner[1]));
          const Float8 c = load<Float8>(colours + 8 * static_cast<std::int64_t>(corner[2]));
          const Float8 colour = a + (frame.second[at] * (b - a) + frame.third[at] * (c - a));
          pixels[i] = to_bytes(colour);
        }
        transpose(pixels);
      }
      static constexpr int channels[6] = {0, 1, 2, 4, 5, 6};
      std::uint8_t* to = planes + static_cast<std::ptrdiff_t>(y) * width + x0;
      for (int k = 0; k < 6; ++k, to += plane) put_bytes(to, pixels[channels[k]], count);
    }
  }
}
