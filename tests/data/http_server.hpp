// A small HTTP server on 127.0.0.1 that can be told to misbehave.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/io/bytes.hpp"

namespace xent::test {

struct Page {
  int status = 200;
  Bytes body{};
  bool ranges = true;                     ///< honours "Range: bytes=N-"
  std::optional<std::size_t> cut{};       ///< hangs up after so many bytes of a body…
  int cuts = 1;                           ///< …this many times
  bool hangs = false;                     ///< keeps a cut connection open instead
  bool silent = false;                    ///< takes the request and never answers
  std::optional<std::string> location{};  ///< for a redirect
};

class HttpServer {
 public:
  HttpServer();
  ~HttpServer();

  /// "http://127.0.0.1:<port>/"
  std::string url() const;
  void serve(const std::string& path, Page page);
  /// Each request so far: "path" or "path@offset".
  std::vector<std::string> requests() const;

 private:
  void run();
  void answer(int connection);

  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_{};
  std::map<std::string, Page> pages_{};
  std::vector<std::string> requests_{};
  std::thread thread_{};
};

}  // namespace xent::test
