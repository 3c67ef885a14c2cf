// One HTTP transfer into a file, continued where an earlier one stopped.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace xent::data {

struct TransferLimits {
  std::chrono::seconds connect{5};  ///< short, so that a machine without a network learns it soon
  std::chrono::seconds stall{15};   ///< the longest silence within a transfer
  std::chrono::seconds first{15};   ///< until the first answer of any mirror, for all of them together
  std::uint64_t max_bytes = std::uint64_t{64} << 20;
};

enum class TransferOutcome {
  complete,     ///< the server said this is all
  unreachable,  ///< no answer in time, or a proxy in between: pointless to ask this host for anything else
  interrupted,  ///< what has come is in the file; ask again for the rest
  refused,      ///< an HTTP error, or more bytes than allowed
};

struct TransferResult {
  TransferOutcome outcome = TransferOutcome::complete;
  bool resumed = false;  ///< the file's first bytes are of an earlier transfer
  std::string reason{};  ///< for people, if not complete
};

/// Appends what is missing of `url` to `part`, or starts anew if the server cannot resume. An empty part does
/// not stay unless that is the whole file. Throws io::IoError if the file cannot be written; whatever the
/// network does is an outcome.
TransferResult fetch(const std::string& url, const std::filesystem::path& part, const TransferLimits& limits);

}  // namespace xent::data
