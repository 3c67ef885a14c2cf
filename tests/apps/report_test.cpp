// The report: well-formed, self-contained, everything escaped; and the charts' scales.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "host/apps/mnist/chart.hpp"
#include "host/apps/mnist/html.hpp"
#include "tests/apps/tiny_mnist.hpp"

namespace xent::mnist {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Reads start and end tags; returns what is wrong, or nothing.
std::string first_html_fault(const std::string& html) {
  const std::vector<std::string> empty_elements{"meta", "img", "br", "!DOCTYPE"};
  std::vector<std::string> open;
  for (std::size_t at = 0; (at = html.find('<', at)) != std::string::npos;) {
    const std::size_t end = html.find('>', at);
    if (end == std::string::npos) return "'<' without '>'";
    const std::string tag = html.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string::npos) return "'<' within a tag: " + tag;
    at = end + 1;
    if (tag.front() == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return "closes what is not open: " + tag;
      open.pop_back();
      continue;
    }
    const std::string name = tag.substr(0, tag.find_first_of(" /"));
    const bool is_empty = tag.back() == '/' || std::find(empty_elements.begin(), empty_elements.end(),
                                                         name) != empty_elements.end();
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "odd quotes: " + tag;
    if (!is_empty) open.push_back(name);
    if (name == "style") at = html.find("</style>", at);
  }
  return open.empty() ? "" : "left open: " + open.back();
}

TEST(Report, IsWellFormedAndNeedsNothingElse) {
  const test::TinyMnist tiny(300, 100, "it's <b>&amp; \"bold\"");
  const std::vector<std::string> more{"--report", "r.html"};
  const test::Outcome outcome = tiny.run(tiny.quick(more));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string html = test::read_text(tiny / "r.html");
  EXPECT_EQ(first_html_fault(html), "");
  for (const char* outside :
       {"http:", "https:", "src=\"/", "href", "<script", "<link", "url(", "@import", "<iframe"}) {
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  }
  EXPECT_THAT(html, Not(HasSubstr("<b>&amp; ")));
  EXPECT_THAT(html, HasSubstr("it&#39;s &lt;b&gt;&amp;amp; &quot;bold&quot;"));
  for (const char* section :
       {"Curves", "Confusion matrix", "Worst mistakes", "Recipe and machine", "prefers-color-scheme: dark",
        "<svg", "class=\"line train\"", "class=\"dot test\"", "data:image/png;base64,", "sure</small>"}) {
    EXPECT_THAT(html, HasSubstr(section));
  }
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST(Report, SaysWhenDigitsAreSyntheticAndSurvivesDivergence) {
  const test::TinyMnist tiny;
  const test::Outcome outcome = tiny.run({"--offline", "--epochs", "1", "--layers", "784,4,10", "--batch",
                                          "500", "--optimizer", "sgd", "--lr", "1000", "--report", "r.html"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string html = test::read_text(tiny / "r.html");
  EXPECT_EQ(first_html_fault(html), "");
  EXPECT_THAT(html, HasSubstr("These are synthetic digits"));
}

TEST(Html, EscapesAndRepairs) {
  EXPECT_EQ(escape_html("a<b>&\"c'"), "a&lt;b&gt;&amp;&quot;c&#39;");
  EXPECT_EQ(escape_html("naïve 数 🙂"), "naïve 数 🙂");
  EXPECT_EQ(escape_html("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(escape_html("\xC0\xBC"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "an overlong '<'";
  EXPECT_EQ(escape_html("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "a surrogate";
  EXPECT_EQ(escape_html("\xE6\x95"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "cut short";
}

TEST(Html, Base64OfTheStandard) {
  const auto encoded = [](std::string_view text) { return base64(std::as_bytes(std::span(text))); };
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg==");
  EXPECT_EQ(encoded("fo"), "Zm8=");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foob"), "Zm9vYg==");
  EXPECT_EQ(encoded("fooba"), "Zm9vYmE=");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encoded("\xFF\xFE\xFD"), "//79");
}

void expect_sound(const Scale& scale, const std::vector<double>& values) {
  EXPECT_GE(scale.ticks.size(), 1U);
  for (const Tick& tick : scale.ticks) {
    EXPECT_GE(scale.place(tick.value), -1e-9) << tick.label;
    EXPECT_LE(scale.place(tick.value), 1 + 1e-9) << tick.label;
  }
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    EXPECT_GE(scale.place(value), -1e-9) << value;
    EXPECT_LE(scale.place(value), 1 + 1e-9) << value;
  }
}

TEST(Scale, HoldsItsValuesAndTicks) {
  for (const std::vector<double>& values : {std::vector<double>{0.5, 0.02},
                                            {2.302, 1e-5},
                                            {1.0},
                                            {1e300, 1e-300},
                                            {NAN, 0.3},
                                            {INFINITY, 0.1, 0.2}}) {
    expect_sound(log_scale(values), values);
  }
  for (const std::vector<double>& values :
       {std::vector<double>{0.9, 0.98}, {0.1, 1.0}, {1.0}, {0.0, 0.0}, {NAN}, {}, {0.99995, 0.9999}}) {
    expect_sound(accuracy_scale(values, 5e-5), values);
  }
  for (const double largest : {0.01, 0.003, 1.0, 7.0, 1000.0, 1e-9})
    expect_sound(linear_scale(largest), {0.0, largest});
  expect_sound(linear_scale(0.0), {0.0});
  expect_sound(linear_scale(NAN), {});
}

TEST(Scale, LabelsReadWell) {
  const auto labels = [](const Scale& scale) {
    std::string all;
    for (const Tick& tick : scale.ticks) all += tick.label + "|";
    return all;
  };
  EXPECT_EQ(labels(linear_scale(0.01)), "0|0.002|0.004|0.006|0.008|0.01|");
  EXPECT_EQ(labels(log_scale({0.03, 0.6})), "0.05|0.1|0.2|0.5|");
  EXPECT_EQ(labels(accuracy_scale({0.91, 0.992}, 5e-5)), "90 %|95 %|97 %|98 %|99 %|");
}

TEST(Chart, GapsWhereAValueIsNotFinite) {
  const Chart chart{.title = "T < 1",
                    .x_label = "x",
                    .y_label = "y",
                    .x_end = 3,
                    .scale = linear_scale(1.0),
                    .series = {{.name = "s",
                                .css_class = "train",
                                .points = {{0, 0.5, ""}, {1, 0.6, ""}, {2, NAN, ""}, {3, 0.7, "tip & top"}},
                                .dots = true}}};
  const std::string html = to_html(chart);
  EXPECT_EQ(first_html_fault(html), "");
  EXPECT_THAT(html, HasSubstr("T &lt; 1"));
  EXPECT_THAT(html, HasSubstr("tip &amp; top"));
  EXPECT_THAT(html, HasSubstr("d=\"M58.0 134.0 L240.7 109.6 M606.0 85.2\""));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace xent::mnist
