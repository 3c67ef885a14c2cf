// Errors of files and of what is in them.
#pragma once

#include <string>

#include <xent/error.hpp>

namespace xent::io {

/// The operating system (or the network) refused: the message names the path or URL and the reason.
class IoError : public Error {
 public:
  using Error::Error;
};

/// The bytes are not what they should be: the message names the file, what was expected and what was found.
class FormatError : public Error {
 public:
  using Error::Error;
};

/// What `work` returns; its errors begin with `who`, the option or variable that named the file.
template <class Work>
auto blaming(const std::string& who, Work&& work) {
  try {
    return work();
  } catch (const FormatError& error) {
    throw FormatError(who + ": " + error.what());
  } catch (const IoError& error) {
    throw IoError(who + ": " + error.what());
  }
}

}  // namespace xent::io
