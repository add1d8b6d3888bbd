// Flash attention over sequences of different lengths (`cu_seqlens`), which tch 0.22 does not bind.
#include <ATen/ATen.h>

#include <cstring>

using at::Tensor;

// q, k, v: [R, N, D]; starts: [B + 1], int32, on their device; context: [R, N, D].
extern "C" char* shim_flash(Tensor* q, Tensor* k, Tensor* v, Tensor* starts, int64_t longest, double dropout,
                            Tensor** context) {
  try {
    auto all = at::_flash_attention_forward(*q, *k, *v, *starts, *starts, longest, longest, dropout,
                                            /*is_causal=*/false, /*return_debug_mask=*/false);
    *context = new Tensor(std::get<0>(all));
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  }
}
