// Where the digits come from, in order.
#include "host/data/mnist.hpp"

#include <array>
#include <cstdlib>
#include <string>

#include "host/data/idx.hpp"
#include "host/io/error.hpp"

namespace xent::data {
namespace {

namespace fs = std::filesystem;

/// The file in one of the spellings in use, or an error that names the usual one.
fs::path find_file(const fs::path& folder, const std::string& stem, const std::string& kind) {
  for (const char* separator : {"-", "."}) {
    for (const char* suffix : {"", ".gz"}) {
      fs::path path = folder / stem;
      path += separator + kind + suffix;
      std::error_code ignored;
      if (fs::exists(path, ignored)) return path;
    }
  }
  throw io::IoError("no file '" + stem + "-" + kind + "' or '" + stem + "-" + kind + ".gz' in '" +
                    folder.string() + "'");
}

Dataset read_part(const fs::path& folder, const std::string& prefix) {
  return read_idx_pair(find_file(folder, prefix + "-images", "idx3-ubyte"),
                       find_file(folder, prefix + "-labels", "idx1-ubyte"));
}

std::optional<fs::path> folder_from_environment(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return fs::path(value);
}

/// Nothing if the cache lacks a file, or with a notice if one is damaged: the download then replaces it.
std::optional<TrainTest> load_cached(const fs::path& folder, const Notice& say) {
  try {
    return load_folder(folder);
  } catch (const io::FormatError& error) {
    say(std::string("the cache is damaged: ") + error.what());
  } catch (const io::IoError&) {
  }
  return std::nullopt;
}

}  // namespace

TrainTest load_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw io::IoError("'" + folder.string() + "' is not a folder" + (error ? ": " + error.message() : ""));
  }
  TrainTest digits{.train = read_part(folder, "train"), .test = read_part(folder, "t10k")};
  const auto size = [](const Dataset& set) {
    return std::to_string(set.height) + "x" + std::to_string(set.width);
  };
  if (size(digits.train) != size(digits.test)) {
    throw io::FormatError("'" + folder.string() + "': the training images are " + size(digits.train) +
                          ", the test images " + size(digits.test));
  }
  digits.origin = "MNIST files in " + folder.string();
  return digits;
}

std::optional<fs::path> cache_folder() {
  if (auto folder = folder_from_environment("XENT_CACHE_DIR")) return folder;
  if (const auto base = folder_from_environment("XDG_CACHE_HOME")) return *base / "xent";
  if (const auto home = folder_from_environment("HOME")) return *home / ".cache" / "xent";
  return std::nullopt;
}

TrainTest load_digits(const LoadOptions& options) {
  // A folder that somebody named: the error says who, so that a forgotten variable is found at once.
  const auto load_named = [](const fs::path& folder, const char* by) {
    return io::blaming(by, [&] { return load_folder(folder); });
  };
  if (options.data) return load_named(*options.data, "--data");
  if (const auto folder = folder_from_environment("XENT_MNIST_DIR")) {
    return load_named(*folder, "XENT_MNIST_DIR");
  }

  const Notice say = options.notice ? options.notice : [](std::string_view) {};
  if (const auto cache = cache_folder()) {
    const fs::path folder = *cache / "mnist";
    if (auto digits = load_cached(folder, say)) return *std::move(digits);
    if (!options.offline) {
      try {
        download(options.remote, folder, say);
        return load_folder(folder);
      } catch (const Error& error) {
        say(std::string("MNIST could not be downloaded: ") + error.what());
      }
    }
  } else {
    say("no cache folder, so no download: set HOME, XDG_CACHE_HOME or XENT_CACHE_DIR");
  }
  say("using synthetic digits instead of MNIST; --data or XENT_MNIST_DIR names a folder with its files");
  return synthetic_digits(options.synthetic);
}

}  // namespace xent::data
