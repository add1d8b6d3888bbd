// Flash attention over sequences of different lengths (`cu_seqlens`), which tch 0.22 does not bind.
#include <ATen/ATen.h>

#include <cstring>

using at::Tensor;

// k, v: [R, N, D]; q, context: the same, or as many queries for each sequence as q_starts says, q_longest at most;
// starts: [B + 1], int32, on their device.
extern "C" char* shim_flash(Tensor* q, Tensor* k, Tensor* v, Tensor* q_starts, Tensor* starts, int64_t q_longest,
                            int64_t longest, double dropout, Tensor** context) {
  try {
    auto all = at::_flash_attention_forward(*q, *k, *v, *q_starts, *starts, q_longest, longest, dropout,
                                            /*is_causal=*/false, /*return_debug_mask=*/false);
    *context = new Tensor(std::get<0>(all));
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("unknown exception");
  }
}
