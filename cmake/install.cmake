# What a C or C++ user gets from `cmake --install`: header, library, CMake package, pkg-config.
include(CMakePackageConfigHelpers)

set_target_properties(countermark PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
install(TARGETS countermark EXPORT countermark-targets)
install(DIRECTORY cpp/include/countermark TYPE INCLUDE)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/countermark)
install(EXPORT countermark-targets FILE countermark-config.cmake
  NAMESPACE countermark:: DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/countermark-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/countermark-config-version.cmake
  DESTINATION ${package_dir})

file(RELATIVE_PATH from_pkgconfig_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/countermark.pc.in ${CMAKE_CURRENT_BINARY_DIR}/countermark.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/countermark.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
