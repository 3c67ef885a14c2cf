// Puts the page together and writes it.
#include "host/apps/mnist/report.hpp"

#include <cmath>

#include "host/apps/common/machine.hpp"
#include "host/apps/common/text.hpp"
#include "host/apps/mnist/help.hpp"
#include "host/apps/mnist/html.hpp"
#include "host/apps/mnist/recipe_options.hpp"
#include "host/apps/mnist/report_parts.hpp"
#include "host/io/error.hpp"
#include "host/io/file.hpp"

namespace xent::mnist {
namespace {

using apps::cat;

std::string card(std::string_view value, std::string_view what, const char* css_class = "card") {
  return cat("<div class=\"", css_class, "\"><b>", escape_html(value), "</b><span>", escape_html(what),
             "</span></div>\n");
}

class Report : public RunObserver {
 public:
  explicit Report(std::filesystem::path path) : path_(std::move(path)) {}
  void epoch_ended(const Run& run, const mlp::Evaluation& test) override { write(run, test); }
  void finished(const Run& run, const mlp::Evaluation& test) override { write(run, test); }

 private:
  void write(const Run& run, const mlp::Evaluation& test) {
    io::blaming("--report", [&] { io::write_file_atomically(path_, report_html(run, test)); });
  }
  std::filesystem::path path_;
};

}  // namespace

std::string summary_section(const Run& run, const mlp::Evaluation& test) {
  const auto count = run.data.test.count;
  const std::int64_t wrong = std::llround(static_cast<double>(count) * (1.0 - test.accuracy));
  const mlp::Progress& at = run.trainer.progress();
  std::string html =
      cat("<h1>", apps::percent(test.accuracy), " of the test digits read correctly</h1>\n<p class=\"soft\">",
          escape_html(run.data.origin), " &middot; recipe ", escape_html(recipe_description(run.recipe())),
          " &middot; after ", std::to_string(at.epoch), " of ", std::to_string(run.recipe().epochs),
          " epochs</p>\n");
  if (run.data.synthetic) {
    html +=
        "<p class=\"note\">These are synthetic digits drawn by the program, not MNIST: the figures do not "
        "compare "
        "with those of MNIST.</p>\n";
  }
  if (run.recipe_name == "article")
    html += cat("<p class=\"note\">Note: ", escape_html(article_note()), ".</p>\n");
  html += cat("<div class=\"cards\">\n", card(apps::percent(test.accuracy), "test accuracy", "card lead"),
              card(apps::grouped(wrong), cat("wrong of ", apps::grouped(count))),
              card(apps::compact(test.loss), "test loss"));
  if (run.steps > 0) {
    const double rate = static_cast<double>(run.samples) / run.train_seconds;
    html +=
        cat(card(apps::elapsed(run.train_seconds), run.resumed_at ? "training, since resumed" : "training"),
            card(apps::rounded_count(rate), "images per second"));
  }
  return cat(html, card(apps::elapsed(run.wall_seconds()), "wall clock, with loading and tests"), "</div>\n");
}

std::string report_html(const Run& run, const mlp::Evaluation& test) {
  const std::string title = cat("xent-mnist: ", apps::percent(test.accuracy), " on ",
                                run.data.synthetic ? "synthetic digits" : "MNIST", " after epoch ",
                                std::to_string(run.trainer.progress().epoch));
  return cat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      escape_html(title), "</title>\n<style>", kReportStyle, "</style>\n</head>\n<body>\n<main>\n",
      summary_section(run, test), curves_section(run), confusion_section(run, test),
      mistakes_section(run, test), details_section(run), "<footer>Written by xent-mnist ",
      escape_html(apps::build().version), ".</footer>\n</main>\n</body>\n</html>\n");
}

std::unique_ptr<RunObserver> make_report(const std::filesystem::path& path) {
  return std::make_unique<Report>(path);
}

}  // namespace xent::mnist
