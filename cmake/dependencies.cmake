# Highway (SIMD) and KissFFT: the system's packages when there are any (Debian: libhwy-dev,
# libkissfft-dev), else pinned sources from their authors, linked statically.
include(FetchContent)

# Debian 12's package file of KissFFT asks for a compatibility that CMake 4 has dropped.
set(CMAKE_POLICY_VERSION_MINIMUM 3.5)

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
  SYSTEM ${neither_built_nor_installed_whole}
  FIND_PACKAGE_ARGS 1.0.3 CONFIG)

set(KISSFFT_DATATYPE float CACHE STRING "" FORCE)
set(KISSFFT_PKGCONFIG OFF CACHE BOOL "" FORCE)
set(KISSFFT_STATIC ON CACHE BOOL "" FORCE)
set(KISSFFT_TEST OFF CACHE BOOL "" FORCE)
set(KISSFFT_TOOLS OFF CACHE BOOL "" FORCE)
FetchContent_Declare(kissfft
  URL https://github.com/mborgerding/kissfft/archive/refs/tags/131.1.0.tar.gz
  URL_HASH SHA256=76c1aac87ddb7258f34b08a13f0eebf9e53afa299857568346aa5c82bcafaf1a
  DOWNLOAD_EXTRACT_TIMESTAMP ON
  SYSTEM ${neither_built_nor_installed_whole}
  FIND_PACKAGE_ARGS 131.1 CONFIG COMPONENTS float SHARED)

FetchContent_MakeAvailable(hwy kissfft)

# A Highway target is a bit of a mask. Of bits 0..27 (x86 and the newer ARM extensions) only 9
# (AVX2) and 11 (SSE4) stay on; NEON has 28 and 29. The numbers have held from Highway 1.0.3 to
# 1.4, the names have not. Without EMU128 the fallback is plain scalar code in every version.
set(COUNTERMARK_TARGET_DEFINITIONS HWY_DISABLED_TARGETS=0xFFFF5FFLL HWY_BROKEN_EMU128=1)

if(NOT TARGET hwy::hwy)
  add_library(hwy::hwy ALIAS hwy)
  target_compile_definitions(hwy PRIVATE ${COUNTERMARK_TARGET_DEFINITIONS})
endif()
get_target_property(kissfft_is_imported kissfft::kissfft-float IMPORTED)
if(NOT kissfft_is_imported AND NOT MSVC)
  target_compile_options(kissfft PRIVATE -fno-fast-math -ffp-contract=off)
endif()
