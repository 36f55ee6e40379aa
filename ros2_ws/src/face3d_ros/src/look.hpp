// How a crop looks: a coarse picture without brightness and contrast; face3d/likeness.py says what it is for.
#pragma once

#include <cstdint>

namespace face3d {

// Averages of cells x cells squares, as bytes, of the middle of three planes (side x side) without `border` pixels on each
// side; then every plane without its mean, and all of them divided by their norm. What has less than `flat` grey levels
// of contrast is zero. side - 2 border is a multiple of cells. look (3, cells, cells).
void look_of(const std::uint8_t* planes, int side, int border, int cells, double flat, float* look);

// A look that lies between two others, `gain` (0 to 1) of the way from the first to the second; `count` numbers each.
void mix_looks(const float* look, const float* other, std::int64_t count, double gain, float* mixed);

}  // namespace face3d
