/* The part of libcuda.so.1 with which NVIDIA's cuDNN plans without a device: loading code "succeeds", and nothing is ever
 * launched. src/test/bin/real-cudnn adds all other functions, which fail. */
int cuInit(unsigned flags) { return 100; }
int cuDriverGetVersion(int *version) { *version = 13000; return 0; }
int cuGetErrorString(int error, const char **text) { *text = "planning only"; return 0; }
int cuGetErrorName(int error, const char **text) { *text = "planning only"; return 0; }
int cuLibraryLoadData(void **library) { *library = (void *)0x1111; return 0; }
int cuLibraryUnload(void *library) { return 0; }
int cuLibraryGetKernel(void **kernel) { *kernel = (void *)0x2222; return 0; }
int cuLibraryGetModule(void **module) { *module = (void *)0x3333; return 0; }
int cuLibraryGetGlobal(void **address, unsigned long *bytes)
{
    if (address)
        *address = (void *)0x4444000;
    if (bytes)
        *bytes = 4096;
    return 0;
}
int cuKernelGetFunction(void **function) { *function = (void *)0x5555; return 0; }
int cuKernelSetAttribute(int attribute) { return 0; }
int cuKernelGetAttribute(int *value) { *value = 0; return 0; }
int cuFuncSetAttribute(void *function) { return 0; }
int cuFuncGetAttribute(int *value) { *value = 0; return 0; }
int cuModuleLoadData(void **module) { *module = (void *)0x3333; return 0; }
int cuModuleLoadDataEx(void **module) { *module = (void *)0x3333; return 0; }
int cuModuleUnload(void *module) { return 0; }
int cuModuleGetFunction(void **function) { *function = (void *)0x5555; return 0; }
int cuModuleGetGlobal_v2(void **address, unsigned long *bytes) { return cuLibraryGetGlobal(address, bytes); }
