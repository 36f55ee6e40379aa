// The network's input: a crop of the image, and the prior in it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "crop.hpp"

namespace face3d {

// Priors that were rendered lately. A face that rests is shown with the same prior from frame to frame, number for number
// (FaceFilter.rests); a crop is cut around its prior, so the prior's place and size in the image do not matter.
// Threads may share it.
class KnownPriors {
 public:
  typedef std::array<float, 12> Projection;  // (3, 4)
  typedef std::shared_ptr<const std::vector<std::uint8_t>> Planes;

  struct Found {
    bool seen;      // lately, with these vertices and this projection
    Planes planes;  // null until they are kept
  };

  // Looks for a prior of `count` vertices (count, 3); one that is not known is now, in the place of the oldest.
  Found find(const float* vertices, std::int64_t count, const Projection& projection);
  void keep(const float* vertices, std::int64_t count, const Projection& projection, Planes planes);

 private:
  struct Entry {
    Projection projection;
    std::vector<float> vertices;
    Planes planes;
  };

  static constexpr std::size_t kMost = 8;  // faces

  // Moves a known entry to the end; null when there is none.
  Entry* latest(const float* vertices, std::int64_t count, const Projection& projection);

  std::mutex mutex_;
  std::vector<Entry> entries_;  // the latest at the end
};

// Makes inputs of out x out pixels from geometries with the same triangles and vertex codes, of which it keeps copies.
class Encoder {
 public:
  // triangles (T, 3), checked against the vertices; codes (V, 3).
  Encoder(const std::int32_t* triangles, std::int64_t triangle_count, const std::uint8_t* codes,
          std::int64_t vertex_count, int out);

  // Nine planes: crop, PNCC and normals. vertices (V, 3); `projection` takes them to the crop's pixels.
  void encode(const Image& image, const Square& square, const float* vertices,
              const KnownPriors::Projection& projection, std::uint8_t* planes) const;

  std::int64_t vertex_count() const { return static_cast<std::int64_t>(codes_.size()) / 3; }
  int out() const { return out_; }

 private:
  void render(const float* vertices, const KnownPriors::Projection& projection, std::uint8_t* planes) const;

  std::vector<std::int32_t> triangles_;
  std::vector<std::uint8_t> codes_;
  int out_;
  mutable KnownPriors known_;
};

}  // namespace face3d
