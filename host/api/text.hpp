// Values in messages.
#pragma once

#include <sstream>
#include <string>

namespace xent::api {

template <class T>
std::string text(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

}  // namespace xent::api
