// Loss, accuracy and learning rate over the epochs, as charts and as a table.
#include <algorithm>
#include <functional>

#include "host/apps/common/text.hpp"
#include "host/apps/mnist/chart.hpp"
#include "host/apps/mnist/html.hpp"
#include "host/apps/mnist/report_parts.hpp"

namespace xent::mnist {
namespace {

using apps::cat;
using apps::percent;

/// A quantity while training (fine) and on the test set after each epoch (dots); `text` writes it.
std::vector<Series> train_and_test(const Run& run, double CurvePoint::*in_training, double Epoch::*in_test,
                                   const std::function<std::string(double)>& text) {
  Series train{.name = "training", .css_class = "train"};
  for (const CurvePoint& point : run.history.curve())
    train.points.push_back({point.epochs, point.*in_training});
  Series test{.name = "test", .css_class = "test", .dots = true};
  for (const Epoch& epoch : run.history.epochs()) {
    const std::string tip = cat("epoch ", std::to_string(epoch.number), ": ", text(epoch.*in_test));
    test.points.push_back({static_cast<double>(epoch.number), epoch.*in_test, tip});
  }
  return {std::move(train), std::move(test)};
}

std::vector<double> heights(const std::vector<Series>& all) {
  std::vector<double> values;
  for (const Series& series : all) {
    for (const ChartPoint& point : series.points) values.push_back(point.y);
  }
  return values;
}

Chart chart(const Run& run, const char* title, const char* y_label, std::vector<Series> series, Scale scale) {
  return {.title = title,
          .x_label = "epoch",
          .y_label = y_label,
          .x_end = static_cast<double>(run.recipe().epochs),
          .scale = std::move(scale),
          .series = std::move(series)};
}

std::string epoch_table(const Run& run) {
  const auto& epochs = run.history.epochs();
  const auto best = std::max_element(epochs.begin(), epochs.end(), [](const Epoch& a, const Epoch& b) {
    return a.test_accuracy < b.test_accuracy;
  });
  std::string body;
  for (auto epoch = epochs.begin(); epoch != epochs.end(); ++epoch) {
    body +=
        cat("<tr><td>", std::to_string(epoch->number), "</td><td>", apps::compact(epoch->train_loss),
            "</td><td>", percent(epoch->train_accuracy), "</td><td>", apps::compact(epoch->test_loss),
            "</td><td", epoch == best ? " class=\"best\"" : "", ">", percent(epoch->test_accuracy),
            "</td><td>", epoch->timing ? apps::elapsed(epoch->timing->seconds) : "earlier", "</td></tr>\n");
  }
  return cat(R"(<div class="panel scroll"><table class="epochs">
<thead><tr><th>epoch</th><th>train<br>loss</th><th>train<br>accuracy</th><th>test<br>loss</th><th>test<br>accuracy</th>
<th>training<br>time</th></tr></thead>
<tbody>
)",
             body, "</tbody></table></div>\n");
}

}  // namespace

std::string curves_section(const Run& run) {
  const auto as_loss = [](double loss) { return apps::compact(loss); };
  const auto as_percent = [](double accuracy) { return percent(accuracy); };
  auto loss = train_and_test(run, &CurvePoint::loss, &Epoch::test_loss, as_loss);
  auto accuracy = train_and_test(run, &CurvePoint::accuracy, &Epoch::test_accuracy, as_percent);
  Series rate{.name = "learning rate", .css_class = "rate"};
  double highest = 0.0;
  for (const CurvePoint& point : run.history.curve()) {
    rate.points.push_back({point.epochs, point.lr});
    highest = std::max(highest, point.lr);
  }
  const Scale loss_scale = log_scale(heights(loss));
  const Scale error_scale = accuracy_scale(heights(accuracy), 0.5 / static_cast<double>(run.data.test.count));
  return cat(R"(<h2>Curves</h2>
<p class="soft">Training figures are taken while the network learns, with dropout and augmentation if the recipe has
them, so the test can be ahead of them.</p>
<div class="charts">
)",
             to_html(chart(run, "Accuracy", "the error is drawn on a logarithmic scale", std::move(accuracy),
                           error_scale)),
             to_html(chart(run, "Loss", "cross-entropy, logarithmic scale", std::move(loss), loss_scale)),
             to_html(chart(run, "Learning rate", "over the steps", {std::move(rate)}, linear_scale(highest))),
             epoch_table(run), "</div>\n");
}

}  // namespace xent::mnist
