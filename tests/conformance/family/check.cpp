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
  Outputs got(inputs);
  const CrossEntropyOutputs views = got.views(inputs);
  const TargetView target = inputs.target();
  const ConstMatrixView logits = std::as_const(inputs.logits).view();
  cross_entropy(logits, target, views, inputs.options(), inputs.upstream(), exec);
  const Case& posed = asked.posed;
  if (!posed.in_place) {
    if (auto ok = untouched(asked, inputs, "cross_entropy"); !ok) return ok;
  }
  if (posed.in_place && posed.has(kGrad)) std::swap(got.grad, inputs.logits);
  if (posed.in_place && posed.has(kGradTargets)) std::swap(got.grad_targets, inputs.soft);
  return judge(asked, got);
}

AssertionResult check_backward(const Inputs& asked, const Exec& exec) {
  Inputs inputs(asked.posed);
  Outputs got(inputs);
  cross_entropy(std::as_const(inputs.logits).view(), inputs.target(), {.lse = got.lse.view()},
                inputs.options(), {}, exec);
  const bool soft = asked.posed.target == TargetKind::probs;
  const bool in_place = asked.posed.in_place;
  CrossEntropyGrads grads{in_place ? inputs.logits.view() : got.grad.view()};
  if (soft) grads.grad_targets = in_place ? inputs.soft.view() : got.grad_targets.view();
  cross_entropy_backward(std::as_const(inputs.logits).view(), inputs.target(), std::as_const(got.lse).view(),
                         grads, inputs.options(), inputs.upstream(), exec);
  if (!in_place) {
    if (auto ok = untouched(asked, inputs, "cross_entropy_backward"); !ok) return ok;
  } else {
    std::swap(got.grad, inputs.logits);
    if (soft) std::swap(got.grad_targets, inputs.soft);
  }
  return judge_backward(asked, got.lse, got);
}

}  // namespace

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
