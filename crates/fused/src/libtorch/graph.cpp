// CUDA graphs and what they need, which tch 0.22 does not bind. The members of `at::cuda::CUDAGraph` are looked up in the
// running process: its header asks for CUDA's own, which a machine that only builds lacks, and there LibTorch's CUDA
// library is a stub.
#include <ATen/ATen.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <dlfcn.h>

#include <cstring>
#include <memory>

using at::Tensor;

namespace {
using Pool = std::pair<unsigned long long, unsigned long long>;  // MempoolId_t

// cudaStreamCaptureModeThreadLocal: other threads may call CUDA as they like.
constexpr int THREAD_LOCAL = 1;

// Of LibTorch 2.9 to 2.11; a member takes `this` as its first argument.
struct Members {
  void (*make)(void*, bool);
  void (*unmake)(void*);
  void (*begin)(void*, Pool, int);
  void (*end)(void*);
  void (*replay)(void*);
  Pool (*pool)(void*);
};

template <typename F>
bool found(F& function, const char* name) {
  function = reinterpret_cast<F>(dlsym(RTLD_DEFAULT, name));
  return function != nullptr;
}

const Members* members() {
  static Members all;
  static const bool there = found(all.make, "_ZN2at4cuda9CUDAGraphC1Eb") &&
                            found(all.unmake, "_ZN2at4cuda9CUDAGraphD1Ev") &&
                            found(all.begin, "_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode") &&
                            found(all.end, "_ZN2at4cuda9CUDAGraph11capture_endEv") &&
                            found(all.replay, "_ZN2at4cuda9CUDAGraph6replayEv") &&
                            found(all.pool, "_ZN2at4cuda9CUDAGraph4poolEv");
  return there ? &all : nullptr;
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

// An `at::cuda::CUDAGraph`, which is some 200 bytes long, in memory that is enough for it.
struct Graph {
  alignas(64) unsigned char memory[2048];
  Graph() { members()->make(memory, false); }
  ~Graph() { members()->unmake(memory); }
};

extern "C" {
bool shim_has_graphs() noexcept { return members() != nullptr; }

// From now on this thread works on a stream of its own, as capturing asks for, or on the default one again; what was asked
// of the device before is done when this returns.
char* shim_own_stream(int index, bool own) {
  return guarded([&] {
    c10::impl::VirtualGuardImpl cuda(c10::kCUDA);
    c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
    cuda.setDevice(device);
    cuda.synchronizeDevice(device.index());
    cuda.exchangeStream(own ? cuda.getStreamFromGlobalPool(device) : cuda.getDefaultStream(device));
  });
}

// What this thread asks of the device from now on is not done but captured; memory comes from the pool of `other`, if given.
char* shim_graph_begin(Graph* other, Graph** begun) {
  return guarded([&] {
    auto graph = std::make_unique<Graph>();
    members()->begin(graph->memory, other ? members()->pool(other->memory) : Pool{0, 0}, THREAD_LOCAL);
    *begun = graph.release();
  });
}

char* shim_graph_end(Graph* graph) {
  return guarded([&] { members()->end(graph->memory); });
}

char* shim_graph_replay(Graph* graph) {
  return guarded([&] { members()->replay(graph->memory); });
}

void shim_graph_free(Graph* graph) noexcept {
  try {
    delete graph;
  } catch (...) {
  }
}

// The first `count` numbers of `to`, 64-bit, from memory that may be overwritten when this returns. Nothing waits for the
// device: the allocator of pinned memory keeps the copy until it has been read.
char* shim_fill(Tensor* to, const int64_t* from, int64_t count) {
  return guarded([&] {
    auto pinned = at::empty({count}, at::TensorOptions().dtype(at::kLong).pinned_memory(to->is_cuda()));
    std::memcpy(pinned.data_ptr(), from, count * sizeof(int64_t));
    to->narrow(0, 0, count).copy_(pinned, /*non_blocking=*/true);
  });
}
}
