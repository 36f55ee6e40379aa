#include "face_shape.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "simd.hpp"

#define FACE3D_KERNEL "face_shape.inl"
#include "each_isa.hpp"

namespace face3d {

template <class Number>
PackedBasis<Number>::PackedBasis(const Number* basis, std::int64_t terms, std::int64_t steady, std::int64_t length) {
  for (std::int64_t at = 0; at < length; at += kNumbers) {
    first.push_back(static_cast<std::int64_t>(rows.size()));
    const std::int64_t count = std::min(kNumbers, length - at);
    for (std::int64_t row = 0; row < terms; ++row) {
      if (row == steady) moving.push_back(static_cast<std::int64_t>(rows.size()));
      const Number* from = basis + row * length + at;
      if (std::all_of(from, from + count, [](Number number) { return number == 0; })) continue;
      rows.push_back(static_cast<std::int32_t>(row));
      numbers.insert(numbers.end(), from, from + count);
      numbers.resize(rows.size() * kNumbers);
    }
    if (steady == terms) moving.push_back(static_cast<std::int64_t>(rows.size()));
  }
  first.push_back(static_cast<std::int64_t>(rows.size()));
  numbers.shrink_to_fit();
}

RowGroups::RowGroups(const Sparse& matrix, const std::vector<bool>& taken) {
  std::map<std::vector<float>, std::size_t> known;
  std::vector<std::int32_t> order;
  std::vector<float> weights;
  for (std::int64_t row = 0; row < matrix.rows; ++row) {
    if (taken[row]) continue;
    const std::int32_t begin = matrix.indptr[row], end = matrix.indptr[row + 1];
    order.resize(static_cast<std::size_t>(end - begin));
    std::iota(order.begin(), order.end(), begin);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int32_t a, std::int32_t b) { return matrix.data[a] > matrix.data[b]; });
    weights.clear();
    for (const std::int32_t entry : order) weights.push_back(matrix.data[entry]);
    const auto found = known.emplace(weights, groups.size());
    if (found.second) groups.push_back({weights, {}, {}});
    Group& group = groups[found.first->second];
    group.rows.push_back(static_cast<std::int32_t>(row));
    for (const std::int32_t entry : order) group.columns.push_back(static_cast<std::uint16_t>(matrix.indices[entry]));
  }
}

SteadySums::Sums SteadySums::find(const float* coefficients, std::int64_t count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (std::size_t i = entries_.size(); i-- > 0;) {
    if (!std::equal(coefficients, coefficients + count, entries_[i].coefficients.begin())) continue;
    std::rotate(entries_.begin() + static_cast<std::ptrdiff_t>(i), entries_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                entries_.end());
    return entries_.back().sums;
  }
  return nullptr;
}

void SteadySums::keep(const float* coefficients, std::int64_t count, Sums sums) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (entries_.size() == kMost) entries_.erase(entries_.begin());
  entries_.push_back({std::vector<float>(coefficients, coefficients + count), std::move(sums)});
}

FaceShape::FaceShape(const float* mean, std::int64_t control_count, const float* basis, const std::uint16_t* halves,
                     std::int64_t terms, std::int64_t steady, const Sparse& matrix)
    : mean_(mean, mean + 3 * control_count),
      control_count_(control_count),
      terms_(terms),
      steady_(steady),
      rows_(matrix.rows),
      patches_(matrix, control_count),
      groups_(matrix, patches_.taken) {
  const std::int64_t length = 3 * control_count, block = PackedBasis<float>::kNumbers;
  mean_.resize(static_cast<std::size_t>((length + block - 1) / block * block));
  if (halves)
    halves_ = PackedBasis<std::uint16_t>(halves, terms, steady, length);
  else
    basis_ = PackedBasis<float>(basis, terms, steady, length);
}

void FaceShape::add(bool steady, const float* from, const float* coefficients, float* result) const {
  if (halves_.first.empty())
    FACE3D_CALL(blend_packed_floats, basis_, steady, from, coefficients, result);
  else
    FACE3D_CALL(blend_packed_halves, halves_, steady, from, coefficients, result);
}

void FaceShape::evaluate(const float* coefficients, std::int64_t rows, float* result) const {
  thread_local std::vector<float> control, padded;
  SteadySums::Sums sums = known_.find(coefficients, steady_);
  if (!sums) {
    auto fresh = std::make_shared<std::vector<float>>(mean_.size());
    add(true, mean_.data(), coefficients, fresh->data());
    sums = std::move(fresh);
    known_.keep(coefficients, steady_, sums);
  }
  control.resize(mean_.size());
  add(false, sums->data(), coefficients, control.data());
  padded.resize(static_cast<std::size_t>(control_count_) * 4);  // four floats a vertex: one vector load each
  for (std::int64_t i = 0; i < control_count_; ++i)
    for (int k = 0; k < 3; ++k) padded[4 * i + k] = control[3 * i + k];
  if (rows > control_count_) FACE3D_CALL(sum_patches, patches_, rows, padded.data(), result);
  for (const RowGroups::Group& group : groups_.groups) {
    const auto end = std::lower_bound(group.rows.begin(), group.rows.end(), rows);
    FACE3D_CALL(sum_group, group, static_cast<std::size_t>(end - group.rows.begin()), padded.data(), result);
  }
}

}  // namespace face3d
