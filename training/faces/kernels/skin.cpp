// The colour of skin: absorbers over maps and noise, folds, make-up, brows, beard, lash line. See skin.py for the look.
#include "texture.hpp"

using namespace faces;

namespace {

// exp(x) for x of -20..0, to about 1e-6 of it.
inline float exponential(float x) {
  const float t = x * 1.44269504f, whole = std::floor(t), f = t - whole;
  const float power =
      1.0f + f * (0.693147180f + f * (0.240226507f + f * (0.0555041087f + f * (0.00961813f + f * 0.00133336f))));
  const std::int32_t bits = (static_cast<std::int32_t>(whole) + 127) << 23;
  float scale;
  std::memcpy(&scale, &bits, 4);
  return power * scale;
}

// NaN becomes `low`.
inline float limited(float x, float low, float high) { return std::min(high, std::max(low, x)); }

inline void blend(float (*colour)[kBlock], int count, const float* other, const float* share) {
  for (int channel = 0; channel < 3; ++channel)
    for (int i = 0; i < count; ++i) colour[channel][i] += share[i] * (other[channel] - colour[channel][i]);
}

}  // namespace

// One complexion; the fields are SkinLook's of the same names, amounts are 0 where something is absent.
struct Look {
  float melanin, blood, mottling, freckles, gloss, wrinkles, brow_strength, lash, lip_blood, lipstick_amount,
      shadow_amount, blush, rings, paint_amount;
  float beard[3], brow_colour[3], lipstick[3], shadow[3], beard_colour[3], paint[3], offsets[2], brow_origin[2];
  float brow_zoom;
  float creases[2][4];   // of the subject's left and right
  float middle;          // the map's column between them
};

// Pixels are columns of arrays `stride` long; rows (count) says which, or null: the first `count`. fields: u, v,
// occlusion, lash, lip, cloth. zones, paint: (.., 4) at half the map's resolution; noise: the tile of 4; folds and
// brows of 1 channel. Writes linear colour (3), gloss and height in metres.
extern "C" void faces_skin(const Look* look, const Texture* zone_map, const Texture* noise_tile,
                           const Texture* paint_map, const Texture* fold_map, const Texture* crease_map,
                           const Texture* brow_map,
                           const std::int64_t* rows, std::int64_t count, std::int64_t stride, const float* fields,
                           float* colours, float* glosses, float* heights) {
  constexpr float kBase[3] = {0.88f, 0.70f, 0.58f}, kMelanin[3] = {2.10f, 2.58f, 2.90f},
                  kBlood[3] = {0.10f, 0.68f, 0.56f}, kLash[3] = {.012f, .008f, .007f};
  const bool bearded = std::max({look->beard[0], look->beard[1], look->beard[2]}) > 0;
  const bool painted = bearded || look->blush > 0 || look->shadow_amount > 0 || look->rings > 0.15f;
  const bool folded = look->wrinkles > 0.05f;
  float deepest = 0;
  for (const auto& side : look->creases)
    for (const float depth : side) deepest = std::max(deepest, depth);
  const bool creased = deepest > 0.05f;
  static thread_local float u[kBlock], v[kBlock], lash[kBlock], lip[kBlock], x[kBlock], y[kBlock], share[kBlock],
      zones[4][kBlock], crease[4][kBlock], noise[4][kBlock], paint[4][kBlock], folds[kBlock], melanin[kBlock],
      blood[kBlock], colour[3][kBlock], gloss[kBlock], height[kBlock];
  static thread_local Spots there;
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const int n = static_cast<int>(std::min<std::int64_t>(kBlock, count - first));
    for (int i = 0; i < n; ++i) {
      const std::int64_t at = rows ? rows[first + i] : first + i;
      u[i] = fields[at], v[i] = fields[stride + at];
      lash[i] = fields[3 * stride + at], lip[i] = fields[4 * stride + at];
    }
    for (int i = 0; i < n; ++i) x[i] = 0.5f * u[i], y[i] = 0.5f * v[i];
    place<false>(*zone_map, n, x, y, there);                  // these maps have one size
    fetch4(*zone_map, n, there, 0.0f, 1.0f / 255, zones[0], kBlock);
    if (painted) fetch4(*paint_map, n, there, 0.0f, 1.0f / 255, paint[0], kBlock);
    if (folded) fetch1(*fold_map, n, there, 128.0f, look->wrinkles, folds);
    else if (creased) std::fill_n(folds, n, 0.0f);
    if (creased) {
      fetch4(*crease_map, n, there, 128.0f, 1.0f, crease[0], kBlock);
      const float *left = look->creases[0], *right = look->creases[1];
      for (int i = 0; i < n; ++i) {
        const float side = limited((u[i] - look->middle) * 0.03f + 0.5f, 0, 1);
        for (int k = 0; k < 4; ++k) folds[i] += crease[k][i] * (right[k] + side * (left[k] - right[k]));
      }
    }
    for (int i = 0; i < n; ++i) x[i] = 0.9f * u[i] + look->offsets[0], y[i] = 0.9f * v[i] + look->offsets[1];
    place<true>(*noise_tile, n, x, y, there);
    fetch4(*noise_tile, n, there, 128.0f, 1.0f / 40, noise[0], kBlock);
    const float *clouds = noise[0], *pores = noise[1], *spots = noise[2], *hairs = noise[3];

    for (int i = 0; i < n; ++i) {
      blood[i] = look->blood * (0.55f + 1.1f * zones[0][i]) + look->mottling * 0.10f * clouds[i] +
                 lip[i] * (0.35f + look->lip_blood);
      melanin[i] = look->melanin + 0.10f * zones[1][i] + look->mottling * (0.035f * clouds[i] + 0.02f * pores[i]) +
                   lip[i] * 0.07f;
      gloss[i] = look->gloss * (0.5f + 0.9f * zones[0][i]) + 0.05f * lip[i];
      height[i] = pores[i] * (0.00002f + 0.00005f * look->wrinkles);
    }
    if (look->freckles > 0)
      for (int i = 0; i < n; ++i)
        melanin[i] += 0.35f * limited(spots[i] - (2.0f - 0.8f * look->freckles), 0, 1) * (0.3f + zones[0][i]);
    if (painted)
      for (int i = 0; i < n; ++i) {
        melanin[i] += look->rings * 0.16f * paint[3][i];
        blood[i] += look->rings * 0.25f * paint[3][i] + look->blush * paint[1][i];
      }
    for (int channel = 0; channel < 3; ++channel)
      for (int i = 0; i < n; ++i)
        colour[channel][i] = kBase[channel] * exponential(-(kMelanin[channel] * limited(melanin[i], 0, 1.5f) +
                                                            kBlood[channel] * limited(blood[i], 0, 20)));
    if (folded || creased)
      for (int i = 0; i < n; ++i) {
        height[i] += folds[i] * 0.000016f;
        const float dark = std::max(1 + folds[i] * 0.004f, 0.3f);
        for (int channel = 0; channel < 3; ++channel) colour[channel][i] *= dark;
      }
    if (look->paint_amount > 0) {
      for (int i = 0; i < n; ++i) share[i] = look->paint_amount * limited(0.5f + clouds[i], 0, 1);
      blend(colour, n, look->paint, share);
    }
    if (painted && look->shadow_amount > 0) {
      for (int i = 0; i < n; ++i) share[i] = look->shadow_amount * paint[2][i];
      blend(colour, n, look->shadow, share);
    }
    if (look->lipstick_amount > 0) {
      for (int i = 0; i < n; ++i) share[i] = look->lipstick_amount * lip[i], gloss[i] += 0.08f * lip[i];
      blend(colour, n, look->lipstick, share);
    }
    const float right = static_cast<float>(brow_map->width), bottom = static_cast<float>(brow_map->height);
    bool any = false;
    for (int i = 0; i < n; ++i) {
      x[i] = (u[i] - look->brow_origin[0]) * look->brow_zoom, y[i] = (v[i] - look->brow_origin[1]) * look->brow_zoom;
      any |= (x[i] > 0) & (y[i] > 0) & (x[i] < right) & (y[i] < bottom);
    }
    if (any && look->brow_strength > 0) {
      place<false>(*brow_map, n, x, y, there);
      fetch1(*brow_map, n, there, 0.0f, look->brow_strength / 255, share);
      for (int i = 0; i < n; ++i) {
        const bool here = (x[i] > 0) & (y[i] > 0) & (x[i] < right) & (y[i] < bottom);
        share[i] = here ? std::min(share[i], 0.97f) : 0.0f;
      }
      blend(colour, n, look->brow_colour, share);
    }
    if (bearded) {
      for (int i = 0; i < n; ++i) {
        const float cover = std::max({look->beard[0] * zones[2][i], look->beard[1] * zones[3][i],
                                      look->beard[2] * paint[0][i]}) * limited(0.95f + 0.3f * clouds[i], 0, 1.3f);
        share[i] = limited(cover * (0.85f + 0.2f * hairs[i]) - 0.04f, 0, 0.95f);
        gloss[i] *= 1 - 0.8f * share[i];
      }
      blend(colour, n, look->beard_colour, share);
      for (int channel = 0; channel < 3; ++channel)
        for (int i = 0; i < n; ++i) colour[channel][i] *= 1 + 0.18f * share[i] * hairs[i];
    }
    for (int i = 0; i < n; ++i) share[i] = limited(lash[i] * (0.35f + look->lash), 0, 0.95f);
    blend(colour, n, kLash, share);
    for (int i = 0; i < n; ++i) {
      const std::int64_t at = rows ? rows[first + i] : first + i;
      for (int channel = 0; channel < 3; ++channel) colours[channel * stride + at] = colour[channel][i];
      glosses[at] = gloss[i];
      heights[at] = height[i];
    }
  }
}
