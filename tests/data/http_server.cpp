// One connection at a time is all the tests need.
#include "tests/data/http_server.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xent::test {
namespace {

std::string read_request(int connection) {
  std::string request;
  char buffer[1024];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t n = ::recv(connection, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    request.append(buffer, static_cast<std::size_t>(n));
  }
  return request;
}

std::size_t requested_offset(const std::string& request) {
  const std::string key = "Range: bytes=";
  const std::size_t at = request.find(key);
  return at == std::string::npos ? 0 : std::stoul(request.substr(at + key.size()));
}

void send_all(int connection, const void* data, std::size_t size) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::send(connection, bytes, size, MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
}

void wait_for_hang_up(int connection) {
  pollfd hung_up{.fd = connection, .events = POLLIN, .revents = 0};
  ::poll(&hung_up, 1, 10000);
}

}  // namespace

HttpServer::HttpServer() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
  ::setenv("no_proxy", "127.0.0.1", 1);  // whatever the machine uses for the rest
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("no port on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

HttpServer::~HttpServer() {
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
  thread_.join();
  ::close(listener_);
}

std::string HttpServer::url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

void HttpServer::serve(const std::string& path, Page page) {
  const std::lock_guard guard(mutex_);
  pages_["/" + path] = std::move(page);
}

std::vector<std::string> HttpServer::requests() const {
  const std::lock_guard guard(mutex_);
  return requests_;
}

void HttpServer::run() {
  while (true) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    answer(connection);
    ::close(connection);
  }
}

void HttpServer::answer(int connection) {
  const std::string request = read_request(connection);
  const std::size_t space = request.find(' ');
  const std::string path = request.substr(space + 1, request.find(' ', space + 1) - space - 1);
  std::size_t offset = requested_offset(request);

  Page page{.status = 404, .body = bytes_of("<html>no such page</html>")};
  bool cut = false;
  {
    const std::lock_guard guard(mutex_);
    requests_.push_back(path.substr(1));
    if (offset > 0) requests_.back().append("@").append(std::to_string(offset));
    if (const auto found = pages_.find(path); found != pages_.end()) {
      cut = found->second.cut && found->second.cuts-- > 0;
      page = found->second;
    }
  }
  if (page.silent) return wait_for_hang_up(connection);
  if (!page.ranges || page.status != 200) offset = 0;
  int status = offset > 0 ? 206 : page.status;
  if (offset >= page.body.size() && offset > 0) status = 416;
  offset = std::min(offset, page.body.size());
  const std::size_t rest = page.body.size() - offset;
  std::string head = "HTTP/1.1 " + std::to_string(status) +
                     " Status\r\nConnection: close\r\nContent-Length: " + std::to_string(rest) + "\r\n";
  if (status == 206) {
    head += "Content-Range: bytes " + std::to_string(offset) + "-" + std::to_string(page.body.size() - 1) +
            "/" + std::to_string(page.body.size()) + "\r\n";
  }
  if (page.location) head += "Location: " + *page.location + "\r\n";
  head += "\r\n";
  send_all(connection, head.data(), head.size());
  send_all(connection, page.body.data() + offset, cut ? std::min(*page.cut, rest) : rest);
  if (cut && page.hangs) wait_for_hang_up(connection);
}

}  // namespace xent::test
