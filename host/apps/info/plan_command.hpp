// xent-info plan: how a call will be done, before it is done.
#pragma once

namespace xent::apps {

/// Arguments as main()'s, without the program's name: what comes after "plan". Returns the exit status: 2 for
/// wrong ones, named on standard error.
int plan_command(int argc, char** argv);

}  // namespace xent::apps
