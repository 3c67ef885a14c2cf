// xent-mnist predict: files to digits, digits to probabilities, probabilities to the terminal.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>

#include <xent/softmax.hpp>

#include "host/apps/common/standard_streams.hpp"
#include "host/apps/common/terminal.hpp"
#include "host/apps/common/text.hpp"
#include "host/apps/mnist/commands.hpp"
#include "host/apps/mnist/device.hpp"
#include "host/apps/mnist/errors.hpp"
#include "host/apps/mnist/terminal_picture.hpp"
#include "host/data/idx.hpp"
#include "host/data/image.hpp"
#include "host/data/normalise.hpp"
#include "host/io/error.hpp"
#include "host/io/file.hpp"
#include "host/mlp/predictor.hpp"

namespace xent::mnist {
namespace {

using apps::cat;

struct Digit {
  std::string name{};
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels{};
  std::optional<int> label{};
  std::vector<float> probabilities{};  ///< what the network makes of it
};

bool looks_like_idx(std::span<const std::byte> bytes) {
  const auto starts = [&](int first, int second) {
    return bytes.size() >= 2 && bytes[0] == std::byte(first) && bytes[1] == std::byte(second);
  };
  return starts(0x00, 0x00) || starts(0x1F, 0x8B);  // IDX, gzip
}

std::vector<std::uint8_t> read_labels(const std::filesystem::path& path, const std::filesystem::path& images,
                                      std::int64_t count) {
  return io::blaming("--labels", [&] {
    auto labels = data::parse_idx_labels(io::read_file(path, data::kMaxIdxBytes), path.string());
    if (std::ssize(labels) != count) {
      throw io::FormatError(cat("'", path.string(), "' has ", std::to_string(labels.size()), " labels, '",
                                images.string(), "' has ", std::to_string(count), " images"));
    }
    return labels;
  });
}

std::vector<Digit> digits_of_idx(const std::filesystem::path& path, std::span<const std::byte> bytes,
                                 const PredictOptions& options) {
  const data::IdxImages images = data::parse_idx_images(bytes, path.string());
  const std::int64_t first = options.index.value_or(0);
  if (first >= images.count) {
    throw UsageError(cat("--index: ", std::to_string(first), " is not in '", path.string(),
                         "'; it has images 0 to ", std::to_string(images.count - 1)));
  }
  std::vector<std::uint8_t> labels;
  if (options.labels) labels = read_labels(*options.labels, path, images.count);
  std::vector<Digit> digits;
  const std::int64_t end = std::min(images.count, first + options.count.value_or(1));
  for (std::int64_t i = first; i < end; ++i) {
    const auto pixels = images.pixels.begin() + static_cast<std::ptrdiff_t>(i * images.height * images.width);
    Digit digit{.name = cat(path.string(), " #", std::to_string(i)),
                .height = images.height,
                .width = images.width,
                .pixels = {pixels, pixels + static_cast<std::ptrdiff_t>(images.height * images.width)}};
    if (!labels.empty()) digit.label = labels[static_cast<std::size_t>(i)];
    digits.push_back(std::move(digit));
  }
  return digits;
}

std::vector<Digit> digits_of(const std::filesystem::path& path, const PredictOptions& options) {
  const std::vector<std::byte> bytes = io::read_file(path, data::kMaxIdxBytes);
  if (looks_like_idx(bytes)) return digits_of_idx(path, bytes, options);
  const auto refuse_with = [&](bool given, const char* option) {
    if (given) throw UsageError(cat(option, ": '", path.string(), "' is not an IDX file but one picture"));
  };
  const data::GreyImage picture = data::decode_image(bytes, path.string());
  refuse_with(options.index.has_value(), "--index");
  refuse_with(options.count.has_value(), "--count");
  refuse_with(options.labels.has_value(), "--labels");
  const data::Digit pixels = data::normalise_digit(picture, path.string());
  return {{.name = path.string(),
           .height = data::kDigitSide,
           .width = data::kDigitSide,
           .pixels = {pixels.begin(), pixels.end()}}};
}

std::vector<float> read_digit(const Digit& digit, const mlp::Predictor& predictor,
                              const std::filesystem::path& checkpoint) {
  std::vector<float> scores = predictor.logits(digit.pixels.data(), 1);
  if (!std::ranges::all_of(scores, [](float score) { return std::isfinite(score); })) {
    throw io::FormatError(cat("'", checkpoint.string(),
                              "': the network's outputs are not finite numbers: its training diverged"));
  }
  const auto view = matrix(scores.data(), 1, std::ssize(scores));
  softmax(view, view);
  return scores;
}

/// Draws one digit; true if its label, where known, is what the network reads.
bool show(const Digit& digit, const apps::Style& style) {
  const std::vector<float>& probabilities = digit.probabilities;
  const auto best = std::ranges::max_element(probabilities);
  const auto predicted = static_cast<int>(best - probabilities.begin());
  const bool right = digit.label == predicted;
  std::string head = cat(digit.name, ": ", std::to_string(predicted), ", ", apps::percent(*best, 1));
  if (digit.label)
    head += cat(right ? ", right" : ", wrong: it is labelled ", right ? "" : std::to_string(*digit.label));
  const std::string drawing =
      beside(picture(digit.pixels, digit.height, digit.width, style), static_cast<std::size_t>(digit.width),
             probability_bars(probabilities, predicted, style));
  apps::print_line(stdout, head);
  std::printf("%s\n", drawing.c_str());
  return right;
}

}  // namespace

int predict(const PredictOptions& options) {
  const ChosenDevice device = choose_device(options.machine);
  const auto predictor = mlp::Predictor::load(options.checkpoint, device.exec);
  const std::int64_t inputs = predictor.recipe().layers.front();
  // All is read before the first digit is shown: an error comes alone, not under a page of pictures.
  std::vector<Digit> digits;
  for (const auto& path : options.images) {
    for (Digit& digit : digits_of(path, options)) {
      if (digit.height * digit.width != inputs) {
        throw io::FormatError(cat("'", digit.name, "' has ", std::to_string(digit.height), " x ",
                                  std::to_string(digit.width), " pixels, the network takes ",
                                  std::to_string(inputs)));
      }
      digit.probabilities = read_digit(digit, predictor, options.checkpoint);
      digits.push_back(std::move(digit));
    }
  }
  const apps::Style style = apps::style_of(stdout);
  std::int64_t right = 0;
  for (const Digit& digit : digits) right += show(digit, style) ? 1 : 0;
  if (options.labels) {
    std::printf("%s of %s right\n", apps::grouped(right).c_str(),
                apps::grouped(static_cast<std::int64_t>(digits.size())).c_str());
  }
  return 0;
}

}  // namespace xent::mnist
