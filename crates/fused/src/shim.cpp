// Calls of LibTorch that tch 0.22 does not bind. Each catches LibTorch's exceptions and returns the message (to be
// freed with `shim_free`), or null on success: no exception may cross into Rust.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/version.h>

#include <cstdlib>
#include <cstring>

using at::Tensor;

namespace {
std::vector<Tensor> tensors(Tensor** pointers, int count) {
  std::vector<Tensor> all;
  all.reserve(count);
  for (int i = 0; i < count; ++i) all.push_back(*pointers[i]);
  return all;
}

template <typename F>
char* guarded(F work) {
  try {
    work();
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("unknown exception");
  }
}
}  // namespace

extern "C" {
void shim_free(char* message) { free(message); }

const char* shim_torch_version() { return TORCH_VERSION; }

// Gradients of `output` with respect to `inputs`, given the gradient that flows into it.
char* shim_grad(Tensor* output, Tensor* flowing, Tensor** inputs, int count, Tensor** gradients) {
  return guarded([&] {
    auto found = torch::autograd::grad({*output}, tensors(inputs, count), {*flowing}, /*retain_graph=*/false,
                                       /*create_graph=*/false, /*allow_unused=*/true);
    for (int i = 0; i < count; ++i)
      gradients[i] = new Tensor(found[i].defined() ? found[i] : at::zeros_like(*inputs[i]));
  });
}

// Do `work` on 0..count, split into ranges, on LibTorch's own threads. `work` does not throw.
void shim_parallel(int64_t count, int64_t grain, void (*work)(void*, int64_t, int64_t), void* context) {
  at::parallel_for(0, count, grain, [&](int64_t from, int64_t to) { work(context, from, to); });
}

// Whether oneDNN has a kernel for small bfloat16 products here (it needs AMX).
bool shim_has_tiles() noexcept { return at::native::cpublas::could_pack(at::kBFloat16); }

// to [m, n] = (or +=) left [m, k] · right [k/2, n, 2], all in this thread.
void shim_tile_product(int64_t m, int64_t n, int64_t k, int64_t left_stride, bool add, const at::BFloat16* left,
                       const at::BFloat16* right, float* to) noexcept {
  at::native::cpublas::brgemm(m, n, k, left_stride, n, n, add, left, right, to);
}

void shim_tiles_done() noexcept { at::native::cpublas::brgemm_release(); }

// Return the free memory of CUDA devices: CUDA's libraries need some for themselves.
char* shim_release_memory() {
  return guarded([] {
    if (at::hasCUDA()) c10::getDeviceAllocator(c10::kCUDA)->emptyCache();
  });
}

// Compute fp32 in fp32: by default cuDNN's LSTM rounds its factors to TF32's ten bits. And its attention seems to plan
// for about 35 ms whenever it meets a new length, where the flash kernel just computes.
char* shim_set_up_cuda() {
  return guarded([] {
    at::globalContext().setAllowTF32CuDNN(false);
    at::globalContext().setSDPUseCuDNN(false);
  });
}
}
