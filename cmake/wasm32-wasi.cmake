# Cross build for WebAssembly with Debian's clang 14 and wasi-libc (packages binaryen, clang-14,
# lld-14, llvm-14, wasi-libc, libc++-14-dev-wasm32, libclang-rt-14-dev-wasm32).
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER clang-14)
set(CMAKE_CXX_COMPILER clang++-14)
set(CMAKE_AR llvm-ar-14)
set(CMAKE_RANLIB llvm-ranlib-14)
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_C_FLAGS_INIT -msimd128)
# A module runs on one thread, and nothing is thrown in it.
set(CMAKE_CXX_FLAGS_INIT "-msimd128 -fno-exceptions -fno-rtti -fno-threadsafe-statics")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# What pages download is small; cpp/bindings/wasm/CMakeLists.txt says what is fast all the same.
set(CMAKE_BUILD_TYPE MinSizeRel CACHE STRING "")
