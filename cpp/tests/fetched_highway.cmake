# Where no package of Highway is installed, cmake/dependencies.cmake fetches its sources: here those of
# a stand-in from a file, for tests have no network.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${BUILD}/fetched)

file(WRITE ${BUILD}/fetched/highway/hwy/highway.h "static int unused;\n")
file(WRITE ${BUILD}/fetched/highway/targets.cc "#include <hwy/highway.h>\n")
file(WRITE ${BUILD}/fetched/highway/CMakeLists.txt [[
add_library(hwy STATIC targets.cc)
target_include_directories(hwy PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
]])
set(archive ${BUILD}/fetched/highway.tar.gz)
execute_process(COMMAND ${CMAKE_COMMAND} -E tar cz ${archive} highway
  WORKING_DIRECTORY ${BUILD}/fetched COMMAND_ERROR_IS_FATAL ANY)

file(SHA256 ${archive} sum)
file(READ ${DEPENDENCIES} dependencies)
string(REGEX REPLACE "URL https://[^\n]*" "URL file://${archive}" dependencies "${dependencies}")
string(REGEX REPLACE "SHA256=[0-9a-f]*" "SHA256=${sum}" dependencies "${dependencies}")
file(WRITE ${BUILD}/fetched/project/dependencies.cmake "${dependencies}")
file(WRITE ${BUILD}/fetched/project/main.cc "#include <hwy/highway.h>\nint main() {}\n")
file(WRITE ${BUILD}/fetched/project/CMakeLists.txt [[
cmake_minimum_required(VERSION 3.25)
project(fetched LANGUAGES CXX)
include(dependencies.cmake)
add_executable(main main.cc)
target_compile_options(main PRIVATE -Wall -Werror)
target_link_libraries(main PRIVATE hwy::hwy)
]])
execute_process(COMMAND ${CMAKE_COMMAND} -S ${BUILD}/fetched/project -B ${BUILD}/fetched/build
  -DCMAKE_DISABLE_FIND_PACKAGE_hwy=ON COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD}/fetched/build COMMAND_ERROR_IS_FATAL ANY)
