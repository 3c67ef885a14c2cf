#include "host/api/mean.hpp"

#include <cmath>
#include <sstream>

#include "host/api/check.hpp"

namespace xent::api {

void check(const MeanOptions& options) {
  const auto text = [](auto value) {
    std::ostringstream out;
    out << value;
    return out.str();
  };
  if (options.reduction > Reduction::mean) {
    reject("options.reduction", "is " + text(static_cast<int>(options.reduction)), "none, sum or mean");
  }
  if (options.empty_mean > EmptyMean::nan) {
    reject("options.empty_mean", "is " + text(static_cast<int>(options.empty_mean)), "zero or nan");
  }
  if (options.denominator) {
    if (options.reduction != Reduction::mean) {
      reject("options.denominator", "is given with a reduction other than mean", "absent, or with mean");
    }
    if (!(std::isfinite(*options.denominator) && *options.denominator > 0.0)) {
      reject("options.denominator", "is " + text(*options.denominator), "finite and above 0");
    }
  }
  if (options.denominator_at.given()) {
    if (options.reduction != Reduction::mean) {
      reject("options.denominator_at", "is given with a reduction other than mean", "absent, or with mean");
    }
    if (options.denominator) {
      reject("options.denominator_at", "is given beside options.denominator", "one of the two");
    }
    check_input("options.denominator_at", options.denominator_at, 1);
  }
}

double mean_divisor(const MeanOptions& options, std::int64_t count) {
  if (options.reduction != Reduction::mean) return 1.0;
  const ConstVectorView& at = options.denominator_at;
  if (at.given()) {
    return at.dtype == DType::f32 ? static_cast<double>(*static_cast<const float*>(at.data))
                                  : *static_cast<const double*>(at.data);
  }
  return options.denominator.value_or(static_cast<double>(count));
}

}  // namespace xent::api
