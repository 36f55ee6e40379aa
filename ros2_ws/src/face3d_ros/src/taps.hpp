// The weights of a resampling, as integers.
#pragma once

#include <cstdint>
#include <vector>

namespace face3d {

// The filter of one axis: output i is -2^-15 times the sum of weights[start[i] + k] * input[low + first[i] + k],
// k < count[i]. Weights are negative because -2^15 is a number of 16 bits, and 2^15 is not. Where the whole filter is
// inside the input they add up to it. They come in pairs: where `count` is odd, a zero follows.
struct Taps {
  std::vector<std::int64_t> first, start;
  std::vector<std::int32_t> count;
  std::vector<std::int16_t> weights;
  std::int64_t low = 0, high = 0;  // the input range used by any output

  // Shows the extent `side` about `centre`, in inputs, with `out` outputs; there are `length` inputs. Returns whether
  // that is something else than before.
  bool make(double centre, double side, int out, std::int64_t length);

 private:
  double centre_ = 0, side_ = 0;  // what it was made for
  int out_ = 0;
  std::int64_t length_ = 0;
};

// The taps of a row of pixels, for a kernel that weighs two neighbouring outputs at once.
class Couples {
 public:
  struct Couple {
    std::int64_t first[2], start;  // as in Taps; `first` counts numbers, three of a pixel
    std::int64_t pairs;            // of weights, of the output that has more of them
  };

  // Up to here all couples have as many pairs, so that the kernel's loop is unrolled.
  static constexpr int kMostFixed = 4;

  // What the kernel sees.
  struct View {
    const Couple* couples;  // of whole groups of eight outputs: those beyond the end weigh nothing
    // A couple's first pair of weights four times (three channels and nothing) for the one output, then for the other,
    // then the second pair ...
    const std::int16_t* weights;
    std::int64_t most;  // pairs
  };

  void make(const Taps& taps);
  View view() const { return {couples_.data(), weights_.data(), most_}; }

 private:
  std::vector<Couple> couples_;
  std::vector<std::int16_t> weights_;
  std::int64_t most_ = 0;
};

}  // namespace face3d
