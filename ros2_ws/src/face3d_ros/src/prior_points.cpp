#include "prior_points.hpp"

#include <algorithm>
#include <limits>

#include "simd.hpp"

namespace face3d {
namespace {

constexpr std::int64_t kLanes8 = 8;

// The pixels that are not empty: their codes with the squares of these, and their places, each padded to whole vectors.
struct Cells {
  std::int64_t count;  // a multiple of 8
  const float* code[4];
  const float* place[2];
  float* near;  // to work in
};

}  // namespace
}  // namespace face3d

#define FACE3D_KERNEL "prior_points.inl"
#include "each_isa.hpp"

namespace face3d {

PriorPoints::PriorPoints(const float* weights, std::int64_t points, int side, int step)
    : weights_(weights, weights + 4 * points), side_(side), step_(step) {
  for (int at = 0; at < side; at += step)
    places_.push_back(static_cast<float>((at - 0.5 * (side - 1)) / (0.5 * side)));
}

void PriorPoints::find(const std::uint8_t* planes, float* found) const {
  const std::size_t row = places_.size(), all = row * row;
  const std::size_t plane = static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_);
  thread_local std::vector<std::uint8_t> codes;
  codes.resize(3 * all);
  std::uint8_t* to = codes.data();
  for (int y = 0; y < side_; y += step_)
    for (int x = 0; x < side_; x += step_, to += 3)
      for (std::size_t k = 0; k < 3; ++k) to[k] = planes[k * plane + static_cast<std::size_t>(y * side_ + x)];
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Known& known : known_)
      if (known.codes == codes) {
        std::copy(known.found.begin(), known.found.end(), found);
        return;
      }
  }
  const std::size_t room = all + kLanes8;
  thread_local std::vector<float> numbers;
  numbers.resize(7 * room);
  float* column[7];
  for (std::size_t k = 0; k < 7; ++k) column[k] = numbers.data() + k * room;
  std::size_t count = 0;
  for (std::size_t i = 0; i < all; ++i) {
    const int r = codes[3 * i], g = codes[3 * i + 1], b = codes[3 * i + 2];
    if (!(r | g | b)) continue;
    const int values[4] = {r, g, b, r * r + g * g + b * b};
    for (std::size_t k = 0; k < 4; ++k) column[k][count] = static_cast<float>(values[k]);
    column[4][count] = places_[i % row];
    column[5][count] = places_[i / row];
    ++count;
  }
  if (count) {
    for (; count % kLanes8; ++count)  // a cell twice or more would weigh more: these weigh nothing
      for (std::size_t k = 0; k < 6; ++k) column[k][count] = k == 3 ? std::numeric_limits<float>::max() : 0.0f;
    const Cells cells = {static_cast<std::int64_t>(count), {column[0], column[1], column[2], column[3]},
                         {column[4], column[5]}, column[6]};
    FACE3D_CALL(locate, cells, weights_.data(), points(), found);
  } else {
    const float middle = 0.5f * (places_.front() + places_.back());
    std::fill_n(found, 2 * points(), middle);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (known_.size() < kMost) known_.emplace_back();
  Known& known = known_[oldest_];
  oldest_ = (oldest_ + 1) % kMost;
  known.codes = codes;
  known.found.assign(found, found + 2 * points());
}

}  // namespace face3d
