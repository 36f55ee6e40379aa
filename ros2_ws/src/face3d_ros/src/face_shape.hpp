// The face model prepared for one evaluation a frame: checked, packed and sorted once, so that a frame only streams it.
#pragma once

#include <cstdint>
#include <vector>

#include "shape.hpp"

namespace face3d {

// A basis in blocks of the result: for each block the rows that are not zero there, each with its numbers. A block's
// sums stay in registers while its rows stream by; expressions that do not move a block cost nothing there.
template <class Number>
class PackedBasis {
 public:
  static constexpr std::int64_t kNumbers = 64;  // of a block

  PackedBasis() = default;

  // `basis` holds `terms` rows of `length` numbers.
  PackedBasis(const Number* basis, std::int64_t terms, std::int64_t length);

  std::vector<std::int64_t> first;  // of each block, and the end
  std::vector<std::int32_t> rows;
  std::vector<Number> numbers;      // kNumbers for each of `rows`, beyond the basis' end 0
};

// A sparse matrix whose rows with the same weights are together: the weights of a subdivision come from its rules, so
// a few dozen lists of weights serve all rows. Entries of a row are sorted by weight, the largest first.
class RowGroups {
 public:
  struct Group {
    std::vector<float> weights;
    std::vector<std::int32_t> rows;      // ascending
    std::vector<std::uint32_t> places;   // 4 * column: of the first row's weights, of the second row's, ...
  };

  RowGroups() = default;
  explicit RowGroups(const Sparse& matrix);

  std::vector<Group> groups;
};

class FaceShape {
 public:
  // mean (control_count, 3); the basis has `terms` rows of 3 * control_count numbers, one of the two pointers is null.
  // Columns of the matrix are already checked against control_count.
  FaceShape(const float* mean, std::int64_t control_count, const float* basis, const std::uint16_t* halves,
            std::int64_t terms, const Sparse& matrix);

  // The first `rows` vertices (rows, 3) for `terms` coefficients.
  void evaluate(const float* coefficients, std::int64_t rows, float* result) const;

  std::int64_t terms() const { return terms_; }
  std::int64_t rows() const { return rows_; }

 private:
  std::vector<float> mean_;  // padded to whole blocks
  std::int64_t control_count_, terms_, rows_;
  PackedBasis<float> basis_;  // one of them is empty
  PackedBasis<std::uint16_t> halves_;
  RowGroups groups_;
};

}  // namespace face3d
