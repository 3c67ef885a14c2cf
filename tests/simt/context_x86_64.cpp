// The switch for x86-64 (System V): the callee-saved registers travel on the stack that is left.
#include <cstdint>

#include "tests/simt/context.hpp"

extern "C" {
void simt_switch_stacks(void** left, void* resumed);
void simt_enter();
}

// Control words of the floating-point units are not saved: kernels do not change them.
asm(R"(
        .text
        .p2align 4
        .globl  simt_switch_stacks
        .type   simt_switch_stacks, @function
simt_switch_stacks:
        pushq   %r15
        pushq   %r14
        pushq   %r13
        pushq   %r12
        pushq   %rbp
        pushq   %rbx
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        popq    %rbx
        popq    %rbp
        popq    %r12
        popq    %r13
        popq    %r14
        popq    %r15
        ret
        .size   simt_switch_stacks, .-simt_switch_stacks

        .globl  simt_enter
        .type   simt_enter, @function
simt_enter:
        .cfi_startproc
        .cfi_undefined rip
        movq    %rbx, %rdi
        call    *%r12
        ud2
        .cfi_endproc
        .size   simt_enter, .-simt_enter
)");

namespace simt {

void prepare(Context& context) {
  const auto top =
      reinterpret_cast<std::uintptr_t>(context.stack + context.stack_bytes) & ~std::uintptr_t{15};
  auto* const frame = reinterpret_cast<std::uintptr_t*>(top) - 9;  // registers, return address, 0, 0
  frame[0] = reinterpret_cast<std::uintptr_t>(context.argument);   // rbx
  frame[1] = 0;                                                    // rbp: unwinding by frames ends here
  frame[2] = reinterpret_cast<std::uintptr_t>(context.entry);      // r12
  frame[3] = frame[4] = frame[5] = 0;
  frame[6] = reinterpret_cast<std::uintptr_t>(&simt_enter);
  frame[7] = frame[8] = 0;
  context.resume = frame;
}

void switch_stacks(Context& from, Context& to) { simt_switch_stacks(&from.resume, to.resume); }

}  // namespace simt
