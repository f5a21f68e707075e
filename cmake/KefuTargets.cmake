# Helpers for kefu's own targets. Sources and tests are globbed with CONFIGURE_DEPENDS on purpose: a
# file that exists is built, so none can be forgotten in a list, and nobody edits CMake to add one.

include_guard(GLOBAL)
include(KefuShared)

# Flags of our own targets; nothing here reaches a host.
function(kefu_own_target target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(KEFU_WARNINGS)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # GCC 12 takes the inactive members of a std::variant that is moved for uninitialised reads,
      # and sees overlapping copies in operator+ of strings (its bug 105651).
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-restrict)
    endif()
  endif()
  if(KEFU_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# kefu_add_library(<component> SOURCES … [NEEDS component…] [PUBLIC lib…] [PRIVATE lib…]
#                  [PACKAGES p…] [HIDDEN_PACKAGES p…])
# NEEDS are kefu's own components. PACKAGES is what every user of the library must find, HIDDEN_PACKAGES
# what only those of a static one need; cmake/KefuPackages.cmake knows all of them.
function(kefu_add_library component)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;NEEDS;PUBLIC;PRIVATE;PACKAGES;HIDDEN_PACKAGES")
  set(target kefu_${component})
  add_library(${target} ${arg_SOURCES})
  add_library(kefu::${component} ALIAS ${target})
  list(TRANSFORM arg_NEEDS PREPEND "kefu::" OUTPUT_VARIABLE needed)
  target_link_libraries(${target} PUBLIC ${needed} ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src")
  # Static and shared libraries are made of the same objects: nothing is defined for one of them alone,
  # and what a shared one shows is the linker's business.
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${component} POSITION_INDEPENDENT_CODE ON
                                             DEFINE_SYMBOL "")
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "SHARED_LIBRARY")
    kefu_shared_library(${target})
  endif()
  kefu_own_target(${target})
  if(type STREQUAL "STATIC_LIBRARY")
    list(APPEND arg_PACKAGES ${arg_HIDDEN_PACKAGES})
  endif()
  kefu_register_component(${component} NEEDS ${arg_NEEDS} PACKAGES ${arg_PACKAGES})
endfunction()

# Remembers a component for the install config and for programs that link all of kefu.
function(kefu_register_component component)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "NEEDS;PACKAGES")
  list(REMOVE_DUPLICATES arg_PACKAGES)
  set_property(GLOBAL APPEND PROPERTY KEFU_COMPONENTS ${component})
  set_property(GLOBAL PROPERTY KEFU_NEEDS_${component} "${arg_NEEDS}")
  set_property(GLOBAL PROPERTY KEFU_PACKAGES_${component} "${arg_PACKAGES}")
endfunction()

# Every library of kefu that this build has.
function(kefu_libraries out)
  get_property(components GLOBAL PROPERTY KEFU_COMPONENTS)
  list(TRANSFORM components PREPEND "kefu::")
  set(${out} ${components} PARENT_SCOPE)
endfunction()

# kefu_test_program(<target> SOURCES … [LIBRARIES …]): a program against all of kefu, and its private
# headers in src/.
function(kefu_test_program target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  kefu_libraries(libraries)
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${libraries} ${arg_LIBRARIES})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src"
                                               "${PROJECT_SOURCE_DIR}/tests")
  kefu_own_target(${target})
endfunction()

# For programs of many tests that run in an instant all the same: they compile in a third of the time.
function(kefu_leave_unoptimised target)
  target_compile_options(${target} PRIVATE -O0)
endfunction()

# kefu_doctest_entries(<target> <label> <base> <file>…): a ctest entry per test file, so that a failure
# has a name. A file whose filter matches no test case fails instead of passing empty.
function(kefu_doctest_entries target label base)
  foreach(file IN LISTS ARGN)
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${base}" OUTPUT_VARIABLE relative)
    string(REGEX REPLACE "\\.cpp$" "" name "${label}/${relative}")
    string(REPLACE "/test_" "/" name "${name}")
    add_test(NAME "${name}" COMMAND ${target} "--source-file=*/${relative}" --no-intro)
    set_tests_properties("${name}" PROPERTIES LABELS ${label}
                         FAIL_REGULAR_EXPRESSION "test cases: +0 " TIMEOUT 300)
  endforeach()
endfunction()

# Hooks up each folder below `parent` (or only the named ones) that has a CMakeLists.txt.
function(kefu_add_subdirectories parent)
  set(names ${ARGN})
  if(NOT names)
    file(GLOB names CONFIGURE_DEPENDS RELATIVE "${parent}" "${parent}/*/CMakeLists.txt")
    list(TRANSFORM names REPLACE "/CMakeLists.txt$" "")
  endif()
  foreach(name IN LISTS names)
    file(GLOB found CONFIGURE_DEPENDS "${parent}/${name}/CMakeLists.txt")
    if(found)
      add_subdirectory("${parent}/${name}")
    endif()
  endforeach()
endfunction()
