#include "look.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace face3d {

void look_of(const std::uint8_t* planes, int side, int border, int cells, double flat, float* look) {
  const int inner = side - 2 * border, step = inner / cells, pixels = step * step, count = cells * cells;
  std::vector<std::uint32_t> columns(static_cast<std::size_t>(inner));
  double squares = 0.0;
  for (int plane = 0; plane < 3; ++plane) {
    float* to = look + plane * count;
    std::int64_t total = 0;
    for (int row = 0; row < cells; ++row) {
      std::fill(columns.begin(), columns.end(), 0u);
      for (int y = border + row * step; y < border + (row + 1) * step; ++y) {
        const std::uint8_t* from = planes + (static_cast<std::int64_t>(plane) * side + y) * side + border;
        for (int x = 0; x < inner; ++x) columns[x] += from[x];
      }
      for (int column = 0; column < cells; ++column) {
        int sum = 0;
        for (int x = column * step; x < (column + 1) * step; ++x) sum += static_cast<int>(columns[x]);
        const int mean = (2 * sum + pixels) / (2 * pixels);
        to[row * cells + column] = static_cast<float>(mean);
        total += mean;
      }
    }
    const float middle = static_cast<float>(static_cast<double>(total) / count);
    for (int i = 0; i < count; ++i) {
      to[i] -= middle;
      squares += static_cast<double>(to[i]) * to[i];
    }
  }
  const double size = std::sqrt(squares);
  const float scale = size < flat * std::sqrt(3.0 * count) ? 0.0f : static_cast<float>(1.0 / size);
  for (int i = 0; i < 3 * count; ++i) look[i] *= scale;
}

void mix_looks(const float* look, const float* other, std::int64_t count, double gain, float* mixed) {
  const float share = static_cast<float>(gain);
  double squares = 0.0;
  for (std::int64_t i = 0; i < count; ++i) {
    mixed[i] = look[i] + share * (other[i] - look[i]);
    squares += static_cast<double>(mixed[i]) * mixed[i];
  }
  const float size = squares > 0.0 ? static_cast<float>(std::sqrt(squares)) : 1.0f;
  for (std::int64_t i = 0; i < count; ++i) mixed[i] /= size;
}

}  // namespace face3d
