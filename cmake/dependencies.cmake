# Highway (SIMD): the system's package when there is one (Debian: libhwy-dev), else pinned sources
# from its authors, linked statically.
include(FetchContent)

# A module of WebAssembly has one target, for which Highway is headers alone. They are copied, for
# beside them are those of the system's C library. In Debian's 1.0.3 bytes are looked up one by one,
# for the sake of engines from before April 2021, where the instruction for it had a bug.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "wasm32")
  find_path(HWY_HEADERS hwy/highway.h PATHS /usr/local/include /usr/include)
  if(HWY_HEADERS)
    set(own_headers ${CMAKE_CURRENT_BINARY_DIR}/highway)
    file(COPY ${HWY_HEADERS}/hwy DESTINATION ${own_headers} PATTERN wasm_128-inl.h EXCLUDE)
    file(READ ${HWY_HEADERS}/hwy/ops/wasm_128-inl.h operations)
    string(REGEX REPLACE "#if 0\n( *return [^\n]*wasm_i8x16_swizzle)" "#if 1\n\\1"
      operations "${operations}")
    file(CONFIGURE OUTPUT ${own_headers}/hwy/ops/wasm_128-inl.h CONTENT "${operations}" @ONLY)
    add_library(hwy::hwy INTERFACE IMPORTED)
    target_include_directories(hwy::hwy INTERFACE ${own_headers})
  endif()
endif()

set(HWY_ENABLE_CONTRIB OFF CACHE BOOL "" FORCE)
set(HWY_ENABLE_EXAMPLES OFF CACHE BOOL "" FORCE)
set(HWY_ENABLE_INSTALL OFF CACHE BOOL "" FORCE)
set(HWY_ENABLE_TESTS OFF CACHE BOOL "" FORCE)
set(HWY_FORCE_STATIC_LIBS ON CACHE BOOL "" FORCE)
if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.28)
  set(neither_built_nor_installed_whole EXCLUDE_FROM_ALL)
endif()
FetchContent_Declare(hwy
  URL https://github.com/google/highway/archive/refs/tags/1.3.0.tar.gz
  URL_HASH SHA256=07b3c1ba2c1096878a85a31a5b9b3757427af963b1141ca904db2f9f4afe0bc2
  DOWNLOAD_EXTRACT_TIMESTAMP ON
  ${neither_built_nor_installed_whole}
  FIND_PACKAGE_ARGS 1.0.3 CONFIG)

if(NOT TARGET hwy::hwy)
  FetchContent_MakeAvailable(hwy)
endif()

# A Highway target is a bit of a mask. Of bits 0..27 (x86 and the newer ARM extensions) only 9
# (AVX2) and 11 (SSE4) stay on; NEON has 28 and 29, WebAssembly 59. The numbers have held from
# Highway 1.0.3 to 1.4, the names have not. Without EMU128 the fallback is plain scalar code in every
# version.
set(COUNTERMARK_TARGET_DEFINITIONS HWY_DISABLED_TARGETS=0xFFFF5FFLL HWY_BROKEN_EMU128=1)
if(COUNTERMARK_BUILD_TESTS AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm)")
  # The plain loops too, where no processor needs them: 64-bit ARM always has NEON. Elsewhere they
  # are the fallback anyway, but for a module of WebAssembly, which is tested as it is shipped.
  list(APPEND COUNTERMARK_TARGET_DEFINITIONS HWY_COMPILE_ALL_ATTAINABLE)
endif()

if(NOT TARGET hwy::hwy)
  add_library(hwy::hwy ALIAS hwy)
  # Its headers' warnings are not ours. SYSTEM in the declaration would be the same, but CMake 3.25
  # takes that word for a part of the hash.
  set_target_properties(hwy PROPERTIES SYSTEM ON)
  target_compile_definitions(hwy PRIVATE ${COUNTERMARK_TARGET_DEFINITIONS})
endif()
