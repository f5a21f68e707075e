# cmake -DKIND=static|shared … -P create.cmake: conan create, with the test package, in a Conan home of its own.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${SCRATCH}")
foreach(variable POSTGRES NATS)
  string(REGEX REPLACE "^1$" "True" ${variable} "${${variable}}")
  string(REGEX REPLACE "^0$" "False" ${variable} "${${variable}}")
endforeach()
set(shared False)
if(KIND STREQUAL "shared")
  set(shared True)
endif()
set(ENV{CONAN_HOME} "${SCRATCH}/home")
execute_process(
  COMMAND "${VENV}/bin/conan" create "${SOURCE}" --no-remote --build=kefu/*
          --profile:all "${SOURCE}/tests/consumer/conan/debian.profile"
          -s "build_type=${BUILD_TYPE}"
          -o "&:shared=${shared}" -o "&:postgres=${POSTGRES}" -o "&:nats=${NATS}"
          -c "tools.cmake.cmake_layout:test_folder=${SCRATCH}/test"
          -c "tools.build:jobs=2"
          -c "tools.build:compiler_executables={'cpp': '${COMPILER}'}"
          -c "tools.cmake.cmaketoolchain:extra_variables={'KEFU_WARNINGS_AS_ERRORS': '${WERROR}'}"
  COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE "${SCRATCH}")
