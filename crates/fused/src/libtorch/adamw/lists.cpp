// AdamW over lists of tensors and the norm of their gradients, which tch 0.22 does not bind.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cstring>

using at::Tensor;

namespace {
std::vector<Tensor> tensors(Tensor** pointers, int count) {
  std::vector<Tensor> all;
  for (int i = 0; i < count; ++i) all.push_back(*pointers[i]);
  return all;
}
}  // namespace

extern "C" {
// One step, in place, over all given parameters; the gradients are divided by `divisor`, unless it is null.
char* shim_adamw_lists(Tensor** parameters, Tensor** gradients, Tensor** means, Tensor** squares, Tensor** steps,
                       int count, Tensor* divisor, double rate, double beta_1, double beta_2, double decay,
                       double epsilon) {
  try {
    c10::NoGradGuard no_grad;
    auto p = tensors(parameters, count), g = tensors(gradients, count), m = tensors(means, count),
         v = tensors(squares, count), s = tensors(steps, count);
    // `grad_scale` is not used, because it writes into the gradients, and two of them may share their memory.
    if (divisor) g = at::_foreach_div(g, *divisor);
    at::_fused_adamw_(p, g, m, v, {}, s, rate, beta_1, beta_2, decay, epsilon, /*amsgrad=*/false, /*maximize=*/false);
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("unknown exception");
  }
}

// max(1, (norm of all gradients + tiny) / limit), on their device.
char* shim_clip_divisor(Tensor** gradients, int count, double limit, double tiny, Tensor** divisor) {
  try {
    c10::NoGradGuard no_grad;
    auto norms = at::_foreach_norm(tensors(gradients, count), 2);
    *divisor = new Tensor(((at::stack(norms).norm() + tiny) / limit).clamp_min(1));
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("unknown exception");
  }
}
}
