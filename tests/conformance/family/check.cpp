// Posing cases to a backend.
#include <exception>

#include "tests/conformance/family/judge.hpp"
#include "tests/conformance/family/shrink.hpp"
#include "tests/support/compare.hpp"

namespace xent::testing::family {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

AssertionResult untouched(const Inputs& asked, const Inputs& inputs, const char* by) {
  if (inputs.same_bytes(asked)) return AssertionSuccess();
  return AssertionFailure() << "an input was written by " << by;
}

AssertionResult check_forward(const Inputs& asked, const Exec& exec) {
  Inputs inputs(asked.posed);
  const Outputs got = answer(inputs, exec);
  if (!asked.posed.in_place) {
    if (auto ok = untouched(asked, inputs, "cross_entropy"); !ok) return ok;
  }
  return judge(asked, got);
}

AssertionResult check_backward(const Inputs& asked, const Exec& exec) {
  Inputs inputs(asked.posed);
  VectorBuffer lse = std::move(Outputs(inputs).lse);
  cross_entropy(std::as_const(inputs.logits).view(), inputs.target(), {.lse = lse.view()}, inputs.options(),
                {}, exec);
  const Outputs got = answer_backward(inputs, lse, exec);
  if (!asked.posed.in_place) {
    if (auto ok = untouched(asked, inputs, "cross_entropy_backward"); !ok) return ok;
  }
  return judge_backward(asked, lse, got);
}

}  // namespace

Outputs answer(Inputs& inputs, const Exec& exec) {
  Outputs got(inputs);
  const Case& posed = inputs.posed;
  const TargetView target = inputs.target();
  const ConstMatrixView logits = std::as_const(inputs.logits).view();
  cross_entropy(logits, target, got.views(inputs), inputs.options(), inputs.upstream(), exec);
  if (posed.in_place && posed.has(kGrad)) std::swap(got.grad, inputs.logits);
  if (posed.in_place && posed.has(kGradTargets)) std::swap(got.grad_targets, inputs.soft);
  return got;
}

Outputs answer_backward(Inputs& inputs, const VectorBuffer& lse, const Exec& exec) {
  Outputs got(inputs);
  const bool soft = inputs.posed.target == TargetKind::probs;
  const bool in_place = inputs.posed.in_place;
  CrossEntropyGrads grads{in_place ? inputs.logits.view() : got.grad.view()};
  if (soft) grads.grad_targets = in_place ? inputs.soft.view() : got.grad_targets.view();
  cross_entropy_backward(std::as_const(inputs.logits).view(), inputs.target(), lse.view(), grads,
                         inputs.options(), inputs.upstream(), exec);
  if (in_place) std::swap(got.grad, inputs.logits);
  if (in_place && soft) std::swap(got.grad_targets, inputs.soft);
  return got;
}

AssertionResult check(const Case& posed, const Exec& exec) {
  try {
    const Inputs asked(posed);
    if (auto ok = check_forward(asked, exec); !ok) return ok;
    return posed.backward ? check_backward(asked, exec) : AssertionSuccess();
  } catch (const std::exception& error) {
    return AssertionFailure() << "threw: " << error.what();
  }
}

AssertionResult check_and_shrink(const Case& posed, const Exec& exec) {
  const Quiet quiet;
  if (check(posed, exec)) return AssertionSuccess();
  const Case simplest = shrink(posed, [&](const Case& simpler) { return !check(simpler, exec); });
  AssertionResult verdict = check(simplest, exec);
  return verdict << "\nin the simplest case that fails:\n  " << describe(simplest)
                 << "\nof (XENT_SEED=" << posed.seed << " replays it):\n  " << describe(posed);
}

}  // namespace xent::testing::family
