// The two passes of the crop; compiled once per instruction set (each_isa.hpp).

// result[i] = sum of weights[k] * rows[k * stride + i]
static void weigh_rows(const std::uint8_t* rows, std::ptrdiff_t stride, const float* weights, int count,
                       std::ptrdiff_t length, float* __restrict result) {
  if (count == 1) {
    for (std::ptrdiff_t i = 0; i < length; ++i) result[i] = weights[0] * rows[i];
    return;
  }
  const std::uint8_t* second = rows + stride;
  for (std::ptrdiff_t i = 0; i < length; ++i) result[i] = weights[0] * rows[i] + weights[1] * second[i];
  for (int k = 2; k < count; ++k) {
    const std::uint8_t* row = rows + k * stride;
    for (std::ptrdiff_t i = 0; i < length; ++i) result[i] += weights[k] * row[i];
  }
}

// Weighs the pixels of one interleaved row and writes one row of the target. Every load takes four floats, a pixel
// and one float of its neighbour: the row has room for that at its end.
static void weigh_pixels(const float* row, std::int64_t low, const std::int64_t* first, const std::int64_t* start,
                         const int* count, const float* weights, int out, const Target& target) {
  std::uint8_t* to = target.bytes;
  for (int x = 0; x < out; ++x, to += target.pixel) {
    const float* pixel = row + 3 * (first[x] - low);
    const float* weight = weights + start[x];
    Float4 sum = {0.5f, 0.5f, 0.5f, 0.5f};  // for rounding
    for (int k = 0; k < count[x]; ++k, pixel += 3) sum += weight[k] * load<Float4>(pixel);
    for (int k = 0; k < 3; ++k) {
      const int value = static_cast<int>(sum[k]);
      to[k * target.channel] = static_cast<std::uint8_t>(value > 255 ? 255 : value);
    }
  }
}
