// Where the prior's render shows the points that the network locates: what the network would compute itself, in a tenth
// of the time (training/network.py, prior_points).
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

namespace face3d {

// Looks coded points up in the PNCC planes of a network's input, of which every `step`-th pixel of every `step`-th row
// is read. A pixel of code c weighs exp(w . (c, |c|^2)) for a point with the weights w; the point lies in the weighted mean
// of their places. Empty pixels do not count; where all are, every point lies in the middle of the pixels that are read.
class PriorPoints {
 public:
  // weights (points, 4); step <= side.
  PriorPoints(const float* weights, std::int64_t points, int side, int step);

  // planes (3, side, side) to found (points, 2), x and y in half crops about the crop's centre. Threads may share it.
  void find(const std::uint8_t* planes, float* found) const;

  std::int64_t points() const { return static_cast<std::int64_t>(weights_.size()) / 4; }
  int side() const { return side_; }

 private:
  // Priors that were looked up lately: that of a face that rests is the same from frame to frame.
  struct Known {
    std::vector<std::uint8_t> codes;
    std::vector<float> found;
  };

  static constexpr std::size_t kMost = 8;  // faces

  std::vector<float> weights_;
  std::vector<float> places_;  // of the cells along x, or y
  int side_, step_;
  mutable std::mutex mutex_;
  mutable std::vector<Known> known_;
  mutable std::size_t oldest_ = 0;
};

}  // namespace face3d
