// The regular part of a subdivision, evaluated by patches.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "shape.hpp"

namespace face3d {

// Two steps of Catmull and Clark's subdivision make the vertices of a quad out of the 4 x 4 control points around it,
// if four quads meet at each of its corners. The weights are products then, of one for the column and one for the row:
// a patch's points are read once, and its vertices share the sums along its rows.
class Patches {
 public:
  // Of the four control points in a row (or column): at a corner, one, two and three quarters of the way, at the next one.
  static constexpr int kPlaces = 5;
  static constexpr std::array<float, 4> kWeights[kPlaces] = {{10 / 64.0f, 44 / 64.0f, 10 / 64.0f, 0},
                                                             {4 / 64.0f, 40 / 64.0f, 20 / 64.0f, 0},
                                                             {1 / 64.0f, 31 / 64.0f, 31 / 64.0f, 1 / 64.0f},
                                                             {0, 20 / 64.0f, 40 / 64.0f, 4 / 64.0f},
                                                             {0, 10 / 64.0f, 44 / 64.0f, 10 / 64.0f}};

  struct Patch {
    std::uint16_t columns[16];  // its control points by rows
    std::uint32_t end : 31;      // of its vertices in `vertices`
    std::uint32_t quarters : 1;  // whether any of them is a quarter of the way
  };

  // A vertex is row << 6 | place across << 3 | place down.
  static constexpr std::int64_t kMostRows = std::int64_t{1} << 26;

  Patches() = default;

  // Finds the patches of a matrix whose first `controls` rows are its control points' own places. Those stay out of
  // them, and so does what is not regular.
  Patches(const Sparse& matrix, std::int64_t controls);

  std::vector<Patch> patches;
  std::vector<std::uint32_t> vertices;
  std::vector<bool> taken;  // by row: whether a patch has it
};

}  // namespace face3d
