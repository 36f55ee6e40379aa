// Lookups in textures of bytes, bilinear, a block of pixels at a time: indices and weights, then texels, then the sum,
// so that all but the fetching of texels is done in vectors.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace faces {

constexpr int kBlock = 256;

// height x width texels of 1 or 4 bytes.
struct Texture {
  const std::uint8_t* texels;
  int height, width;
};

// Where a block of pixels falls in textures of one size: the four texels round each, and how far on from the first.
struct Spots {
  std::int32_t corner[4][kBlock];
  float right[kBlock], down[kBlock];
};

// `wrap`: the sides are powers of two and the texture repeats; otherwise its border goes on for ever. No coordinate
// leads outside the texture, NaN neither: std::max(0, NaN) is 0, while std::max(NaN, 0) is NaN.
template <bool wrap>
inline void place(const Texture& texture, int count, const float* u, const float* v, Spots& spots) {
  const int width = texture.width, height = texture.height;
  const float right = static_cast<float>(width - 1), bottom = static_cast<float>(height - 1);
  for (int i = 0; i < count; ++i) {
    const float x = wrap ? u[i] : std::min(right, std::max(0.0f, u[i]));
    const float y = wrap ? v[i] : std::min(bottom, std::max(0.0f, v[i]));
    const float left = std::floor(x), top = std::floor(y);
    spots.right[i] = x - left;
    spots.down[i] = y - top;
    std::int32_t x0 = static_cast<std::int32_t>(left), y0 = static_cast<std::int32_t>(top), x1 = x0 + 1, y1 = y0 + 1;
    if (wrap) {
      x0 &= width - 1, x1 &= width - 1, y0 &= height - 1, y1 &= height - 1;
    } else {
      x1 = std::min(x1, width - 1), y1 = std::min(y1, height - 1);
    }
    spots.corner[0][i] = y0 * width + x0;
    spots.corner[1][i] = y0 * width + x1;
    spots.corner[2][i] = y1 * width + x0;
    spots.corner[3][i] = y1 * width + x1;
  }
}

inline float mixed(float a, float b, float c, float d, float x, float y) {
  const float upper = a + x * (b - a), lower = c + x * (d - c);
  return upper + y * (lower - upper);
}

// out (count) = (texel - zero) * gain of a texture of one channel
inline void fetch1(const Texture& texture, int count, const Spots& spots, float zero, float gain, float* out) {
  std::uint8_t texel[4][kBlock];
  for (int k = 0; k < 4; ++k)
    for (int i = 0; i < count; ++i) texel[k][i] = texture.texels[spots.corner[k][i]];
  for (int i = 0; i < count; ++i)
    out[i] = (mixed(texel[0][i], texel[1][i], texel[2][i], texel[3][i], spots.right[i], spots.down[i]) - zero) * gain;
}

// out[4][count], `stride` floats apart, of a texture of four channels
inline void fetch4(const Texture& texture, int count, const Spots& spots, float zero, float gain, float* out,
                   std::int64_t stride) {
  std::uint32_t texel[4][kBlock];
  for (int k = 0; k < 4; ++k)
    for (int i = 0; i < count; ++i)
      std::memcpy(&texel[k][i], texture.texels + 4 * static_cast<std::int64_t>(spots.corner[k][i]), 4);
  for (int channel = 0; channel < 4; ++channel) {
    const int shift = 8 * channel;
    float* to = out + channel * stride;
    for (int i = 0; i < count; ++i) {
      float value[4];
      for (int k = 0; k < 4; ++k) value[k] = static_cast<float>(static_cast<std::int32_t>(texel[k][i] >> shift & 255u));
      to[i] = (mixed(value[0], value[1], value[2], value[3], spots.right[i], spots.down[i]) - zero) * gain;
    }
  }
}

}  // namespace faces
