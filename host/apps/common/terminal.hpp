// What an output stream can show.
#pragma once

#include <cstdio>

namespace xent::apps {

struct Style {
  bool terminal = false;  ///< a person watches: lines may be redrawn
  bool unicode = false;   ///< block characters; else ASCII
  bool colour = false;    ///< 256-colour escapes
  int columns = 80;
};

/// Unicode if the stream is a terminal and the locale is UTF-8, colour unless $NO_COLOR is set or
/// $TERM is dumb.
Style style_of(std::FILE* stream);

}  // namespace xent::apps
