// Asks the terminal, the locale and the environment.
#include "host/apps/common/terminal.hpp"

#include <clocale>
#include <cstdlib>
#include <string_view>

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace xent::apps {
namespace {

bool locale_is_utf8() {
  // Only the character type: numbers must keep their point whatever the locale.
  static const bool utf8 =
      std::setlocale(LC_CTYPE, "") != nullptr && std::string_view(nl_langinfo(CODESET)) == "UTF-8";
  return utf8;
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

Style style_of(std::FILE* stream) {
  Style style;
  const int descriptor = fileno(stream);
  style.terminal = descriptor >= 0 && isatty(descriptor) == 1;
  if (!style.terminal) return style;
  const bool dumb = environment("TERM").empty() || environment("TERM") == "dumb";
  style.unicode = locale_is_utf8();
  style.colour = !dumb && environment("NO_COLOR").empty();
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.columns = size.ws_col;
  return style;
}

}  // namespace xent::apps
