// What light does to pixels: bumps, irradiance, highlights, shadows, and the way to display values.
//
// Pixels are P columns of arrays (3, P) or (P); an image is size x size. Pointers that may be null say so.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

std::vector<float>& canvas(std::size_t count, float value) {
  thread_local std::vector<float> kept;
  kept.assign(count, value);
  return kept;
}

// Linear light -> display value: a soft shoulder from about 0.5 on, then gamma 2.
inline float display(float linear) {
  const float light = std::min(1.8f, std::max(0.0f, linear));      // NaN becomes 0
  return std::min(std::sqrt((light * 0.22f + 1.15f) * light / (light * 0.8f + 1.0f)) * 254.9f, 255.0f);
}

}  // namespace

// Tilts unit normals (3, P) by the slope of height (P) over the image; gain: half of the pixels a unit of height.
extern "C" void faces_bump(int size, std::int64_t count, const std::int64_t* where, const float* height, float gain,
                           float* normals) {
  float* image = canvas(static_cast<std::size_t>(size) * (size + 2) + 2, 0.0f).data() + size + 1;
  for (std::int64_t i = 0; i < count; ++i) image[where[i]] = height[i] * gain;
  float *x = normals, *y = normals + count, *z = normals + 2 * count;
  for (std::int64_t i = 0; i < count; ++i) {
    const float* at = image + where[i];
    const float across = std::min(std::max(at[1] - at[-1], -0.5f), 0.5f);
    const float down = std::min(std::max(at[size] - at[-size], -0.5f), 0.5f);
    const float nx = x[i] + across * z[i], ny = y[i] + down * z[i], nz = z[i];
    const float scale = 1.0f / std::sqrt(std::max(nx * nx + ny * ny + nz * nz, 1e-12f));
    x[i] = nx * scale;
    y[i] = ny * scale;
    z[i] = nz * scale;
  }
}

// Diffuse light (3, P); see light.irradiance. lit may be null.
extern "C" void faces_irradiance(std::int64_t count, const float* __restrict normals, const float* __restrict occlusion,
                                 const float* __restrict lit, int shadow, int lights, const float* directions,
                                 const float* colours, const float* ambient, const float* gradient, const float* wrap,
                                 float* __restrict out) {
  const float *x = normals, *y = normals + count, *z = normals + 2 * count;
  for (int channel = 0; channel < 3; ++channel) {
    float* __restrict to = out + channel * count;
    const float base = ambient[channel], least = 0.15f * base;
    const float gx = gradient[channel], gy = gradient[3 + channel], gz = gradient[6 + channel];
    for (std::int64_t i = 0; i < count; ++i)
      to[i] = std::max(gx * x[i] + gy * y[i] + gz * z[i] + base, least) * occlusion[i];
  }
  for (int light = 0; light < lights; ++light) {
    const float *d = directions + 3 * light, *c = colours + 3 * light;
    const float w0 = wrap[0], w1 = wrap[1], w2 = wrap[2];
    const float s0 = c[0] / (1 + w0), s1 = c[1] / (1 + w1), s2 = c[2] / (1 + w2);
    const bool shaded = lit && light == shadow;
    for (std::int64_t i = 0; i < count; ++i) {
      const float cosine = d[0] * x[i] + d[1] * y[i] + d[2] * z[i];
      float soft = occlusion[i] * (1.6f - 0.6f * occlusion[i]);   // lamps reach further into folds than the sky does
      if (shaded) soft *= lit[i];
      out[i] += s0 * soft * std::max(cosine + w0, 0.0f);
      out[count + i] += s1 * soft * std::max(cosine + w1, 0.0f);
      out[2 * count + i] += s2 * soft * std::max(cosine + w2, 0.0f);
    }
  }
}

// Specular light, added to out (3, P); halves (lights, 3): unit half vectors. gloss and lit may be null.
extern "C" void faces_highlights(std::int64_t count, const float* __restrict normals, const float* __restrict gloss,
                                 const float* __restrict lit, int shadow, int lights, const float* halves,
                                 const float* colours, int sharpness, float* __restrict out) {
  const float *x = normals, *y = normals + count, *z = normals + 2 * count;
  for (int light = 0; light < lights; ++light) {
    const float *h = halves + 3 * light, *c = colours + 3 * light;
    const bool shaded = lit && light == shadow;
    for (std::int64_t i = 0; i < count; ++i) {
      float lobe = h[0] * x[i] + h[1] * y[i] + h[2] * z[i];
      lobe = lobe > 0.25f ? lobe : 0.0f;                     // its power is nothing, and slow to compute
      for (int k = 0; k < sharpness; ++k) lobe *= lobe;
      if (gloss) lobe *= gloss[i];
      if (shaded) lobe *= lit[i];
      out[i] += c[0] * lobe;
      out[count + i] += c[1] * lobe;
      out[2 * count + i] += c[2] * lobe;
    }
  }
}

// Writes linear light (3, P) times gain into an image (size, size, 3) of bytes; opacity (P) may be null.
extern "C" void faces_show(std::int64_t count, const float* light, float gain, const float* opacity,
                           const std::int64_t* where, std::uint8_t* image) {
  constexpr int kBlock = 256;
  float shown[3][kBlock];
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const int some = static_cast<int>(std::min<std::int64_t>(kBlock, count - first));
    for (int channel = 0; channel < 3; ++channel)
      for (int i = 0; i < some; ++i) shown[channel][i] = display(light[channel * count + first + i] * gain);
    for (int i = 0; i < some; ++i) {
      std::uint8_t* to = image + 3 * where[first + i];
      for (int channel = 0; channel < 3; ++channel) {
        const float value = shown[channel][i];
        to[channel] = static_cast<std::uint8_t>(opacity ? to[channel] + opacity[first + i] * (value - to[channel])
                                                        : value);
      }
    }
  }
}

// Which pixels a light reaches: 1 or 0 into lit (size, size), 1 where there are none. view (3, 4): pixels and depth
// to the shadow map (side, side).
extern "C" void faces_reached(int size, std::int64_t count, const std::int64_t* where, const float* depth,
                              const float* view, const float* map, int side, float bias, float* lit) {
  std::fill_n(lit, static_cast<std::size_t>(size) * size, 1.0f);
  const float end = static_cast<float>(side - 1);
  for (std::int64_t i = 0; i < count; ++i) {
    const float x = static_cast<float>(where[i] % size), y = static_cast<float>(where[i] / size), z = depth[i];
    float seen[3];
    for (int k = 0; k < 3; ++k) seen[k] = view[4 * k] * x + view[4 * k + 1] * y + view[4 * k + 2] * z + view[4 * k + 3];
    const int column = static_cast<int>(std::min(end, std::max(0.0f, seen[0] + 0.5f)));    // NaN: 0
    const int row = static_cast<int>(std::min(end, std::max(0.0f, seen[1] + 0.5f)));
    if (!(seen[2] < map[row * side + column] + bias)) lit[where[i]] = 0.0f;
  }
}

// Writes into `smooth` a 3 x 3 average of image (height, width, 3) where depth jumps by more than `jump` between
// neighbours left, right, above and below.
extern "C" void faces_smooth(int height, int width, const float* depth, float jump, const std::uint8_t* image,
                             std::uint8_t* smooth) {
  constexpr int kWeights[3] = {61, 134, 61};                 // of 256: a Gaussian of 0.8 pixels
  std::vector<std::uint8_t> edge(static_cast<std::size_t>(width));
  for (int y = 0; y < height; ++y) {
    const int above = y > 0 ? y - 1 : y, below = y + 1 < height ? y + 1 : y;
    const float *row = depth + static_cast<std::ptrdiff_t>(y) * width;
    const float *up = depth + static_cast<std::ptrdiff_t>(above) * width;
    const float *down = depth + static_cast<std::ptrdiff_t>(below) * width;
    const auto near = [](float z) { return std::min(z, 1e4f); };
    for (int x = 1; x + 1 < width; ++x) {
      const float a = near(row[x]), b = near(row[x - 1]), c = near(row[x + 1]), d = near(up[x]), e = near(down[x]);
      const float most = std::max(std::max(std::max(a, b), std::max(c, d)), e);
      const float least = std::min(std::min(std::min(a, b), std::min(c, d)), e);
      edge[x] = most - least > jump;
    }
    const std::uint8_t* lines[3] = {image + static_cast<std::ptrdiff_t>(above) * width * 3,
                                    image + static_cast<std::ptrdiff_t>(y) * width * 3,
                                    image + static_cast<std::ptrdiff_t>(below) * width * 3};
    for (int x = 1; x + 1 < width; ++x) {
      if (!edge[x]) continue;
      for (int channel = 0; channel < 3; ++channel) {
        int sum = 1 << 15;
        for (int j = 0; j < 3; ++j)
          for (int i = 0; i < 3; ++i) sum += kWeights[j] * kWeights[i] * lines[j][3 * (x + i - 1) + channel];
        smooth[(static_cast<std::ptrdiff_t>(y) * width + x) * 3 + channel] = static_cast<std::uint8_t>(sum >> 16);
      }
    }
  }
}

// image (count, 3) times 1 - shade (count) where depth is finite.
extern "C" void faces_darken(std::int64_t count, const float* shade, const float* depth, std::uint8_t* image) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (!(shade[i] > 0.002f) || !(depth[i] < 1e30f)) continue;
    std::uint8_t* pixel = image + 3 * i;
    for (int channel = 0; channel < 3; ++channel)
      pixel[channel] = static_cast<std::uint8_t>(static_cast<float>(pixel[channel]) * (1 - shade[i]) + 0.5f);
  }
}

// Blends colour (3) into an image of rows `across` pixels long, by mask (height, width) of 0..255 from pixel (x, y) on.
extern "C" void faces_ink(int height, int width, const std::uint8_t* mask, int across, int x, int y,
                          const std::uint8_t* colour, std::uint8_t* image) {
  for (int row = 0; row < height; ++row) {
    std::uint8_t* pixel = image + 3 * (static_cast<std::ptrdiff_t>(y + row) * across + x);
    for (int column = 0; column < width; ++column, ++mask, pixel += 3) {
      const int share = *mask;
      if (!share) continue;
      for (int channel = 0; channel < 3; ++channel)
        pixel[channel] =
            static_cast<std::uint8_t>((pixel[channel] * (255 - share) + colour[channel] * share + 127) / 255);
    }
  }
}
