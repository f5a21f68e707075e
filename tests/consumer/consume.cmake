# cmake -DHOW=package|subdirectory … -P consume.cmake: configures, builds and runs tests/consumer/app.
cmake_minimum_required(VERSION 3.25)

set(work "${SCRATCH}/${HOW}")
file(REMOVE_RECURSE "${work}")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(result)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed (${result}): ${command}")
  endif()
endfunction()

set(options "")
if(HOW STREQUAL "package")
  run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${work}/prefix")
  set(options "-DCMAKE_PREFIX_PATH=${work}/prefix" "-DKEFU_COMPONENTS=${COMPONENTS}")
else()
  set(options "-DKEFU_SOURCE=${SOURCE}")
  set(BUILD_TYPE "")  # all of kefu is built once more, and that takes half the time without optimising
endif()
run("${CMAKE_COMMAND}" -S "${SOURCE}/tests/consumer/app" -B "${work}/build" -G "${GENERATOR}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}"
    "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}" "-DHOW=${HOW}" ${options})
set(programs core-only whole)
if(HOW STREQUAL "package" AND COMPONENTS MATCHES "(^|,)client(,|$)")
  list(APPEND programs chat)
endif()
run("${CMAKE_COMMAND}" --build "${work}/build" --target ${programs})
foreach(program IN LISTS programs)
  run("${work}/build/${program}")
endforeach()
