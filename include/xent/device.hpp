// What a caller of Device::cuda needs besides the functions themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <xent/exec.hpp>

namespace xent {

/// Why the device cannot be used here, in one line: no CUDA in this build, no driver or one too old, no
/// device, one that no kernel was compiled for. Empty if it can. The CPU always can.
std::string unavailable(Device device);

/// Bytes of Exec::workspace that any call on at most so many rows needs: about 8 per row. Zero it once,
/// before its first use (the report on labels lives in it). Calls that follow one another on a stream share
/// one; concurrent streams need one each, and so do threads that queue on one stream at the same time. Throws
/// InvalidArgument for a negative number.
std::size_t workspace_bytes(std::int64_t rows);

/// On a CUDA device a label outside [0, classes) cannot be refused by the call that meets it. Its row has NaN
/// as loss and zero as gradient, nothing is read or written out of bounds, and the workspace keeps the count
/// and the first such row. check() waits for exec.stream; if there were any since the last check it clears
/// the report and throws LabelError with the first row (the lowest of the calls since), its label and the
/// number of classes. Elsewhere calls throw that themselves and check() does nothing.
void check(const Exec& exec);

}  // namespace xent
