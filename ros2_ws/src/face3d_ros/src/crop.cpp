#include "crop.hpp"

#include <algorithm>
#include <vector>

#include "simd.hpp"
#include "taps.hpp"

#define FACE3D_KERNEL "crop.inl"
#include "each_isa.hpp"

namespace face3d {
namespace {

void clear_row(const Target& target, int y, int out) {
  std::uint8_t* row = target.bytes + y * target.row;
  for (int x = 0; x < out; ++x)
    for (int k = 0; k < 3; ++k) row[x * target.pixel + k * target.channel] = 0;
}

}  // namespace

void crop(const Image& image, const Square& square, int out, const Target& target) {
  thread_local Taps across, down;
  thread_local Couples couples;
  thread_local std::vector<std::int16_t> row;
  if (across.make(square.cx, square.side, out, image.width)) couples.make(across);
  down.make(square.cy, square.side, out, image.height);
  const std::int64_t width = std::max<std::int64_t>(across.high - across.low, 0);
  const Couples::View taps = couples.view();
  // Beyond the row's end there are numbers for weights of nothing, and a part of a pixel.
  row.resize(static_cast<std::size_t>(width + 2 * taps.most) * 3 + 8);
  for (int y = 0; y < out; ++y) {
    if (width == 0 || down.count[y] == 0) {
      clear_row(target, y, out);
      continue;
    }
    const std::uint8_t* from = image.pixels + ((down.low + down.first[y]) * image.width + across.low) * 3;
    FACE3D_CALL(weigh_rows, from, image.width * 3, down.weights.data() + down.start[y], down.count[y], width * 3,
                row.data());
    const Target line = {target.bytes + y * target.row, 0, target.pixel, target.channel};
    FACE3D_CALL(weigh_couples, row.data(), taps, out, line);
  }
}

}  // namespace face3d
