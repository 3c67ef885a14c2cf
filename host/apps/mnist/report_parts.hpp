// Sections of the report, each a piece of HTML.
#pragma once

#include <string>

#include "host/apps/mnist/run.hpp"

namespace xent::mnist {

extern const char* const kReportStyle;  ///< the page's CSS

std::string summary_section(const Run& run, const mlp::Evaluation& test);
std::string curves_section(const Run& run);
std::string confusion_section(const Run& run, const mlp::Evaluation& test);
std::string mistakes_section(const Run& run, const mlp::Evaluation& test);
std::string details_section(const Run& run);

}  // namespace xent::mnist
