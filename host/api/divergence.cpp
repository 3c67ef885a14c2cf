#include <xent/divergence.hpp>

#include <cmath>
#include <sstream>
#include <string>
#include <utility>

#include "host/api/check.hpp"
#include "host/api/mean.hpp"
#include "host/api/overlap.hpp"
#include "host/cpu/divergence.hpp"
#include "host/cuda/backend.hpp"
#include "host/plan/cpu_plan.hpp"
#include "host/reference/divergence.hpp"

namespace xent {
namespace {

std::string text(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

// Far enough for anybody, near enough that 1 / T and both shares of a mixture are ordinary f32.
constexpr double kLeastTemperature = 1e-6;
constexpr double kMostTemperature = 1e6;
constexpr double kLeastBeta = 1e-6;

void check_options(const DivergenceOptions& options, bool takes_beta) {
  api::check(api::mean_options(options));
  if (!(options.temperature >= kLeastTemperature && options.temperature <= kMostTemperature)) {
    api::reject("options.temperature", "is " + text(options.temperature), "1e-6 to 1e6");
  }
  if (!takes_beta && options.beta != DivergenceOptions{}.beta) {
    api::reject("options.beta", "is " + text(options.beta), "only with js_divergence");
  }
  if (!(options.beta >= kLeastBeta && options.beta <= 1.0 - kLeastBeta)) {
    api::reject("options.beta", "is " + text(options.beta), "1e-6 to 1 - 1e-6");
  }
}

void check_upstream(const Upstream& upstream, Reduction reduction, std::int64_t rows) {
  if (!std::isfinite(upstream.scale)) {
    api::reject("upstream.scale", "is " + text(upstream.scale), "a finite number");
  }
  for (const auto& [name, view] :
       {std::pair{"upstream.lse", upstream.lse}, std::pair{"upstream.log_prob", upstream.log_prob},
        std::pair{"upstream.entropy", upstream.entropy}}) {
    if (view.given()) api::reject(name, "is given", "absent: a divergence has no such output");
  }
  if (!upstream.values.given()) return;
  const bool shared = upstream.values.size == 1;
  if (!shared && reduction != Reduction::none) {
    api::reject("upstream.values", "size is " + std::to_string(upstream.values.size),
                "0 or 1: the reduced loss is one number");
  }
  api::check_input("upstream.values", upstream.values, shared ? 1 : rows);
}

void check_outputs(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, const Exec& exec) {
  const std::int64_t rows = p_logits.layout.rows();
  if (rows > 0 && !outputs.loss.given() && !outputs.grad_p.given() && !outputs.grad_q.given()) {
    api::reject("outputs", "none is given", "at least one");
  }
  std::vector<api::Footprint> inputs{api::footprint("options.denominator_at", options.denominator_at),
                                     api::footprint("upstream.values", upstream.values)};
  std::vector<api::Footprint> written{api::workspace_footprint(exec)};
  if (outputs.loss.given()) {
    api::check_output("outputs.loss", outputs.loss, options.reduction == Reduction::none ? rows : 1);
    written.push_back(api::footprint("outputs.loss", outputs.loss));
  }
  // In place, a gradient's own footprint stands for its logits'.
  const auto check_grad = [&](const char* name, const MatrixView& grad, const char* logits_name,
                              const ConstMatrixView& logits) {
    if (grad.given()) {
      api::check_output(name, grad);
      api::check_same_shape(name, grad, logits_name, logits);
      api::check_same_dtype(name, grad.dtype, logits_name, logits.dtype);
      written.push_back(api::footprint(name, grad));
      if (api::same_view(logits, grad)) return;
    }
    inputs.push_back(api::footprint(logits_name, logits));
  };
  check_grad("outputs.grad_p", outputs.grad_p, "p_logits", p_logits);
  check_grad("outputs.grad_q", outputs.grad_q, "q_logits", q_logits);
  api::check_disjoint(written, inputs);
}

void check_call(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                const DivergenceOutputs& outputs, const DivergenceOptions& options, bool takes_beta,
                const Upstream& upstream, const Exec& exec) {
  api::check(exec);
  check_options(options, takes_beta);
  api::check_input("p_logits", p_logits);
  api::check_input("q_logits", q_logits);
  api::check_same_shape("q_logits", q_logits, "p_logits", p_logits);
  api::check_same_dtype("q_logits", q_logits.dtype, "p_logits", p_logits.dtype);
  check_upstream(upstream, options.reduction, p_logits.layout.rows());
  check_outputs(p_logits, q_logits, outputs, options, upstream, exec);
}

double divisor_of(const DivergenceOptions& options, const ConstMatrixView& logits) {
  return api::mean_divisor(api::mean_options(options), logits.layout.rows());
}

plan::CpuPlan plan_for(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                       const DivergenceOutputs& outputs, const Exec& exec) {
  return plan::plan_cpu(
      {.layout = p_logits.layout,
       .dtype = p_logits.dtype,
       .matrices_read = 2,
       .writes_matrix = outputs.grad_p.given() || outputs.grad_q.given(),
       .in_place = p_logits.data == outputs.grad_p.data || q_logits.data == outputs.grad_q.data},
      exec.threads);
}

}  // namespace

void kl_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, const Exec& exec) {
  check_call(p_logits, q_logits, outputs, options, false, upstream, exec);
  if (exec.device == Device::cuda) {
    return cuda::kl_divergence(p_logits, q_logits, outputs, options, upstream, exec);
  }
  const double divisor = divisor_of(options, p_logits);
  if (exec.device == Device::reference) {
    return reference::kl_divergence(p_logits, q_logits, outputs, options, upstream, divisor);
  }
  cpu::kl_divergence(p_logits, q_logits, outputs, options, upstream, divisor,
                     plan_for(p_logits, q_logits, outputs, exec));
}

void js_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, const Exec& exec) {
  check_call(p_logits, q_logits, outputs, options, true, upstream, exec);
  if (exec.device == Device::cuda) {
    return cuda::js_divergence(p_logits, q_logits, outputs, options, upstream, exec);
  }
  const double divisor = divisor_of(options, p_logits);
  if (exec.device == Device::reference) {
    return reference::js_divergence(p_logits, q_logits, outputs, options, upstream, divisor);
  }
  cpu::js_divergence(p_logits, q_logits, outputs, options, upstream, divisor,
                     plan_for(p_logits, q_logits, outputs, exec));
}

}  // namespace xent
