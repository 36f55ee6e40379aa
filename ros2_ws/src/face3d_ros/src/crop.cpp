#include "crop.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "simd.hpp"

namespace face3d {
namespace {

// What the kernel sees of a Filter.
struct Taps {
  const std::int64_t *first, *start;
  const int* count;
  const float* weights;
  int taps;
};

}  // namespace
}  // namespace face3d

#define FACE3D_KERNEL "crop.inl"
#include "each_isa.hpp"

namespace face3d {
namespace {

// The filter of one axis: output i is the sum of weights[start[i] + k] * input[low + first[i] + k], k < count[i].
// Up to kMostTaps weights are filled up with zeros to the same number, `taps`, for every output, so that the kernel's
// loop is unrolled; the input then has to be finite beyond its end. `taps` is 0 where they are not.
struct Filter {
  static constexpr int kMostTaps = 6;

  std::vector<std::int64_t> first, start;
  std::vector<int> count;
  std::vector<float> weights;
  std::int64_t low = 0, high = 0;  // the input range used by any output
  int taps = 0;
  double centre = 0, side = 0;  // what it was made for
  int out = 0;
  std::int64_t length = 0;
};

// Sum of 1 - d / reach over the distances d = start, start + 1, ... below `reach`.
double sum_of_slope(double start, double reach) {
  const double terms = std::ceil(reach - start);
  return terms <= 0 ? 0 : terms - (terms * start + terms * (terms - 1) / 2) / reach;
}

void fill(Filter& filter, double centre, double side, int out, std::int64_t length) {
  if (filter.centre == centre && filter.side == side && filter.out == out && filter.length == length) return;
  filter.out = 0;  // made for nothing until all of it is there
  const double scale = side / out, reach = std::max(scale, 1.0);
  filter.first.assign(out, 0);
  filter.start.assign(out, 0);
  filter.count.assign(out, 0);
  filter.weights.clear();
  filter.low = length;
  filter.high = 0;
  filter.taps = 2 * reach <= Filter::kMostTaps ? static_cast<int>(std::ceil(2 * reach)) : 0;
  for (int i = 0; i < out; ++i) {
    filter.start[i] = static_cast<std::int64_t>(filter.weights.size());
    filter.weights.resize(filter.weights.size() + filter.taps);
    const double at = centre + (i - 0.5 * (out - 1)) * scale;
    if (!(at + reach > 0 && at - reach < static_cast<double>(length - 1))) continue;
    // Pixels nearer than `reach`; clamped as doubles, since positions may be astronomic.
    const auto first = static_cast<std::int64_t>(std::max(std::floor(at - reach) + 1, 0.0));
    const auto last = static_cast<std::int64_t>(std::min(std::ceil(at + reach) - 1, static_cast<double>(length - 1)));
    if (first > last) continue;
    // The weights of all pixels add up to 1, those outside the image included: black fades in at the border.
    const double left = at - std::floor(at);
    const double total = sum_of_slope(left, reach) + sum_of_slope(1 - left, reach);
    filter.first[i] = first;
    filter.count[i] = static_cast<int>(last - first + 1);
    filter.weights.resize(filter.start[i] + std::max(filter.taps, filter.count[i]));
    for (std::int64_t k = first; k <= last; ++k)
      filter.weights[filter.start[i] + k - first] =
          static_cast<float>((1 - std::fabs(static_cast<double>(k) - at) / reach) / total);
    filter.low = std::min(filter.low, first);
    filter.high = std::max(filter.high, last + 1);
  }
  for (int i = 0; i < out; ++i) filter.first[i] = filter.count[i] ? filter.first[i] - filter.low : 0;
  filter.centre = centre;
  filter.side = side;
  filter.length = length;
  filter.out = out;
}

void clear_row(const Target& target, int y, int out) {
  std::uint8_t* row = target.bytes + y * target.row;
  for (int x = 0; x < out; ++x)
    for (int k = 0; k < 3; ++k) row[x * target.pixel + k * target.channel] = 0;
}

}  // namespace

void crop(const Image& image, const Square& square, int out, const Target& target) {
  thread_local Filter across, down;
  thread_local std::vector<float> row;
  fill(across, square.cx, square.side, out, image.width);
  fill(down, square.cy, square.side, out, image.height);
  const std::int64_t width = std::max<std::int64_t>(across.high - across.low, 0);
  row.resize(static_cast<std::size_t>(width + Filter::kMostTaps) * 3 + 8);
  std::fill(row.begin() + 3 * width, row.end(), 0.0f);
  for (int y = 0; y < out; ++y) {
    if (width == 0 || down.count[y] == 0) {
      clear_row(target, y, out);
      continue;
    }
    const std::uint8_t* from = image.pixels + ((down.low + down.first[y]) * image.width + across.low) * 3;
    FACE3D_CALL(weigh_rows, from, image.width * 3, down.weights.data() + down.start[y], down.count[y], width * 3,
                row.data());
    const Taps taps = {across.first.data(), across.start.data(), across.count.data(), across.weights.data(),
                       across.taps};
    const Target line = {target.bytes + y * target.row, 0, target.pixel, target.channel};
    FACE3D_CALL(weigh_pixels, row.data(), taps, out, line);
  }
}

}  // namespace face3d
