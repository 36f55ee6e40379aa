#include "buffers.hpp"

#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace face3d {
namespace {

constexpr std::size_t kLargestKept = 64u << 20;  // bytes in all
constexpr std::size_t kAlignment = 64;

struct Pool {
  struct Buffer {
    void* memory;
    std::size_t bytes;
  };

  std::mutex mutex;
  std::vector<Buffer> free;  // oldest first
  std::size_t bytes = 0;
};

// Never destroyed: arrays may outlive the module's static objects.
Pool& pool() {
  static Pool* pool = new Pool;
  return *pool;
}

}  // namespace

void* take_buffer(std::size_t bytes) {
  {
    Pool& kept = pool();
    const std::lock_guard<std::mutex> lock(kept.mutex);
    for (std::size_t i = kept.free.size(); i-- > 0;) {
      if (kept.free[i].bytes != bytes) continue;
      void* memory = kept.free[i].memory;
      kept.free.erase(kept.free.begin() + static_cast<std::ptrdiff_t>(i));
      kept.bytes -= bytes;
      return memory;
    }
  }
  void* memory = nullptr;
  if (posix_memalign(&memory, kAlignment, bytes) != 0) throw std::bad_alloc();
  return memory;
}

void return_buffer(void* memory, std::size_t bytes) {
  if (bytes > kLargestKept) {
    std::free(memory);
    return;
  }
  Pool& kept = pool();
  const std::lock_guard<std::mutex> lock(kept.mutex);
  kept.free.push_back({memory, bytes});
  kept.bytes += bytes;
  while (kept.bytes > kLargestKept) {
    std::free(kept.free.front().memory);
    kept.bytes -= kept.free.front().bytes;
    kept.free.erase(kept.free.begin());
  }
}

}  // namespace face3d
