// Tries by doing: permissions, read-only file systems and missing folders all show the same way.
#include "host/apps/mnist/output_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <unistd.h>

#include "host/apps/common/text.hpp"
#include "host/io/descriptor.hpp"

namespace xent::mnist {

void check_replaceable(const std::string& option, const std::filesystem::path& path) {
  const auto refuse = [&](std::string_view why) {
    throw io::IoError(apps::cat(option, ": cannot write '", path.string(), "': ", why));
  };
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    refuse("not a regular file");
  // Where and how a save will write: beside the file that a link leads to, under a name a little longer.
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, ignored);
  std::string probe = (target.empty() ? path : target).string() + ".tmp-probe-XXXXXX";
  const io::Descriptor file(::mkstemp(probe.data()));
  if (!file) refuse(std::strerror(errno));
  ::unlink(probe.c_str());
}

std::filesystem::path unused_checkpoint_name() {
  std::filesystem::path name = "xent-mnist.safetensors";
  for (int i = 2; std::filesystem::exists(name); ++i) {
    name = apps::cat("xent-mnist-", std::to_string(i), ".safetensors");
  }
  return name;
}

}  // namespace xent::mnist
