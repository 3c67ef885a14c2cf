// The progress bar and the terminal pictures as pure functions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/apps/mnist/console.hpp"
#include "host/apps/mnist/progress.hpp"
#include "host/apps/mnist/terminal_picture.hpp"

namespace xent::mnist {
namespace {

using apps::Style;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Columns of a line: escapes take none, a UTF-8 character one.
std::size_t columns(const std::string& line) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b')
      i = line.find('m', i);
    else if ((static_cast<unsigned>(line[i]) & 0xC0U) != 0x80U)
      ++count;
  }
  return count;
}

constexpr ProgressView kView{.epoch = 3,
                             .epochs = 10,
                             .fraction = 0.5,
                             .loss = 0.04217,
                             .accuracy = 0.98714,
                             .samples_per_second = 41234,
                             .seconds_left = 83};

TEST(Progress, AsciiLine) {
  EXPECT_EQ(render_progress(kView, {.terminal = true, .columns = 80}),
            "epoch  3/10 [=====.....]  50%  loss 0.0422  acc 98.71%  41.2 k img/s  1:23 left");
}

TEST(Progress, UnicodeLine) {
  const std::string line = render_progress(kView, {.terminal = true, .unicode = true, .columns = 100});
  EXPECT_THAT(line, HasSubstr("━┈"));
  EXPECT_THAT(line, ::testing::Not(HasSubstr("\x1b")));
}

TEST(Progress, FitsEveryWidth) {
  for (const bool unicode : {false, true}) {
    for (const bool colour : {false, true}) {
      for (int width = 1; width <= 200; ++width) {
        const Style style{.terminal = true, .unicode = unicode, .colour = colour, .columns = width};
        const std::string line = render_progress(kView, style);
        EXPECT_LE(columns(line), static_cast<std::size_t>(std::max(1, width - 1))) << line;
      }
    }
  }
}

TEST(Progress, BarGrowsFromEmptyToFull) {
  ProgressView view = kView;
  const Style style{.terminal = true, .columns = 80};
  view.fraction = 0.0;
  EXPECT_THAT(render_progress(view, style), HasSubstr("[..........]   0%"));
  view.fraction = 1.0;
  EXPECT_THAT(render_progress(view, style), HasSubstr("[==========] 100%"));
  view.fraction = 7.0;
  EXPECT_THAT(render_progress(view, style), HasSubstr("[==========] 100%"));
}

TEST(Progress, BarIsNotDrawnWhereNobodyWatches) {
  ProgressBar bar(nullptr, Style{});
  EXPECT_FALSE(bar.due());
  bar.show(kView);
  bar.clear();
}

TEST(EpochLine, AlignsWithItsHead) {
  const Epoch epoch{.number = 7,
                    .train_loss = 0.1,
                    .train_accuracy = 1.0,
                    .test_loss = 0.25,
                    .test_accuracy = 0.5,
                    .timing = Timing{.seconds = 1.5, .samples_per_second = 40000}};
  for (const std::int64_t epochs : {9, 10, 10000}) {
    EXPECT_EQ(epoch_line(epoch, epochs).size(), epoch_header(epochs).size());
  }
  EXPECT_EQ(epoch_header(10), "epoch   train loss  accuracy    test loss  accuracy   images/s       time");
  EXPECT_EQ(epoch_line(epoch, 10),
            " 7/10       0.1000  100.00 %       0.2500   50.00 %     40.0 k      1.5 s");
}

TEST(Summary, SaysWhatIsOn) {
  EXPECT_EQ(summary(mlp::named_recipe("article")), "adam, lr 0.01 constant, batch 64, 10 epochs, seed 1");
  mlp::Recipe recipe{.epochs = 1,
                     .optimizer = mlp::Optimizer::sgd,
                     .lr = 0.5,
                     .schedule = mlp::Schedule::linear,
                     .final_lr_ratio = 0.5,
                     .warmup_steps = 20,
                     .label_smoothing = 0.0,
                     .dropout = 0.25,
                     .shift = 2,
                     .seed = 9};
  EXPECT_EQ(summary(recipe),
            "sgd, lr 0.5 linear to 0.25 after 20 warm-up steps, batch 64, 1 epoch, momentum 0.9, "
            "dropout 0.25, shift 2, seed 9");
}

TEST(Picture, TwoRowsToALine) {
  const std::vector<std::uint8_t> pixels{0, 255, 128, 0, 255, 128, 255, 0, 0};
  EXPECT_THAT(picture(pixels, 3, 3, {}), ElementsAre(" @+", "=  "));
  EXPECT_THAT(picture(pixels, 3, 3, {.unicode = true}), ElementsAre(" █▒", "▒  "));
  const auto colour = picture(pixels, 3, 3, {.unicode = true, .colour = true});
  ASSERT_EQ(colour.size(), 2U);
  EXPECT_EQ(columns(colour[0]), 3U);
  EXPECT_THAT(colour[0], HasSubstr("\x1b[38;5;232;48;5;232m▀\x1b[38;5;255;48;5;255m▀"));
}

TEST(Bars, MarkThePredictedClass) {
  const std::vector<float> probabilities{0.25F, 0.75F, 0.0F};
  const auto lines = probability_bars(probabilities, 1, {});
  EXPECT_THAT(lines,
              ElementsAre(" 0 ######                    25.0 %", " 1 ##################        75.0 % <",
                          " 2                            0.0 %"));
  const auto unicode = probability_bars(probabilities, 1, {.unicode = true});
  EXPECT_EQ(columns(unicode[0]), columns(unicode[2]));
  EXPECT_THAT(unicode[1], HasSubstr("◀"));
}

TEST(Beside, CentresTheShorterColumn) {
  EXPECT_EQ(beside({"ab", "cd", "ef"}, 2, {"x"}), "ab\ncd   x\nef\n");
  EXPECT_EQ(beside({"ab"}, 2, {"x", "y", "z"}), "     x\nab   y\n     z\n");
}

}  // namespace
}  // namespace xent::mnist
