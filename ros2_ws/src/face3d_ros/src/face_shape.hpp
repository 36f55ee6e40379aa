// The face model prepared for one evaluation a frame: checked, packed and sorted once, so that a frame only streams it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "patches.hpp"
#include "shape.hpp"

namespace face3d {

// A basis in blocks of the result: for each block the rows that are not zero there, each with its numbers, first those
// below `steady`, then the others. A block's sums stay in registers while its rows stream by; expressions that do not
// move a block cost nothing there.
template <class Number>
class PackedBasis {
 public:
  static constexpr std::int64_t kNumbers = 64;  // of a block

  PackedBasis() = default;

  // `basis` holds `terms` rows of `length` numbers.
  PackedBasis(const Number* basis, std::int64_t terms, std::int64_t steady, std::int64_t length);

  std::vector<std::int64_t> first;    // entry of each block, and the end
  std::vector<std::int64_t> moving;   // first entry of each block that is not of the steady rows
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
    std::vector<std::uint16_t> columns;  // of the first row's weights, of the second row's, ...
  };

  RowGroups() = default;

  // Leaves out the rows that are taken.
  RowGroups(const Sparse& matrix, const std::vector<bool>& taken);

  std::vector<Group> groups;
};

// The sums of the steady terms that were asked for last: a face's identity is the same from frame to frame, and reading
// its basis is what an evaluation mostly waits for. Threads may share it.
class SteadySums {
 public:
  typedef std::shared_ptr<const std::vector<float>> Sums;

  // Sums for `count` coefficients; null when they are not known.
  Sums find(const float* coefficients, std::int64_t count);
  void keep(const float* coefficients, std::int64_t count, Sums sums);

 private:
  struct Entry {
    std::vector<float> coefficients;
    Sums sums;
  };

  static constexpr std::size_t kMost = 16;  // faces

  std::mutex mutex_;
  std::vector<Entry> entries_;  // the latest at the end
};

class FaceShape {
 public:
  // Control vertices that a column's number of 16 bits can tell apart.
  static constexpr std::int64_t kMostControls = 65536;

  // mean (control_count, 3); the basis has `terms` rows of 3 * control_count numbers, one of the two pointers is null.
  // The sums of the first `steady` terms are kept. Columns of the matrix are already checked against control_count.
  FaceShape(const float* mean, std::int64_t control_count, const float* basis, const std::uint16_t* halves,
            std::int64_t terms, std::int64_t steady, const Sparse& matrix);

  // The first `rows` vertices (rows, 3) for `terms` coefficients.
  void evaluate(const float* coefficients, std::int64_t rows, float* result) const;

  std::int64_t terms() const { return terms_; }
  std::int64_t rows() const { return rows_; }

 private:
  // result = from + sum of the steady terms, or of the others.
  void add(bool steady, const float* from, const float* coefficients, float* result) const;

  std::vector<float> mean_;  // padded to whole blocks
  std::int64_t control_count_, terms_, steady_, rows_;
  Patches patches_;
  PackedBasis<float> basis_;  // one of them is empty
  PackedBasis<std::uint16_t> halves_;
  RowGroups groups_;
  mutable SteadySums known_;
};

}  // namespace face3d
