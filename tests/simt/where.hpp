// Source locations for reports: std::source_location, or clang's builtins where it is still missing.
#pragma once

#include <cstring>
#include <source_location>

namespace simt {

#ifdef __cpp_lib_source_location
using Where = std::source_location;
#else
class Where {
 public:
  static constexpr Where current(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE(),
                                 unsigned column = __builtin_COLUMN()) {
    Where here;
    here.file_ = file;
    here.line_ = line;
    here.column_ = column;
    return here;
  }
  constexpr const char* file_name() const { return file_; }
  constexpr unsigned line() const { return line_; }
  constexpr unsigned column() const { return column_; }

 private:
  const char* file_ = "";
  unsigned line_ = 0;
  unsigned column_ = 0;
};
#endif

/// The column counts too: two barriers of one `a ? f() : g()` are two places.
inline bool same_place(const Where& a, const Where& b) {
  return a.line() == b.line() && a.column() == b.column() &&
         (a.file_name() == b.file_name() || std::strcmp(a.file_name(), b.file_name()) == 0);
}

/// A line of a kernel, and the line of the primitive that it called there (the same without one).
struct Place {
  Where kernel;
  Where primitive;
};

inline bool same_place(const Place& a, const Place& b) {
  return same_place(a.kernel, b.kernel) && same_place(a.primitive, b.primitive);
}

}  // namespace simt
