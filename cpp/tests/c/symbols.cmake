# The symbols that LIBRARY exports are those of the list LIST: no more, no fewer. To renew the list
# after a change that is meant: nm -D --defined-only --format=posix LIBRARY | cut -d' ' -f1 | sort
execute_process(COMMAND ${NM} -D --defined-only --format=posix ${LIBRARY}
  OUTPUT_VARIABLE lines COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE " [^\n]*" "" symbols "${lines}")
string(STRIP "${symbols}" symbols)
string(REPLACE "\n" ";" symbols "${symbols}")
list(SORT symbols)
file(STRINGS ${LIST} expected)
list(SORT expected)
if(NOT symbols STREQUAL expected)
  set(more ${symbols})
  set(fewer ${expected})
  list(REMOVE_ITEM more ${expected})
  list(REMOVE_ITEM fewer ${symbols})
  message(FATAL_ERROR "exported but not listed: ${more}\nlisted but not exported: ${fewer}")
endif()
