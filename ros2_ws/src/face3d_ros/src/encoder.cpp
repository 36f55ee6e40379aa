#include "encoder.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "mesh.hpp"
#include "prior.hpp"

namespace face3d {

KnownPriors::Entry* KnownPriors::latest(const float* vertices, std::int64_t count, const Projection& projection) {
  const std::size_t numbers = 3 * static_cast<std::size_t>(count);
  for (std::size_t i = entries_.size(); i-- > 0;) {
    const Entry& entry = entries_[i];  // compared as bits: NaN is known, too, and 0 is not -0
    if (std::memcmp(entry.projection.data(), projection.data(), sizeof(Projection)) != 0) continue;
    if (std::memcmp(entry.vertices.data(), vertices, numbers * sizeof(float)) != 0) continue;
    const auto at = entries_.begin() + static_cast<std::ptrdiff_t>(i);
    std::rotate(at, at + 1, entries_.end());
    return &entries_.back();
  }
  return nullptr;
}

KnownPriors::Found KnownPriors::find(const float* vertices, std::int64_t count, const Projection& projection) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const Entry* entry = latest(vertices, count, projection)) return {true, entry->planes};
  if (entries_.size() < kMost)
    entries_.emplace_back();
  else
    std::rotate(entries_.begin(), entries_.begin() + 1, entries_.end());
  Entry& entry = entries_.back();
  entry.projection = projection;
  entry.vertices.assign(vertices, vertices + 3 * count);
  entry.planes = nullptr;
  return {false, nullptr};
}

void KnownPriors::keep(const float* vertices, std::int64_t count, const Projection& projection, Planes planes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (Entry* entry = latest(vertices, count, projection)) entry->planes = std::move(planes);
}

Encoder::Encoder(const std::int32_t* triangles, std::int64_t triangle_count, const std::uint8_t* codes,
                 std::int64_t vertex_count, int out)
    : triangles_(triangles, triangles + 3 * triangle_count), codes_(codes, codes + 3 * vertex_count), out_(out) {}

void Encoder::render(const float* vertices, const KnownPriors::Projection& projection, std::uint8_t* planes) const {
  thread_local std::vector<float> raster;
  raster.resize(codes_.size());
  project(vertices, vertex_count(), projection.data(), raster.data());
  render_prior({raster.data(), vertex_count(), triangles_.data(), static_cast<std::int64_t>(triangles_.size()) / 3},
               codes_.data(), out_, planes);
}

void Encoder::encode(const Image& image, const Square& square, const float* vertices,
                     const KnownPriors::Projection& projection, std::uint8_t* planes) const {
  const std::size_t plane = static_cast<std::size_t>(out_) * static_cast<std::size_t>(out_);
  std::uint8_t* prior = planes + 3 * plane;
  crop(image, square, out_, {planes, out_, 1, static_cast<std::ptrdiff_t>(plane)});
  const KnownPriors::Found found = known_.find(vertices, vertex_count(), projection);
  if (found.planes) {
    std::copy(found.planes->begin(), found.planes->end(), prior);
    return;
  }
  render(vertices, projection, prior);
  if (!found.seen) return;  // most that are seen once are not seen again: kept when they are
  known_.keep(vertices, vertex_count(), projection,
              std::make_shared<const std::vector<std::uint8_t>>(prior, prior + 6 * plane));
}

}  // namespace face3d
