# Cross build for 32-bit ARM Linux with Debian's cross compiler; tests run under qemu-user. Debian's
# armhf has to do without NEON; every board since the Cortex-A7 has it in this version.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-linux-gnueabihf-gcc)
set(CMAKE_CXX_COMPILER arm-linux-gnueabihf-g++)
set(CMAKE_C_FLAGS_INIT "-march=armv7-a+neon-vfpv4 -mfp16-format=ieee")
# Highway 1.0.3 asks for NEON by the kernel's names, which glibc alone does not give it.
set(CMAKE_CXX_FLAGS_INIT "${CMAKE_C_FLAGS_INIT} -include asm/hwcap.h -Wno-psabi")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm -cpu cortex-a7 -L /usr/arm-linux-gnueabihf)
