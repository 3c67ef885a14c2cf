// A new descriptor takes the lowest free number: the one that is missing.
#include "host/apps/common/standard_streams.hpp"

#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "host/apps/common/text.hpp"

namespace xent::apps {

void open_closed_streams() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (::fcntl(number, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDWR));
  }
}

void print_line(std::FILE* stream, std::string_view text) {
  const std::string line = printable(text) + '\n';
  std::fwrite(line.data(), 1, line.size(), stream);
  std::fflush(stream);
}

}  // namespace xent::apps
