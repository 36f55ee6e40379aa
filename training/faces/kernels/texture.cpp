// Any texture at any pixels.
#include "texture.hpp"

using namespace faces;

// out (channels, P) = (texture - zero) * gain; texture (height, width, channels) with 1 or 4 channels, looked up at
// (u * scale + shift_u, v * scale + shift_v).
extern "C" void faces_sample(const std::uint8_t* texels, int height, int width, int channels, std::int64_t count,
                             const float* u, const float* v, float scale, float shift_u, float shift_v, int wrap,
                             float zero, float gain, float* out) {
  const Texture texture = {texels, height, width};
  float x[kBlock], y[kBlock];
  Spots spots;
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const int some = static_cast<int>(std::min<std::int64_t>(kBlock, count - first));
    for (int i = 0; i < some; ++i) {
      x[i] = u[first + i] * scale + shift_u;
      y[i] = v[first + i] * scale + shift_v;
    }
    (wrap ? place<true> : place<false>)(texture, some, x, y, spots);
    if (channels == 1)
      fetch1(texture, some, spots, zero, gain, out + first);
    else
      fetch4(texture, some, spots, zero, gain, out + first, count);
  }
}
