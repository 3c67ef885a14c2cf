// Layouts of the same numbers: whatever their order in memory, softmax over an axis is the same.
#include <array>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

namespace xent {
namespace {

constexpr std::array<std::int64_t, 4> kShape{2, 3, 4, 5};

TEST(Layouts, OverAnAxisOfATensor) {
  EXPECT_EQ(over_axis(kShape, 1), channels_first(2, 3, 20));
  EXPECT_EQ(over_axis(kShape, 0), channels_first(1, 2, 60));
  EXPECT_EQ(over_axis(kShape, -1).rows(), 24);
  EXPECT_EQ(over_axis(kShape, -1).row_offset(7), row_major(24, 5).row_offset(7));
  EXPECT_EQ(over_axis(kShape, -4), over_axis(kShape, 0));
  EXPECT_EQ(over_axis(kShape, 4).classes, 0);
  EXPECT_EQ(over_axis(kShape, -5).classes, 0);
}

TEST(Layouts, AnAxisThatIsNotThereIsRefused) {
  std::vector<float> data(120);
  EXPECT_THROW(softmax(matrix(data.data(), over_axis(kShape, 4)), matrix(data.data(), over_axis(kShape, 4))),
               InvalidArgument);
}

TEST(Layouts, SoftmaxOverEveryAxisIsThatOfItsRows) {
  std::vector<float> logits(120);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i * 37 % 101) * 0.05F;
  for (std::int64_t axis = 0; axis < 4; ++axis) {
    const Layout layout = over_axis(kShape, axis);
    std::vector<float> probs(120), row(static_cast<std::size_t>(layout.classes)), row_probs(row.size());
    softmax(matrix(std::as_const(logits).data(), layout), matrix(probs.data(), layout));
    for (std::int64_t r = 0; r < layout.rows(); ++r) {
      const auto at = [&](std::size_t c) {
        return static_cast<std::size_t>(layout.row_offset(r) +
                                        static_cast<std::int64_t>(c) * layout.class_stride);
      };
      for (std::size_t c = 0; c < row.size(); ++c) row[c] = logits[at(c)];
      softmax(matrix(std::as_const(row).data(), 1, layout.classes),
              matrix(row_probs.data(), 1, layout.classes));
      for (std::size_t c = 0; c < row.size(); ++c) ASSERT_EQ(probs[at(c)], row_probs[c]) << axis << ' ' << r;
    }
  }
}

TEST(Layouts, ColumnMajorIsTheTranspose) {
  const std::int64_t rows = 70, classes = 9, pitch = 75;
  std::vector<double> by_row(rows * classes), by_column(pitch * classes, 1e30);
  std::vector<std::int32_t> label(rows);
  for (std::int64_t r = 0; r < rows; ++r) {
    label[static_cast<std::size_t>(r)] = static_cast<std::int32_t>(r % classes);
    for (std::int64_t c = 0; c < classes; ++c) {
      const double z = static_cast<double>((r * 31 + c * 17) % 23) * 0.3;
      by_row[static_cast<std::size_t>(r * classes + c)] = z;
      by_column[static_cast<std::size_t>(c * pitch + r)] = z;
    }
  }
  const Layout transposed = column_major(rows, classes, pitch);
  EXPECT_EQ(column_major(rows, classes).class_stride, rows);
  std::vector<double> grad(by_row.size()), grad_by_column(by_column.size(), 7.0);
  double loss = 0.0, loss_by_column = 0.0;
  cross_entropy(matrix(std::as_const(by_row).data(), rows, classes), labels(label.data(), rows),
                {.loss = vector(&loss, 1), .grad = matrix(grad.data(), rows, classes)});
  cross_entropy(matrix(std::as_const(by_column).data(), transposed), labels(label.data(), rows),
                {.loss = vector(&loss_by_column, 1), .grad = matrix(grad_by_column.data(), transposed)});
  EXPECT_EQ(loss_by_column, loss);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < classes; ++c) {
      ASSERT_EQ(grad_by_column[static_cast<std::size_t>(c * pitch + r)],
                grad[static_cast<std::size_t>(r * classes + c)]);
    }
  }
  EXPECT_EQ(grad_by_column[static_cast<std::size_t>(rows)], 7.0) << "wrote between the columns";
}

}  // namespace
}  // namespace xent
