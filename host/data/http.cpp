// HTTP by libcurl.
#include "host/data/http.hpp"

#include <array>
#include <memory>

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "host/io/descriptor.hpp"
#include "host/io/error.hpp"

namespace xent::data {
namespace {

using io::retry_interrupted;

constexpr long kRangeNotSatisfiable = 416;

/// The file being filled. libcurl is C: no exception may pass through its callback, so a failure is kept and
/// thrown afterwards.
struct Sink {
  const std::filesystem::path& path;
  io::Descriptor fd;
  std::uint64_t size = 0;
  std::uint64_t max_bytes = 0;
  int write_error = 0;
  bool too_large = false;

  void restart() {
    if (retry_interrupted([&] { return ::ftruncate(fd.get(), 0); }) < 0) io::throw_io_error("truncate", path);
    size = 0;
  }
};

std::size_t on_data(char* data, std::size_t, std::size_t count, void* user) noexcept {
  Sink& sink = *static_cast<Sink*>(user);
  if (count > sink.max_bytes - sink.size) {
    sink.too_large = true;
    return 0;
  }
  for (std::size_t done = 0; done < count;) {
    const ssize_t n = retry_interrupted([&] { return ::write(sink.fd.get(), data + done, count - done); });
    if (n < 0) {
      sink.write_error = errno;
      return 0;
    }
    done += static_cast<std::size_t>(n);
    sink.size += static_cast<std::uint64_t>(n);
  }
  return count;
}

Sink open_sink(const std::filesystem::path& path, std::uint64_t max_bytes) {
  Sink sink{.path = path, .fd = {}, .max_bytes = max_bytes};
  sink.fd = io::Descriptor(retry_interrupted(
      [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666); }));
  struct stat status {};
  if (!sink.fd || ::fstat(sink.fd.get(), &status) < 0) io::throw_io_error("write", path);
  sink.size = static_cast<std::uint64_t>(status.st_size);
  if (sink.size > max_bytes) sink.restart();
  return sink;
}

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

Handle make_handle(const std::string& url, Sink& sink, const TransferLimits& limits) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  Handle handle(ready == CURLE_OK ? curl_easy_init() : nullptr, &curl_easy_cleanup);
  if (!handle) throw io::IoError("libcurl could not start");
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(handle.get(), option, value); };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_USERAGENT, "xent");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 5L);
#if LIBCURL_VERSION_NUM >= 0x075500
  set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  set(CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(limits.connect.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.stall.count()));
  set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(sink.size));
  set(CURLOPT_WRITEFUNCTION, &on_data);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&sink));
  return handle;
}

bool never_connected(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return true;
    default: return false;
  }
}

std::string http_status(long status) { return "HTTP status " + std::to_string(status); }

TransferResult transfer(const std::string& url, Sink& sink, const TransferLimits& limits) {
  while (true) {
    const std::uint64_t before = sink.size;
    const bool resumed = before > 0;
    const Handle handle = make_handle(url, sink, limits);
    std::array<char, CURL_ERROR_SIZE> detail{};
    curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, detail.data());
    const CURLcode code = curl_easy_perform(handle.get());
    long status = 0;
    long proxy_status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle.get(), CURLINFO_HTTP_CONNECTCODE, &proxy_status);

    if (sink.write_error != 0) io::throw_io_error("write", sink.path, sink.write_error);
    if (sink.too_large) {
      sink.restart();
      return {TransferOutcome::refused, resumed, "more than " + std::to_string(limits.max_bytes) + " bytes"};
    }
    // Nothing lies beyond what is there already: it is the whole file, or else not this file at all, which
    // only its content can tell.
    if (resumed && status == kRangeNotSatisfiable) return {TransferOutcome::complete, true, {}};
    if (code == CURLE_OK) return {TransferOutcome::complete, resumed, {}};
    if (code == CURLE_RANGE_ERROR && resumed) {
      sink.restart();  // a server that can only send the whole
      continue;
    }
    if (status == 0 && proxy_status >= 300) {
      return {TransferOutcome::unreachable, resumed, "the proxy refuses, " + http_status(proxy_status)};
    }
    if (code == CURLE_HTTP_RETURNED_ERROR) return {TransferOutcome::refused, resumed, http_status(status)};
    const bool silent = code == CURLE_OPERATION_TIMEDOUT && sink.size == before;
    const bool unreachable = never_connected(code) || silent;
    return {unreachable ? TransferOutcome::unreachable : TransferOutcome::interrupted, resumed,
            detail[0] != '\0' ? detail.data() : curl_easy_strerror(code)};
  }
}

}  // namespace

TransferResult fetch(const std::string& url, const std::filesystem::path& part,
                     const TransferLimits& limits) {
  Sink sink = open_sink(part, limits.max_bytes);
  TransferResult result = transfer(url, sink, limits);
  if (sink.size == 0 && result.outcome != TransferOutcome::complete) ::unlink(part.c_str());
  return result;
}

}  // namespace xent::data
