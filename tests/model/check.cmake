# cmake -DMODEL=… -DSCRATCH=… -DSPIN=… -DCC=… -DDEFINES="N=2 …" [-DSAFETY=ON] [-DFAILS=regex]
#       -DMEMORY=megabytes -P check.cmake
#
# Checks the model with these bounds: every state is visited, and none may violate anything; with
# FAILS, an error that matches must be found.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${SCRATCH}")
file(MAKE_DIRECTORY "${SCRATCH}")

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${SCRATCH}" RESULT_VARIABLE result
                  OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(result)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed (${result}): ${command}\n${out}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

separate_arguments(defines UNIX_COMMAND "${DEFINES}")
list(TRANSFORM defines PREPEND "-D")
run("${SPIN}" -a ${defines} "${MODEL}")

# COLLAPSE keeps states apart exactly; no hashing that could miss one.
set(options -w -DCOLLAPSE -DMEMLIM=${MEMORY})
if(NOT FAILS)
  list(APPEND options -O1)  # what fails fails soon, and compiling takes longer than that
endif()
set(arguments -m10000)
if(SAFETY)
  list(APPEND options -DSAFETY -DNOCLAIM)
else()
  list(APPEND arguments -a)
endif()
run("${CC}" ${options} -o pan pan.c)
run("${SCRATCH}/pan" ${arguments})

foreach(line "pan:1: [^\n]*" "[0-9]+ states, stored" "[0-9.]+.total actual memory usage"
        "elapsed time [^\n]*")
  if(out MATCHES "${line}")
    message(STATUS "${CMAKE_MATCH_0}")
  endif()
endforeach()
if(NOT out MATCHES "errors: ([0-9]+)")
  message(FATAL_ERROR "pan did not finish:\n${out}")
endif()
set(errors "${CMAKE_MATCH_1}")
if(FAILS)
  if(errors EQUAL 0 OR NOT out MATCHES "pan:1: [^\n]*${FAILS}")
    message(FATAL_ERROR "this variant is broken, and nobody noticed what was expected:\n${out}")
  endif()
elseif(NOT errors EQUAL 0)
  message(FATAL_ERROR "${out}\nThe way there: cd ${SCRATCH} && ${SPIN} -t -p -k protocol.pml.trail "
                      "${defines} ${MODEL}")
elseif(out MATCHES "max search depth too small|out of memory|Search not completed")
  message(FATAL_ERROR "not every state was visited:\n${out}")
endif()
