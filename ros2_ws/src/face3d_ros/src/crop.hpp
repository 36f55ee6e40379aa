// Resampling of a square of the image.
#pragma once

#include <cstddef>
#include <cstdint>

namespace face3d {

struct Image {
  const std::uint8_t* pixels;  // (height, width, 3) RGB, dense
  std::int64_t width, height;
};

// A square in image pixels, finite, side > 0: pixel u of the result shows image position
// cx + (u - (out - 1) / 2) * side / out, pixel centres at integers.
struct Square {
  double cx, cy, side;
};

// Where pixels go: interleaved (H, W, 3) has pixel = 3, channel = 1; planes have pixel = 1, channel = H * W. There is no
// third way.
struct Target {
  std::uint8_t* bytes;
  std::ptrdiff_t row, pixel, channel;
};

// Resamples the square to out x out pixels. Bilinear when magnifying; when minifying, the triangle filter grows
// with the scale, so that every image pixel counts and nothing aliases. Outside the image is black.
void crop(const Image& image, const Square& square, int out, const Target& target);

}  // namespace face3d
