// What --help says around the list of options.
#pragma once

#include <string>

namespace xent::mnist {

std::string train_description();
std::string train_usage();
/// The recipes side by side, examples, exit codes.
std::string train_footer();

std::string predict_description();
std::string predict_usage();
std::string predict_footer();

/// The article's claim beside what its recipe reaches.
std::string article_note();

}  // namespace xent::mnist
