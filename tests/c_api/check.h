/* Checks for tests written in C: each failure is printed with its line, report() gives the exit status. */
#ifndef XENT_TESTS_C_API_CHECK_H
#define XENT_TESTS_C_API_CHECK_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <xent/c_api.h>

static int failures = 0;

#define EXPECT(condition)                                                                     \
  do {                                                                                        \
    if (!(condition)) {                                                                       \
      ++failures;                                                                             \
      fprintf(stderr, "%s:%d: failed: %s (last error: %s)\n", __FILE__, __LINE__, #condition, \
              xent_last_error());                                                             \
    }                                                                                         \
  } while (0)

#define EXPECT_NEAR(actual, wanted, tolerance)                                                         \
  do {                                                                                                 \
    const double actual_ = (actual);                                                                   \
    const double wanted_ = (wanted);                                                                   \
    if (!(fabs(actual_ - wanted_) <= (tolerance))) {                                                   \
      ++failures;                                                                                      \
      fprintf(stderr, "%s:%d: %s is %.17g, wanted %.17g ± %g\n", __FILE__, __LINE__, #actual, actual_, \
              wanted_, (double)(tolerance));                                                           \
    }                                                                                                  \
  } while (0)

/* The call fails with this status and a message that contains `text`. */
#define EXPECT_FAILS(call, wanted_status, text)                                                       \
  do {                                                                                                \
    const xent_status status_ = (call);                                                               \
    if (status_ != (wanted_status) || strstr(xent_last_error(), (text)) == NULL) {                    \
      ++failures;                                                                                     \
      fprintf(stderr, "%s:%d: %s gave %s \"%s\", wanted %s with \"%s\"\n", __FILE__, __LINE__, #call, \
              xent_status_name(status_), xent_last_error(), xent_status_name(wanted_status), (text)); \
    }                                                                                                 \
  } while (0)

static int report(void) {
  if (failures != 0) fprintf(stderr, "%d checks failed\n", failures);
  return failures == 0 ? 0 : 1;
}

#endif
