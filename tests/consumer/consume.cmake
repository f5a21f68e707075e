# cmake -DHOW=package|shared|subdirectory|fetch … -P consume.cmake: is a host. Configures, builds and runs
# tests/consumer/app against an installed kefu, static or shared, or against its sources.
cmake_minimum_required(VERSION 3.25)

# As deep as the build that this test belongs to, for a compiler cache compares paths as they are from there.
set(work "${BUILD}-${HOW}")
set(prefix "${work}/prefix")
set(app_build "${work}/app")
if(HOW MATCHES "^(subdirectory|fetch)$")
  set(app_build "${work}")
endif()
set(app "${SOURCE}/tests/consumer/app")
file(REMOVE_RECURSE "${work}")
# What makes objects of kefu that are those of the build that this test belongs to, so that a compiler cache
# has them.
set(same -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}"
         "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}" "-DKEFU_WARNINGS=${WARNINGS}"
         "-DKEFU_WARNINGS_AS_ERRORS=${WARNINGS_AS_ERRORS}")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(result)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed (${result}): ${command}")
  endif()
endfunction()

# Runs a command that must fail and say `text`.
function(run_refused text)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  string(FIND "${said}" "${text}" found)
  if(NOT result OR found LESS 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "ended with ${result} and did not say \"${text}\": ${command}\n${said}")
  endif()
endfunction()

function(configure_app)
  run("${CMAKE_COMMAND}" -S "${app}" -B "${app_build}" -G "${GENERATOR}"
      "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}"
      "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}" ${ARGN})
endfunction()

function(build_and_run)
  run("${CMAKE_COMMAND}" --build "${app_build}" --target ${ARGN})
  foreach(program IN LISTS ARGN)
    run("${app_build}/${program}")
  endforeach()
endfunction()

# A host that takes kefu's sources.
function(use_sources)
  configure_app("-DHOW=${HOW}" "-DKEFU_SOURCE=${SOURCE}")
  build_and_run(core-only)
  if(NOT LAUNCHER)
    message("no ccache: all of kefu would be compiled once more, so only kefu::core is used")
    return()
  endif()
  configure_app("-DHOW=${HOW}" "-DKEFU_SOURCE=${SOURCE}" "-DKEFU_WARNINGS=${WARNINGS}"
                "-DKEFU_WARNINGS_AS_ERRORS=${WARNINGS_AS_ERRORS}")
  build_and_run(whole)
endfunction()

# A host that finds kefu by CMake …
function(use_package)
  set(package -DHOW=package "-DCMAKE_PREFIX_PATH=${prefix}")
  configure_app(${package} "-DKEFU_COMPONENTS=${COMPONENTS}" "-DKEFU_INCLUDE=${prefix}/include")
  set(programs core-only whole)
  if(COMPONENTS MATCHES "(^|,)client(,|$)")
    list(APPEND programs chat)
  endif()
  build_and_run(${programs})
  run("${CMAKE_COMMAND}" --build "${app_build}" --target keeper reader plugins)
  run("${app_build}/plugins" "${app_build}/libkeeper.so" "${app_build}/libreader.so")

  # … or not, and is told why.
  set(refused "${CMAKE_COMMAND}" -S "${app}" -B "${work}/refused" -G "${GENERATOR}"
              "-DCMAKE_CXX_COMPILER=${COMPILER}" ${package})
  run_refused("there is no component 'telegraph' here, only core, kefu" ${refused}
              -DKEFU_COMPONENTS=core,telegraph)
  run_refused("kefu::net needs Asio, not found" ${refused} -DKEFU_COMPONENTS=net
              -DCMAKE_DISABLE_FIND_PACKAGE_Asio=ON)
endfunction()

# … by pkg-config, with a plain makefile …
function(use_pkg_config)
  find_program(make make)
  find_program(pkg_config pkg-config)
  if(NOT make OR NOT pkg_config)
    message("no make or no pkg-config, so the makefile is not tried")
    return()
  endif()
  # The tree was moved: the files must not know where it was installed.
  set(moved "${work}/moved")
  file(RENAME "${prefix}" "${moved}")
  set(programs core_only whole)
  if(COMPONENTS MATCHES "(^|,)client(,|$)" AND COMPONENTS MATCHES "(^|,)sqlite(,|$)")
    list(APPEND programs chat)
  endif()
  file(GLOB files "${moved}/lib*/pkgconfig" "${moved}/lib/*/pkgconfig")
  cmake_path(GET files PARENT_PATH libraries)
  file(MAKE_DIRECTORY "${work}/make")
  set(environment "${CMAKE_COMMAND}" -E env "PKG_CONFIG_PATH=${files}" "LD_LIBRARY_PATH=${libraries}")
  # kefu asks for no run-time types; without exceptions it can't be.
  run(${environment} ${make} -C "${work}/make" -f "${SOURCE}/tests/consumer/make/Makefile"
      "VPATH=${app}" "CXX=${COMPILER}" "CXXFLAGS=-O1 -fno-rtti" ${programs})
  foreach(program IN LISTS programs)
    run(${environment} "${work}/make/${program}")
  endforeach()
  run_refused("kefu needs exceptions" ${environment} ${make} -B -C "${work}/make"
              -f "${SOURCE}/tests/consumer/make/Makefile" "VPATH=${app}" "CXX=${COMPILER}"
              "CXXFLAGS=-O1 -fno-exceptions" whole)
endfunction()

if(HOW STREQUAL "package")
  run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}")
  use_package()
  use_pkg_config()
elseif(HOW STREQUAL "shared")
  run("${CMAKE_COMMAND}" -S "${SOURCE}" -B "${work}" ${same} -DBUILD_SHARED_LIBS=ON
      -DKEFU_BUILD_EXAMPLES=OFF)
  run("${CMAKE_COMMAND}" --build "${work}")
  run("${CMAKE_COMMAND}" --install "${work}" --prefix "${prefix}")
  run("${CMAKE_COMMAND}" "-DFOLDER=${work}/src" -P "${SOURCE}/tests/consumer/exports.cmake")
  use_package()
  use_pkg_config()
else()
  use_sources()
endif()
