#include "patches.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>

namespace face3d {
namespace {

constexpr float kSame = 1e-6f;  // weights that differ by less are the same one, rounded

typedef std::pair<std::int32_t, float> Entry;  // column, weight
typedef std::array<std::int32_t, 16> Grid;

bool same(float a, float b) { return std::fabs(a - b) < kSame; }

float weight_of(int across, int down, int slot) {
  return Patches::kWeights[across][slot % 4] * Patches::kWeights[down][slot / 4];
}

std::vector<Entry> row_of(const Sparse& matrix, std::int64_t row) {
  std::vector<Entry> entries;
  for (std::int32_t k = matrix.indptr[row]; k < matrix.indptr[row + 1]; ++k)
    entries.emplace_back(matrix.indices[k], matrix.data[k]);
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::size_t hash_of(const std::vector<Entry>& entries) {
  std::size_t hash = entries.size();
  for (const Entry& entry : entries) hash = hash * 1000003u + static_cast<std::size_t>(entry.first);
  return hash;
}

// How strongly a control point's own row weighs another one, where four quads meet; otherwise of no weight.
class Rings {
 public:
  Rings(const Sparse& matrix, std::int64_t controls) {
    for (std::int64_t row = 0; row < std::min(controls, matrix.rows); ++row) rows_.push_back(row_of(matrix, row));
  }

  bool has(std::int32_t centre, std::int32_t point) const { return weight(centre, point) > 0; }
  bool beside(std::int32_t centre, std::int32_t point) const { return same(weight(centre, point), weight_of(0, 0, 1)); }

 private:
  float weight(std::int32_t centre, std::int32_t point) const {
    if (centre >= static_cast<std::int32_t>(rows_.size()) || rows_[centre].size() != 9) return 0;
    for (const Entry& entry : rows_[centre])
      if (entry.first == point) return entry.second;
    return 0;
  }

  std::vector<std::vector<Entry>> rows_;
};

// The control points of a patch by rows, from the row of its middle; nothing when it is not regular. It may come out
// turned or mirrored: the weights are the same.
std::optional<Grid> grid_of(const std::vector<Entry>& middle, const Rings& rings) {
  if (middle.size() != 16) return std::nullopt;
  std::vector<std::int32_t> corners;
  for (const Entry& entry : middle)
    if (same(entry.second, weight_of(2, 2, 5))) corners.push_back(entry.first);
  if (corners.size() != 4) return std::nullopt;
  const auto begin = corners.begin() + 1;  // first those beside the first one
  std::stable_partition(begin, corners.end(), [&](std::int32_t point) { return rings.beside(corners[0], point); });
  const std::int32_t a = corners[0], b = corners[1], d = corners[2], c = corners[3];  // a b above d c
  Grid grid;
  grid.fill(-1);
  for (const Entry& entry : middle) {
    const std::int32_t x = entry.first;
    const bool at_a = rings.has(a, x), at_b = rings.has(b, x), at_c = rings.has(c, x), at_d = rings.has(d, x);
    const bool above = x == a || x == b || (x != c && x != d && (rings.beside(a, x) || rings.beside(b, x)));
    const bool left = x == a || x == d || (x != b && x != c && (rings.beside(a, x) || rings.beside(d, x)));
    const int row = !(at_c || at_d) ? 0 : !(at_a || at_b) ? 3 : above ? 1 : 2;
    const int column = !(at_b || at_c) ? 0 : !(at_a || at_d) ? 3 : left ? 1 : 2;
    grid[static_cast<std::size_t>(4 * row + column)] = x;
  }
  if (std::find(grid.begin(), grid.end(), -1) != grid.end()) return std::nullopt;
  return grid;
}

}  // namespace

Patches::Patches(const Sparse& matrix, std::int64_t controls) : taken(static_cast<std::size_t>(matrix.rows)) {
  if (matrix.rows > kMostRows) return;
  const Rings rings(matrix, controls);
  std::unordered_multimap<std::size_t, std::pair<std::int64_t, std::vector<Entry>>> rows;
  for (std::int64_t row = controls; row < matrix.rows; ++row) {
    std::vector<Entry> entries = row_of(matrix, row);
    const std::size_t hash = hash_of(entries);
    rows.emplace(hash, std::make_pair(row, std::move(entries)));
  }
  std::vector<Entry> expected;
  const auto alike = [](const Entry& a, const Entry& b) { return a.first == b.first && same(a.second, b.second); };
  for (std::int64_t middle = controls; middle < matrix.rows; ++middle) {
    if (taken[middle]) continue;
    const std::optional<Grid> grid = grid_of(row_of(matrix, middle), rings);
    if (!grid) continue;
    Patch patch = {};
    std::copy(grid->begin(), grid->end(), patch.columns);
    const std::size_t before = vertices.size();
    for (int across = 0; across < kPlaces; ++across)
      for (int down = 0; down < kPlaces; ++down) {
        expected.clear();
        for (int slot = 0; slot < 16; ++slot) {
          const float weight = weight_of(across, down, slot);
          if (weight > 0) expected.emplace_back((*grid)[slot], weight);
        }
        std::sort(expected.begin(), expected.end());
        const auto found = rows.equal_range(hash_of(expected));
        for (auto candidate = found.first; candidate != found.second; ++candidate) {
          const auto& [row, entries] = candidate->second;
          if (taken[row] || entries.size() != expected.size()) continue;
          if (!std::equal(entries.begin(), entries.end(), expected.begin(), alike)) continue;
          taken[row] = true;
          vertices.push_back(static_cast<std::uint32_t>(row << 6 | across << 3 | down));
          patch.quarters |= across % 2 | down % 2;
        }
      }
    patch.end = static_cast<std::uint32_t>(vertices.size());
    if (vertices.size() > before) patches.push_back(patch);
  }
}

}  // namespace face3d
