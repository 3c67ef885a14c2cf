// The switch by Boost.Context, for every processor that it knows.
#include <boost/context/detail/fcontext.hpp>

#include "tests/simt/context.hpp"

namespace simt {
namespace {

using boost::context::detail::transfer_t;

struct Switch {
  Context* from;
  Context* to;
};

void note_where_left(transfer_t transfer) {
  static_cast<Switch*>(transfer.data)->from->resume = transfer.fctx;
}

void enter(transfer_t transfer) {
  Context& self = *static_cast<Switch*>(transfer.data)->to;
  note_where_left(transfer);
  self.entry(self.argument);
}

}  // namespace

void prepare(Context& context) {
  context.resume =
      boost::context::detail::make_fcontext(context.stack + context.stack_bytes, context.stack_bytes, &enter);
}

void switch_stacks(Context& from, Context& to) {
  Switch request{&from, &to};
  note_where_left(boost::context::detail::jump_fcontext(to.resume, &request));
}

}  // namespace simt
