// The preconditions of options and of the gradients that arrive from above.
#include <cmath>
#include <limits>

#include "host/api/check.hpp"
#include "host/api/text.hpp"

namespace xent::api {
namespace {

void check_positive(std::string_view argument, double value) {
  if (!(std::isfinite(value) && value > 0.0)) reject(argument, "is " + text(value), "finite and above 0");
}

void check_not_negative(std::string_view argument, double value) {
  if (!(std::isfinite(value) && value >= 0.0)) reject(argument, "is " + text(value), "finite, 0 or more");
}

/// Numbers that logits are multiplied by must be what they are in the arithmetic of the logits too.
struct Range {
  double least;
  double most;

  explicit Range(DType dtype)
      : least(dtype == DType::f64 ? std::numeric_limits<double>::min()
                                  : static_cast<double>(std::numeric_limits<float>::min())),
        most(dtype == DType::f64 ? std::numeric_limits<double>::max()
                                 : static_cast<double>(std::numeric_limits<float>::max())) {}

  void check(std::string_view argument, const std::string& what, double value) const {
    if (value >= least && value <= most) return;
    reject(argument, what + text(value), text(least) + " to " + text(most) + ", for these logits");
  }
};

void check_per_class(std::string_view argument, const ConstVectorView& values, std::int64_t classes) {
  if (values.given()) check_input(argument, values, classes);
}

void check_denominator(const LossOptions& options) {
  const bool at = options.denominator_at.given();
  if (options.reduction != Reduction::mean && (options.denominator || at)) {
    reject(at ? "options.denominator_at" : "options.denominator", "is given with a reduction other than mean",
           "absent, or with mean");
  }
  if (options.denominator) check_positive("options.denominator", *options.denominator);
  if (!at) return;
  if (options.denominator) {
    reject("options.denominator_at", "is given with options.denominator", "one of the two");
  }
  check_input("options.denominator_at", options.denominator_at, 1);
}

}  // namespace

void check(const LossOptions& options, std::int64_t classes, DType dtype) {
  if (options.reduction > Reduction::mean) {
    reject("options.reduction", "is " + text(static_cast<int>(options.reduction)), "none, sum or mean");
  }
  if (options.mean_over > MeanOver::valid_rows) {
    reject("options.mean_over", "is " + text(static_cast<int>(options.mean_over)), "weights or valid_rows");
  }
  if (options.empty_mean > EmptyMean::nan) {
    reject("options.empty_mean", "is " + text(static_cast<int>(options.empty_mean)), "zero or nan");
  }
  if (!(options.label_smoothing >= 0.0 && options.label_smoothing <= 1.0)) {
    reject("options.label_smoothing", "is " + text(options.label_smoothing), "0 to 1");
  }
  check_not_negative("options.focal_gamma", options.focal_gamma);
  check_not_negative("options.z_loss", options.z_loss);
  const Range range(dtype);
  if (options.focal_gamma != 0.0) range.check("options.focal_gamma", "is ", options.focal_gamma);
  if (options.z_loss != 0.0) range.check("options.z_loss", "is ", options.z_loss);
  check_denominator(options);
  check_per_class("options.class_weights", options.class_weights, classes);
  check(options.transform, classes, dtype);
}

void check(const LogitTransform& transform, std::int64_t classes, DType dtype) {
  check_positive("options.transform.logit_scale", transform.logit_scale);
  check_positive("options.transform.temperature", transform.temperature);
  check_not_negative("options.transform.softcap", transform.softcap);
  const Range range(dtype);
  const double scale = transform.logit_scale;
  range.check("options.transform.logit_scale", "is ", scale);
  range.check("options.transform.temperature", "divides 1 to ", 1.0 / transform.temperature);
  range.check("options.transform.temperature", "divides logit_scale to ", scale / transform.temperature);
  if (const double softcap = transform.softcap; softcap != 0.0) {
    range.check("options.transform.softcap", "divides 1 to ", 1.0 / softcap);
    range.check("options.transform.softcap", "divides logit_scale to ", scale / softcap);
    range.check("options.transform.softcap", "divided by temperature is ", softcap / transform.temperature);
  }
  check_per_class("options.transform.bias", transform.bias, classes);
  if (transform.valid_classes < 0 || transform.valid_classes > classes) {
    reject("options.transform.valid_classes", "is " + text(transform.valid_classes),
           "0 (all) to " + text(classes));
  }
}

void check(const Upstream& upstream, const LossOptions& options, std::int64_t rows) {
  if (!std::isfinite(upstream.scale)) {
    reject("upstream.scale", "is " + text(upstream.scale), "a finite number");
  }
  if (upstream.lse.given()) check_input("upstream.lse", upstream.lse, rows);
  if (upstream.log_prob.given()) check_input("upstream.log_prob", upstream.log_prob, rows);
  if (upstream.entropy.given()) check_input("upstream.entropy", upstream.entropy, rows);
  if (!upstream.values.given()) return;
  const bool per_row = options.reduction == Reduction::none;
  const bool shared = upstream.values.size == 1;
  if (!shared && !per_row) {
    reject("upstream.values", "size is " + text(upstream.values.size),
           "0 or 1: the reduced loss is one number");
  }
  check_input("upstream.values", upstream.values, shared ? 1 : rows);
}

void check_no_softmax_options(const LossOptions& options) {
  const auto refuse = [](std::string_view argument) {
    reject(argument, "is set", "off: it is an option of cross_entropy, which sees the logits");
  };
  if (options.label_smoothing != 0.0) refuse("options.label_smoothing");
  if (options.focal_gamma != 0.0) refuse("options.focal_gamma");
  if (options.z_loss != 0.0) refuse("options.z_loss");
  const LogitTransform& t = options.transform;
  if (t.logit_scale != 1.0) refuse("options.transform.logit_scale");
  if (t.temperature != 1.0) refuse("options.transform.temperature");
  if (t.softcap != 0.0) refuse("options.transform.softcap");
  if (t.bias.given()) refuse("options.transform.bias");
  if (t.valid_classes != 0) refuse("options.transform.valid_classes");
}

}  // namespace xent::api
