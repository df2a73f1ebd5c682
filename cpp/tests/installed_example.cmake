# Installs the library and builds the C examples against it, by CMake and by pkg-config.
find_program(pkg_config pkg-config REQUIRED)
find_program(c_compiler NAMES cc gcc clang REQUIRED)
set(prefix ${BUILD}/installed)
file(REMOVE_RECURSE ${prefix})

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

foreach(example IN ITEMS c camera)
  run(${CMAKE_COMMAND} -S ${EXAMPLES}/${example} -B ${prefix}/${example}
    -DCMAKE_PREFIX_PATH=${prefix})
  run(${CMAKE_COMMAND} --build ${prefix}/${example})
endforeach()
run(${prefix}/c/mark)

set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
execute_process(COMMAND ${pkg_config} --cflags --libs countermark
  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND ${flags})
run(${c_compiler} -std=c99 -pedantic -Wall -Wextra -Werror ${EXAMPLES}/c/mark.c ${flags}
  -Wl,-rpath,${prefix}/${LIBDIR} -o ${prefix}/mark)
run(${prefix}/mark)
