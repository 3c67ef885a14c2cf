// What a reader of the results needs to know of xent's side.
#pragma once

#include <nlohmann/json.hpp>

namespace xent::bench {

nlohmann::json server_facts(int threads);

}  // namespace xent::bench
