/* A libcuda.so.1 for machines without a GPU: counts what PyCUDA makes and frees, and refuses what is done without a
   live context on the calling thread. Device memory is host memory; copies happen at once. */
#include <stdlib.h>
#include <string.h>

enum { CONTEXTS, DEVICE, HOST, STREAMS, REFUSED, KINDS };
enum { DEPTH = 64, INVALID_CONTEXT = 201 };

static int count[KINDS];
static int primary_context;
static __thread void *stack[DEPTH];
static __thread int depth;

/* contexts, device memory, page-locked memory, streams, refused calls; contexts on this thread's stack */
void counts(int *numbers) {
    memcpy(numbers, count, sizeof count);
    numbers[KINDS] = depth;
}

static int refused(void) {
    if (depth && count[CONTEXTS]) return 0;
    count[REFUSED]++;
    return 1;
}

static int make(void **memory, size_t size, int kind) {
    if (refused()) return INVALID_CONTEXT;
    count[kind]++;
    *memory = malloc(size);
    return 0;
}

static int drop(void *memory, int kind) {
    if (refused()) return INVALID_CONTEXT;
    count[kind]--;
    free(memory);
    return 0;
}

static int copy(void *target, const void *source, size_t size) {
    if (refused()) return INVALID_CONTEXT;
    memcpy(target, source, size);
    return 0;
}

int cuInit(unsigned flags) { return 0; }
int cuDriverGetVersion(int *version) { *version = 13000; return 0; }
int cuDeviceGetCount(int *number) { *number = 1; return 0; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return 0; }
int cuDeviceGetName(char *name, int length, int device) { strncpy(name, "Stand-in", length); return 0; }
int cuDeviceComputeCapability(int *major, int *minor, int device) { *major = 8; *minor = 9; return 0; }
int cuGetErrorString(int error, const char **text) { *text = "of the counting driver"; return 0; }
int cuGetErrorName(int error, const char **text) { *text = "STAND_IN"; return 0; }

int cuDevicePrimaryCtxRetain(void **context, int device) { count[CONTEXTS]++; *context = &primary_context; return 0; }
int cuDevicePrimaryCtxRelease(int device) { count[CONTEXTS]--; return 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { return cuDevicePrimaryCtxRelease(device); }
int cuCtxPushCurrent_v2(void *context) { stack[depth++] = context; return 0; }
int cuCtxPopCurrent_v2(void **context) {
    if (!depth) { count[REFUSED]++; return INVALID_CONTEXT; }
    depth--;
    if (context) *context = stack[depth];
    return 0;
}

int cuMemAlloc_v2(void **memory, size_t size) { return make(memory, size, DEVICE); }
int cuMemFree_v2(void *memory) { return drop(memory, DEVICE); }
int cuMemHostAlloc(void **memory, size_t size, unsigned flags) { return make(memory, size, HOST); }
int cuMemAllocHost_v2(void **memory, size_t size) { return make(memory, size, HOST); }
int cuMemFreeHost(void *memory) { return drop(memory, HOST); }
int cuStreamCreate(void **stream, unsigned flags) { return make(stream, 1, STREAMS); }
int cuStreamDestroy_v2(void *stream) { return drop(stream, STREAMS); }
int cuStreamSynchronize(void *stream) { return refused() ? INVALID_CONTEXT : 0; }
int cuMemcpyHtoDAsync_v2(void *target, const void *source, size_t size, void *stream) { return copy(target, source, size); }
int cuMemcpyDtoHAsync_v2(void *target, const void *source, size_t size, void *stream) { return copy(target, source, size); }
