# cmake -DFOLDER=<where the shared libraries are> [-DUPDATE=ON] -P exports.cmake: compares what they show
# with tests/consumer/exports.txt, or writes that file anew. A line that goes away or changes breaks programs
# that were linked before: CONTRIBUTING.md, "Versions and compatibility".
cmake_minimum_required(VERSION 3.25)

set(known "${CMAKE_CURRENT_LIST_DIR}/exports.txt")
set(found "")
file(GLOB libraries "${FOLDER}/libkefu*.so")
foreach(library IN LISTS libraries)
  # Weak symbols are of headers: whether one is there is the compiler's choice.
  execute_process(COMMAND nm --dynamic --defined-only --demangle --format=posix --without-symbol-versions
                          "${library}"
                  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  cmake_path(GET library STEM LAST_ONLY name)
  string(REPLACE ";" "," symbols "${symbols}")
  string(REGEX MATCHALL "[^\n]+ [TDBR] [0-9a-f]+ ?[0-9a-f]*\n" symbols "${symbols}")
  list(TRANSFORM symbols REPLACE " [TDBR] [0-9a-f]+ ?[0-9a-f]*\n" "")
  list(TRANSFORM symbols PREPEND "${name}: ")
  list(APPEND found ${symbols})
endforeach()
list(REMOVE_DUPLICATES found)
list(SORT found)
list(JOIN found "\n" text)
if(UPDATE)
  file(WRITE "${known}" "${text}\n")
  return()
endif()
if(NOT EXISTS "${FOLDER}/libkefu.so")
  message(FATAL_ERROR "no shared libraries in ${FOLDER}")
endif()
file(WRITE "${FOLDER}/exports.txt" "${text}\n")
# Of components that are not built here nothing is expected.
list(TRANSFORM libraries REPLACE ".*/(.*)\\.so$" "\\1" OUTPUT_VARIABLE names)
list(JOIN names "|" names)
file(STRINGS "${known}" expected REGEX "^(${names}): ")
list(JOIN expected "\n" expected)
file(WRITE "${FOLDER}/expected.txt" "${expected}\n")
execute_process(COMMAND diff -U 0 "${FOLDER}/expected.txt" "${FOLDER}/exports.txt"
                RESULT_VARIABLE differs)
if(differs)
  message(FATAL_ERROR "the shared libraries show other symbols than before. If that is meant:\n"
          "  ${CMAKE_COMMAND} -DFOLDER=${FOLDER} -DUPDATE=ON -P ${CMAKE_CURRENT_LIST_FILE}")
endif()
