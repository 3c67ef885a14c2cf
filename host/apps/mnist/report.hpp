// The run as one HTML file that needs nothing else: no network, no script, light and dark.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "host/apps/mnist/run.hpp"

namespace xent::mnist {

/// The whole page for where the run stands.
std::string report_html(const Run& run, const mlp::Evaluation& test);

/// Writes the report after every epoch, so that a browser can follow; each time atomically.
std::unique_ptr<RunObserver> make_report(const std::filesystem::path& path);

}  // namespace xent::mnist
