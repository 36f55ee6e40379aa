#include "taps.hpp"

#include <algorithm>
#include <cmath>

namespace face3d {
namespace {

constexpr double kOne = 32768.0;

// Sum of reach - d over the distances d = start, start + 1, ... below `reach`.
double sum_of_slope(double start, double reach) {
  const double terms = std::ceil(reach - start);
  return terms <= 0 ? 0 : terms * (reach - start - (terms - 1) / 2);
}

}  // namespace

bool Taps::make(double centre, double side, int out, std::int64_t length) {
  if (centre_ == centre && side_ == side && out_ == out && length_ == length) return false;
  out_ = 0;  // made for nothing until all of it is there
  const double scale = side / out, reach = std::max(scale, 1.0), end = static_cast<double>(length - 1);
  first.assign(out, 0);
  start.assign(out, 0);
  count.assign(out, 0);
  weights.clear();
  low = length;
  high = 0;
  for (int i = 0; i < out; ++i) {
    start[i] = static_cast<std::int64_t>(weights.size());
    const double at = centre + (i - 0.5 * (out - 1)) * scale;
    if (!(at + reach > 0 && at - reach < end)) continue;
    // Pixels nearer than `reach`; clamped as doubles, since positions may be astronomic.
    first[i] = static_cast<std::int64_t>(std::max(std::floor(at - reach) + 1, 0.0));
    const auto last = static_cast<std::int64_t>(std::min(std::ceil(at + reach) - 1, end));
    if (first[i] > last) continue;
    count[i] = static_cast<std::int32_t>(last - first[i] + 1);
    weights.resize(weights.size() + (count[i] + 1) / 2 * 2);
    // The weights of all pixels add up to 1, those outside the image included: black fades in at the border.
    const double left = at - std::floor(at);
    const double unit = kOne / (sum_of_slope(left, reach) + sum_of_slope(1 - left, reach));
    // Their sums are rounded, not they themselves: neighbours' roundings make up for each other.
    double sum = 0.5;
    for (std::int32_t k = 0, before = 0; k < count[i]; ++k) {
      sum += unit * (reach - std::fabs(static_cast<double>(first[i] + k) - at));
      const auto now = static_cast<std::int32_t>(sum);
      weights[start[i] + k] = static_cast<std::int16_t>(before - now);
      before = now;
    }
    low = std::min(low, first[i]);
    high = std::max(high, last + 1);
  }
  for (int i = 0; i < out; ++i) first[i] = count[i] ? first[i] - low : 0;
  centre_ = centre;
  side_ = side;
  length_ = length;
  out_ = out;
  return true;
}

void Couples::make(const Taps& taps) {
  const std::size_t out = taps.count.size();
  most_ = (*std::max_element(taps.count.begin(), taps.count.end()) + 1) / 2;
  couples_.assign((out + 7) / 8 * 4, {{0, 0}, 0, most_ <= kMostFixed ? most_ : 0});
  weights_.clear();
  for (std::size_t c = 0; c < couples_.size(); ++c) {
    Couple& couple = couples_[c];
    couple.start = static_cast<std::int64_t>(weights_.size());
    const std::size_t begin = 2 * c, end = std::min(begin + 2, out);
    for (std::size_t i = begin; i < end; ++i)
      couple.pairs = std::max<std::int64_t>(couple.pairs, (taps.count[i] + 1) / 2);
    weights_.resize(weights_.size() + 16 * static_cast<std::size_t>(couple.pairs));
    for (std::size_t i = begin; i < end; ++i) {
      couple.first[i - begin] = 3 * taps.first[i];
      const std::int16_t* from = taps.weights.data() + taps.start[i];
      std::int16_t* to = weights_.data() + couple.start + 8 * (i - begin);
      for (std::int32_t k = 0; k < taps.count[i]; k += 2, from += 2, to += 16)
        for (int copy = 0; copy < 8; copy += 2) std::copy_n(from, 2, to + copy);
    }
  }
}

}  // namespace face3d
