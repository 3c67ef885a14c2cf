// Standard input, output and error as the program finds them, and lines written to them.
#pragma once

#include <cstdio>
#include <string_view>

namespace xent::apps {

/// Opens /dev/null in place of each of the three that is closed: else the next file opened would get its
/// number, and with it what is printed. To be called before anything is opened.
void open_closed_streams();

/// The text and a newline, at once. Nothing in it can steer the terminal: see printable().
void print_line(std::FILE* stream, std::string_view text);

}  // namespace xent::apps
