// Kernels that calculate nothing, to see what else takes time.
#pragma once

namespace xent::bench {

void launch_nothing(void* stream);

/// `rounds` meetings of all blocks. `arrived` is device memory that is 0 before.
void launch_meetings(unsigned* arrived, unsigned rounds, unsigned blocks, void* stream);

}  // namespace xent::bench
